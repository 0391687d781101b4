import { int32FromText, int32Text } from "../serde/int32-text.ts";
import { int64Text } from "./int64-text.ts";

const SEQUENCE_LENGTH = 4;

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

/** The sequence number in a join window store's changelog key. */
export function sequenceOf(changelogKey: string): number {
  return int32FromText(changelogKey, changelogKey.length - SEQUENCE_LENGTH);
}
