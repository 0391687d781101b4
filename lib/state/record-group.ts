import { StreamError } from "../core/errors.ts";
import type { Serde } from "../serde/serde.ts";

/** Records that wait for others to make up a group. Grows in place. */
export class RecordGroup {
  /** When it is over, by the wall clock. */
  readonly dueMs: number;
  /** The largest of its records. */
  timestampMs: number;
  /** Serialized keys as latin1 text, null for none; empty where all have the key of the group. */
  readonly keys: (string | null)[];
  readonly values: unknown[];

  constructor(dueMs: number, { timestampMs = 0, keys = [], values = [] }: Partial<RecordGroup> = {}) {
    this.dueMs = dueMs;
    this.timestampMs = timestampMs;
    this.keys = keys;
    this.values = values;
  }

  /** Adds a record; `key` is undefined where all have that of the group. */
  add(value: unknown, timestampMs: number, key?: string | null): void {
    if (key !== undefined) this.keys.push(key);
    this.values.push(value);
    if (timestampMs > this.timestampMs) this.timestampMs = timestampMs;
  }
}

/** Length of what is null. */
const NULL_LENGTH = -1;

/**
 * Rows of groups: due time and timestamp (int64), numbers of keys and values (int32), then each key and value with its length
 * (int32, -1 for null) in front.
 *
 * @param value Serde of the records' values.
 */
export function recordGroup(value: Serde<unknown>): Serde<RecordGroup> {
  return Object.freeze<Serde<RecordGroup>>({
    id: `record-group(${value.id})`,
    write({ dueMs, timestampMs, keys, values }, sink) {
      sink.int64(dueMs);
      sink.int64(timestampMs);
      sink.int32(keys.length);
      sink.int32(values.length);
      for (const key of keys) {
        sink.int32(key?.length ?? NULL_LENGTH);
        if (key !== null) sink.latin1(key);
      }
      for (const each of values) {
        const at = sink.length;
        sink.int32(NULL_LENGTH);
        if (each === null || each === undefined) continue;
        value.write(each, sink);
        sink.bytes.writeInt32BE(sink.length - at - 4, at);
      }
    },
    read: (bytes, start, end) => read(bytes.subarray(start, end), value),
  });
}

function read(bytes: Buffer, value: Serde<unknown>): RecordGroup {
  const [dueMs, timestampMs] = [Number(bytes.readBigInt64BE(0)), Number(bytes.readBigInt64BE(8))];
  let at = 24;
  const each = <T>(take: (from: number, to: number) => T): T | null => {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length === NULL_LENGTH) return null;
    at += length;
    if (length < 0 || at > bytes.length)
      throw new StreamError("DESERIALIZATION_FAILED", "a group of records ends too early");
    return take(at - length, at);
  };
  const keys = Array.from({ length: bytes.readInt32BE(16) }, () => each((from, to) => bytes.latin1Slice(from, to)));
  const values = Array.from({ length: bytes.readInt32BE(20) }, () => each((from, to) => value.read(bytes, from, to)));
  return new RecordGroup(dueMs, { timestampMs, keys, values });
}
