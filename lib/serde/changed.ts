import { StreamError } from "../core/errors.ts";
import { lengthVarintBytes, writeVarint } from "../records/varint.ts";
import type { Serde } from "./serde.ts";

/** The change of one row: at least one side is not null. */
export interface Change<V = unknown> {
  readonly newValue: V | null;
  readonly oldValue: V | null;
}

/** The last byte says what is there; from 3 on a byte before it says whether the change is the key's latest. */
const OLD = 0;
const NEW = 1;
const BOTH = 2;
const WITH_LATEST = 3;

/**
 * Changes of a table on their way to another partition: old and new value in one record.
 *
 * @param value Serde of both values.
 * @throws {StreamError} `SERIALIZATION_FAILED` when both values are null; `DESERIALIZATION_FAILED` for an unknown last byte, and for
 *   lengths that do not fit
 * @source Kafka Streams `ChangedSerializer`, `ChangedDeserializer` (KIP-904)
 */
export function changed<V>(value: Serde<V>): Serde<Change<V>> {
  return Object.freeze<Serde<Change<V>>>({
    id: `changed(${value.id})`,
    write({ newValue, oldValue }, sink) {
      const start = sink.length;
      if (newValue !== null) value.write(newValue, sink);
      else if (oldValue === null) throw new StreamError("SERIALIZATION_FAILED", "a change needs an old or a new value");
      if (oldValue === null) return sink.uint8(NEW);
      if (newValue === null) {
        value.write(oldValue, sink);
        return sink.uint8(OLD);
      }
      const length = sink.length - start;
      const prefix = lengthVarintBytes(length);
      sink.ensure(prefix);
      // The length goes in front, but is known only now.
      sink.bytes.copyWithin(start + prefix, start, sink.length);
      writeVarint(sink.bytes, start, length);
      sink.length += prefix;
      value.write(oldValue, sink);
      sink.uint8(BOTH);
    },
    read(bytes, start, end) {
      const last = end > start ? (bytes[end - 1] as number) : -1;
      const kind = last >= WITH_LATEST ? last - WITH_LATEST : last;
      const valuesEnd = end - (last >= WITH_LATEST ? 2 : 1);
      if (kind > BOTH || valuesEnd < start)
        throw malformed(`does not end with byte ${last} after ${end - start} bytes`);
      if (kind === OLD) return { newValue: null, oldValue: value.read(bytes, start, valuesEnd) };
      if (kind === NEW) return { newValue: value.read(bytes, start, valuesEnd), oldValue: null };
      const length = readLength(bytes, start);
      const newStart = start + lengthVarintBytes(length);
      const newEnd = newStart + length;
      if (newEnd > valuesEnd) throw malformed(`of ${end - start} bytes has no new value of ${length}`);
      return { newValue: value.read(bytes, newStart, newEnd), oldValue: value.read(bytes, newEnd, valuesEnd) };
    },
  });
}

function malformed(what: string): StreamError {
  return new StreamError("DESERIALIZATION_FAILED", `a change ${what}`);
}

function readLength(bytes: Buffer, start: number): number {
  let zigzag = 0;
  let at = start;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++] ?? 0;
    zigzag += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return Math.floor(zigzag / 2);
}
