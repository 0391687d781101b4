import { int64FromText, int64Text } from "./int64-text.ts";

const TIME_LENGTH = 8;
const SUFFIX_LENGTH = 2 * TIME_LENGTH;

/**
 * A session store's changelog key as latin1 text: key, end of the session (int64), start (int64).
 *
 * @source Kafka Streams `SessionKeySchema.toBinary`
 * @example
 * sessionKey("AAPL", 5000, 7000).length; // 4 + 16
 */
export function sessionKey(keyText: string, startMs: number, endMs: number): string {
  return keyText + int64Text(endMs) + int64Text(startMs);
}

/** Whether a text is long enough to be a session store's changelog key. */
export function isSessionKey(changelogKey: string): boolean {
  return changelogKey.length >= SUFFIX_LENGTH;
}

/** When the session of a changelog key ends: the timestamp of its last record. */
export function sessionEndOf(changelogKey: string): number {
  return int64FromText(changelogKey, changelogKey.length - SUFFIX_LENGTH);
}

/** When the session of a changelog key starts: the timestamp of its first record. */
export function sessionStartOf(changelogKey: string): number {
  return int64FromText(changelogKey, changelogKey.length - TIME_LENGTH);
}

/** The record key in a session store's changelog key. */
export function keyOfSessionKey(changelogKey: string): string {
  return changelogKey.slice(0, changelogKey.length - SUFFIX_LENGTH);
}
