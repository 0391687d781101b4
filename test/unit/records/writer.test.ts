import { describe, expect, test } from "vitest";
import { committedReader } from "../../../lib/records/committed.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { goldenBatches, goldenRecords, readAll, unstamped } from "./plain.ts";

const golden = goldenBatches();

function writeGolden(): RecordWriter {
  const writer = new RecordWriter({ initialBytes: 64 });
  for (const { timestampMs, key, value, headers } of goldenRecords(0)) {
    writer.append(
      timestampMs,
      key === null ? null : Buffer.from(key, "latin1"),
      value === null ? null : Buffer.from(value, "latin1"),
      headers.map(([name, text]) => ({ key: name, value: text === null ? null : Buffer.from(text, "latin1") })),
    );
  }
  return writer;
}

/** The bytes that a broker fills in later. */
function withoutLeaderEpoch(batch: Buffer): Buffer {
  const copy = Buffer.from(batch);
  copy.writeInt32BE(-1, 12);
  return copy;
}

describe("RecordWriter", () => {
  test("writes the bytes that Kafka's encoder writes", () => {
    const batch = writeGolden().finish({ ...unstamped, baseOffset: 1000 });
    expect(batch.equals(withoutLeaderEpoch(golden.plain as Buffer))).toBe(true);
  });

  test("writes producer id, epoch, sequence and the transactional bit as Kafka's encoder does", () => {
    const batch = writeGolden().finish({ producerId: 4711, producerEpoch: 3, baseSequence: 17, transactional: true });
    expect(batch.equals(withoutLeaderEpoch(golden.transactional as Buffer))).toBe(true);
  });

  test("gives the same bytes for the same stamp and other bytes for another epoch", () => {
    const writer = writeGolden();
    const stamp = { producerId: 7, producerEpoch: 1, baseSequence: 0, transactional: true };
    const first = Buffer.from(writer.finish(stamp));
    const other = Buffer.from(writer.finish({ ...stamp, producerEpoch: 2 }));
    expect(other.equals(first)).toBe(false);
    expect(writer.finish(stamp).equals(first)).toBe(true);
    expect(readAll(committedReader(other, { from: 0, aborted: [] }).reader)).toEqual(goldenRecords(0));
  });

  test("tells the size of the finished batch while records are added", () => {
    const writer = new RecordWriter();
    expect(writer.byteLength).toBe(61);
    writer.append(1, null, Buffer.from("abc"));
    const size = writer.byteLength;
    writer.openRecord(2);
    writer.sink.utf8("half a key");
    expect(writer.byteLength).toBe(size);
    writer.discardRecord();
    expect(writer.finish(unstamped).length).toBe(size);
  });

  test("leaves no trace of a discarded record", () => {
    const writer = new RecordWriter();
    writer.openRecord(99);
    writer.nullKey();
    writer.sink.utf8("a serde threw here");
    writer.discardRecord();
    writer.append(5, null, Buffer.from("kept"));
    writer.openRecord(10_000);
    writer.discardRecord();
    expect(writer.count).toBe(1);
    expect(writer.maxTimestampMs).toBe(5);
    const { reader } = committedReader(writer.finish(unstamped), { from: 0, aborted: [] });
    expect(readAll(reader)).toEqual([{ offset: 0, timestampMs: 5, key: null, value: "kept", headers: [] }]);
  });

  test("starts over after reset", () => {
    const writer = writeGolden();
    writer.reset();
    expect([writer.count, writer.byteLength, writer.maxTimestampMs]).toEqual([0, 61, -1]);
    writer.append(3, null, null);
    const { reader } = committedReader(writer.finish(unstamped), { from: 0, aborted: [] });
    expect(readAll(reader)).toEqual([{ offset: 0, timestampMs: 3, key: null, value: null, headers: [] }]);
  });

  test("keeps the highest timestamp also when time goes back, and before 1970", () => {
    const writer = new RecordWriter();
    writer.append(-5, null, null);
    writer.append(-9, null, null);
    expect(writer.maxTimestampMs).toBe(-5);
    const { reader } = committedReader(writer.finish(unstamped), { from: 0, aborted: [] });
    expect(readAll(reader).map((record) => record.timestampMs)).toEqual([-5, -9]);
  });

  test.for<[string, (writer: RecordWriter) => unknown]>([
    ["a value before its key", (writer) => writer.endValue()],
    ["a close before the value", (writer) => [writer.openRecord(0), writer.nullKey(), writer.closeRecord()]],
    ["two open records", (writer) => [writer.openRecord(0), writer.openRecord(0)]],
    ["a finish with an open record", (writer) => [writer.openRecord(0), writer.finish(unstamped)]],
    ["a finish without records", (writer) => writer.finish(unstamped)],
  ])("refuses %s", ([, misuse]) => {
    expect(() => misuse(new RecordWriter())).toThrow(/INVARIANT_BROKEN/);
  });
});
