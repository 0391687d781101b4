import { int64FromText, int64Text } from "./int64-text.ts";

const SUFFIX_LENGTH = 12;
const SEQUENCE_NUMBER_0 = "\0\0\0\0";

/**
 * The last 12 bytes of a window store's changelog key, as latin1 text: window start (int64) and sequence number (int32, 0).
 *
 * @param startMs Window start in milliseconds since the epoch.
 * @source Kafka Streams `WindowKeySchema.toStoreKeyBinary`
 */
export function windowKeySuffix(startMs: number): string {
  return int64Text(startMs) + SEQUENCE_NUMBER_0;
}

/**
 * A window store's changelog key as latin1 text: key, window start, sequence number 0.
 *
 * @example
 * windowKey("AAPL", 5000).length; // 4 + 12
 */
export function windowKey(keyText: string, startMs: number): string {
  return keyText + windowKeySuffix(startMs);
}

/** Whether a text is long enough to be a window store's changelog key. */
export function isWindowKey(changelogKey: string): boolean {
  return changelogKey.length >= SUFFIX_LENGTH;
}

/** The window start in milliseconds of a window store's changelog key. */
export function windowStartOf(changelogKey: string): number {
  return int64FromText(changelogKey, changelogKey.length - SUFFIX_LENGTH);
}

/** The record key in a window store's changelog key. */
export function keyOfWindowKey(changelogKey: string): string {
  return changelogKey.slice(0, changelogKey.length - SUFFIX_LENGTH);
}
