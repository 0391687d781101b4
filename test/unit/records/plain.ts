import { readFileSync } from "node:fs";
import type { Header, RecordReader } from "../../../lib/records/reader.ts";
import type { BatchStamp } from "../../../lib/records/writer.ts";

/** A record as an object: for comparisons in tests only. */
export interface PlainRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}

/** Everything a reader has left; bytes as latin1 text. */
export function readAll(reader: RecordReader): PlainRecord[] {
  const records: PlainRecord[] = [];
  const text = (start: number, length: number) =>
    length < 0 ? null : reader.bytes.toString("latin1", start, start + length);
  while (reader.advance()) {
    records.push({
      offset: reader.offset,
      timestampMs: reader.timestampMs,
      key: text(reader.keyStart, reader.keyLength),
      value: text(reader.valueStart, reader.valueLength),
      headers: reader.headers().map(plainHeader),
    });
  }
  return records;
}

function plainHeader({ key, value }: Header): readonly [string, string | null] {
  return [key, value === null ? null : Buffer.from(value).toString("latin1")];
}

/** Batches that Kafka's own encoder wrote. */
export function goldenBatches(): Record<string, Buffer> {
  const file = new URL("../../golden/records/batches.json", import.meta.url);
  const encoded = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  return Object.fromEntries(Object.entries(encoded).map(([name, base64]) => [name, Buffer.from(base64, "base64")]));
}

/** A stamp without producer. */
export const unstamped: BatchStamp = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false };

/** What `GoldenBatches.java` appends, from offset `base`. */
export function goldenRecords(base: number): PlainRecord[] {
  const record = (
    delta: number,
    timestampMs: number,
    ...[key, value, headers = []]: [string | null, string | null, PlainRecord["headers"]?]
  ): PlainRecord => ({ offset: base + delta, timestampMs, key, value, headers });
  return [
    record(0, 1700000000000, "AAPL", '{"price":1}'),
    record(1, 1699999999000, null, "earlier, no key"),
    record(2, 1700000000001, "tombstone", null),
    record(3, 1700000086400001, "", ""),
    record(4, 1700000000002, "headers", "three", [
      ["trace", "\xc3\x00\x01"],
      ["nül", null],
      ["trace", ""],
    ]),
    record(5, 1700000000003, "k".repeat(64), "v".repeat(9000)),
    record(6, 1700000000004, "\0\0\0\0", "int32 zero"),
  ];
}
