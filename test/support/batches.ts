import { committedReader } from "../../lib/records/committed.ts";
import type { Header, RecordReader } from "../../lib/records/reader.ts";
import { RecordWriter } from "../../lib/records/writer.ts";

/** A record as tests write it: text keys; values are text, or numbers as 64-bit integers. */
export interface TestRecord {
  readonly key?: string | null;
  readonly value?: string | number | Uint8Array | null;
  readonly timestampMs?: number;
  readonly headers?: readonly Header[];
}

/** Encoded records, all in one batch. */
export function batchOf(records: readonly TestRecord[]): RecordWriter {
  const writer = new RecordWriter();
  for (const { key = null, value = null, timestampMs = 0, headers } of records) {
    writer.append(timestampMs, key === null ? null : Buffer.from(key, "utf8"), bytesOf(value), headers);
  }
  return writer;
}

/** The bytes of a value. */
export function bytesOf(value: string | number | Uint8Array | null): Uint8Array | null {
  if (typeof value === "string") return Buffer.from(value, "utf8");
  if (typeof value !== "number") return value;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

/** A reader over records at `baseOffset` and the following offsets, as the log answers them. */
export function readerOf(records: readonly TestRecord[], baseOffset = 0): RecordReader {
  if (records.length === 0) return committedReader(Buffer.alloc(0), { from: baseOffset, aborted: [] }).reader;
  const stamp = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false, baseOffset };
  const bytes = Buffer.from(batchOf(records).finish(stamp));
  return committedReader(bytes, { from: baseOffset, aborted: [] }).reader;
}

/** A record as it was written. */
export interface ReadBack {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number;
  readonly offset: number;
}

/** Everything in an encoded batch. */
export function recordsIn(writer: RecordWriter): readonly ReadBack[] {
  const stamp = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false };
  const bytes = Buffer.from(writer.finish(stamp));
  return drain(committedReader(bytes, { from: 0, aborted: [] }).reader);
}

/** Everything that a reader has left; keys and values as latin1 text. */
export function drain(reader: RecordReader): readonly ReadBack[] {
  const found: ReadBack[] = [];
  const text = (start: number, length: number) =>
    length < 0 ? null : reader.bytes.toString("latin1", start, start + length);
  while (reader.advance()) {
    const { offset, timestampMs } = reader;
    found.push({
      key: text(reader.keyStart, reader.keyLength),
      value: text(reader.valueStart, reader.valueLength),
      timestampMs,
      offset,
    });
  }
  return found;
}
