import { StreamError } from "../core/errors.ts";
import { readInt64 } from "./int64.ts";
import type { Serde } from "./serde.ts";

/** Bytes in front of the key in a `joinSideKey`. */
export const JOIN_SIDE_PREFIX_BYTES = 9;

/** A record that waits for its match, as a key. */
export interface JoinSideKey {
  readonly timestampMs: number;
  readonly left: boolean;
  readonly key: unknown;
}

/** A value of one side of a join. */
export interface JoinSideValue {
  readonly left: boolean;
  readonly value: unknown;
}

/**
 * Keys of records that wait for their match: timestamp as int64, one byte for the side (1 left, 0 right), key.
 *
 * @source Kafka Streams `TimestampedKeyAndJoinSideSerializer`
 */
export function joinSideKey(key: Serde<unknown>): Serde<JoinSideKey> {
  return Object.freeze<Serde<JoinSideKey>>({
    id: `join-side-key(${key.id})`,
    write(value, sink) {
      sink.int64(value.timestampMs);
      sink.uint8(value.left ? 1 : 0);
      key.write(value.key, sink);
    },
    read(bytes, start, end) {
      if (end - start < JOIN_SIDE_PREFIX_BYTES) throw tooShort("key", end - start);
      const timestampMs = readInt64(bytes, start);
      return { timestampMs, left: bytes[start + 8] === 1, key: key.read(bytes, start + JOIN_SIDE_PREFIX_BYTES, end) };
    },
  });
}

/**
 * The values that wait under one key: 01, their number as int32, and each as int32 length, one byte for the side, value.
 *
 * @source Kafka Streams `ListSerializer` with `LeftOrRightValueSerializer`
 */
export function joinSideList(left: Serde<unknown>, right: Serde<unknown>): Serde<readonly JoinSideValue[]> {
  return Object.freeze<Serde<readonly JoinSideValue[]>>({
    id: `join-side-list(${left.id},${right.id})`,
    write(values, sink) {
      sink.uint8(1);
      sink.int32(values.length);
      for (const each of values) {
        const lengthAt = sink.length;
        sink.int32(0);
        sink.uint8(each.left ? 1 : 0);
        (each.left ? left : right).write(each.value, sink);
        sink.bytes.writeInt32BE(sink.length - lengthAt - 4, lengthAt);
      }
    },
    read(bytes, start, end) {
      if (end - start < 5) throw tooShort("list", end - start);
      const values: JoinSideValue[] = [];
      let at = start + 5;
      for (let count = bytes.readInt32BE(start + 1); count > 0; count--) {
        const from = at + 4;
        const to = from < end ? from + bytes.readInt32BE(at) : from;
        if (to <= from || to > end) throw tooShort("list", end - start);
        const isLeft = bytes[from] === 1;
        values.push({ left: isLeft, value: (isLeft ? left : right).read(bytes, from + 1, to) });
        at = to;
      }
      return values;
    },
  });
}

function tooShort(what: string, length: number): StreamError {
  return new StreamError("DESERIALIZATION_FAILED", `the ${what} of a waiting record has ${length} bytes: too few`);
}
