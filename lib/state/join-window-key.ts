import { int64Text } from "./int64-text.ts";

/** A signed 32-bit big-endian integer as latin1 text. */
function int32Text(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/**
 * A join window store's changelog key as latin1 text: key, timestamp, sequence number, so that duplicates stay apart.
 *
 * @source Kafka Streams `WindowKeySchema.toStoreKeyBinary`
 * @example
 * joinWindowKey("AAPL", 5000, 1).length; // 4 + 8 + 4
 */
export function joinWindowKey(keyText: string, timestampMs: number, sequence: number): string {
  return keyText + int64Text(timestampMs) + int32Text(sequence);
}
