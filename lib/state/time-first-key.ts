import { int32Text } from "../serde/int32-text.ts";
import { int64Text } from "./int64-text.ts";

/** In front of the timestamp: keys that begin with the time, not with the key. */
const TIME_FIRST = "\0";
const PREFIX_LENGTH = 9;
const SEQUENCE_LENGTH = 4;

/**
 * A time-ordered buffer's changelog key as latin1 text: 00, timestamp, key, sequence number. Its byte order is the order in which
 * records leave the buffer.
 *
 * @source Kafka Streams `PrefixedWindowKeySchemas.TimeFirstWindowKeySchema`
 * @example
 * timeFirstKey("AAPL", 5000, 1).length; // 1 + 8 + 4 + 4
 */
export function timeFirstKey(keyText: string, timestampMs: number, sequence: number): string {
  return TIME_FIRST + int64Text(timestampMs) + keyText + int32Text(sequence);
}

/** The record key in a time-ordered buffer's changelog key. */
export function keyOfTimeFirstKey(changelogKey: string): string {
  return changelogKey.slice(PREFIX_LENGTH, -SEQUENCE_LENGTH);
}
