import { describe, expect, test } from "vitest";
import { BatchCursor } from "../../../lib/records/batch.ts";
import { type AbortedTransaction, committedReader } from "../../../lib/records/committed.ts";
import { encodeMarker, markerOf, type TransactionMarker } from "../../../lib/records/control.ts";
import { BATCH_LENGTH_OVERHEAD, batchLayout } from "../../../lib/records/layout.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { goldenBatches, readAll } from "./plain.ts";

/** A log written batch by batch; offsets follow from the order. */
class TestLog {
  private readonly batches: Buffer[] = [];
  private end = 0;

  data(producerId: number, ...values: string[]): this {
    return this.keyed(producerId, null, ...values);
  }

  keyed(producerId: number, key: Buffer | null, ...values: string[]): this {
    const writer = new RecordWriter();
    for (const value of values) writer.append(0, key, Buffer.from(value));
    const transactional = producerId >= 0;
    const stamp = { producerId, producerEpoch: transactional ? 0 : -1, baseSequence: transactional ? 0 : -1 };
    return this.push(Buffer.from(writer.finish({ ...stamp, transactional, baseOffset: this.end })), values.length);
  }

  marker(producerId: number, marker: TransactionMarker): this {
    return this.push(encodeMarker({ marker, producerId, producerEpoch: 0, baseOffset: this.end, timestampMs: 0 }), 1);
  }

  /** What compaction leaves of a batch whose records are all gone. */
  emptied(lastOffsetDelta: number): this {
    const batch = Buffer.from(goldenBatches().empty as Buffer);
    batch.writeBigInt64BE(BigInt(this.end), batchLayout.baseOffset);
    expect(batch.readInt32BE(batchLayout.lastOffsetDelta)).toBe(lastOffsetDelta);
    return this.push(batch, lastOffsetDelta + 1);
  }

  read(from: number, ...aborted: AbortedTransaction[]): { values: (string | null)[]; next: number } {
    const { reader, next } = committedReader(Buffer.concat(this.batches), { from, aborted });
    return { values: readAll(reader).map((record) => record.value), next };
  }

  bytes(): Buffer {
    return Buffer.concat(this.batches);
  }

  private push(batch: Buffer, offsets: number): this {
    expect(batch.length).toBe(batch.readInt32BE(batchLayout.batchLength) + BATCH_LENGTH_OVERHEAD);
    this.batches.push(batch);
    this.end += offsets;
    return this;
  }
}

const aborted = (producerId: number, firstOffset: number): AbortedTransaction => ({ producerId, firstOffset });

describe("committedReader", () => {
  test("hides aborted records and markers, shows committed ones", () => {
    const log = new TestLog()
      .data(1, "a1", "a2")
      .marker(1, "abort")
      .data(1, "c1")
      .marker(1, "commit")
      .data(-1, "plain");
    expect(log.read(0, aborted(1, 0))).toEqual({ values: ["c1", "plain"], next: 6 });
  });

  test("does not take a data record with the int32 key 0 for an abort marker", () => {
    const log = new TestLog().keyed(1, Buffer.alloc(4), "a0", "a1").keyed(1, Buffer.alloc(4), "a2").marker(1, "abort");
    expect(log.read(0, aborted(1, 0))).toEqual({ values: [], next: 4 });
  });

  test("hides two aborted transactions of one producer in one fetch", () => {
    const log = new TestLog().data(1, "ab1").marker(1, "abort").data(1, "ab2").marker(1, "abort").data(1, "ok");
    expect(log.read(0, aborted(1, 0), aborted(1, 2))).toEqual({ values: ["ok"], next: 5 });
  });

  test("takes the aborted list in completion order, as brokers send it", () => {
    const log = new TestLog().data(32, "a0").data(33, "a1").data(32, "a2").marker(33, "abort").marker(32, "abort");
    expect(log.read(0, aborted(33, 1), aborted(32, 0))).toEqual({ values: [], next: 5 });
  });

  test("keeps interleaved producers apart", () => {
    const log = new TestLog()
      .data(1, "1 aborts")
      .data(2, "2 commits")
      .data(-1, "no transaction")
      .data(1, "1 aborts too")
      .marker(1, "abort")
      .data(1, "1 commits")
      .marker(2, "commit")
      .marker(1, "commit");
    expect(log.read(0, aborted(1, 0))).toEqual({ values: ["2 commits", "no transaction", "1 commits"], next: 8 });
  });

  test("hides what is left of aborted transactions that began before the fetch", () => {
    const log = new TestLog().data(1, "x").data(2, "y").data(1, "a1", "a2").data(2, "a3").marker(2, "abort");
    expect(log.read(3, aborted(2, 1), aborted(1, 0))).toEqual({ values: [], next: 6 });
  });

  test("hides an aborted range whose marker lies beyond the answer", () => {
    const log = new TestLog().data(1, "a1").data(2, "c").data(1, "a2");
    expect(log.read(0, aborted(1, 0))).toEqual({ values: ["c"], next: 3 });
  });

  test("reads again what a producer commits after a marker that ends an abort", () => {
    const log = new TestLog().marker(1, "abort").data(1, "c1").marker(1, "commit");
    expect(log.read(0, aborted(1, 0))).toEqual({ values: ["c1"], next: 3 });
  });

  test("shows a non-transactional batch of a producer that aborts", () => {
    const log = new TestLog().data(1, "a1");
    const writer = new RecordWriter();
    writer.append(0, null, Buffer.from("idempotent"));
    const stamp = { producerId: 1, producerEpoch: 0, baseSequence: 5, transactional: false, baseOffset: 1 };
    const bytes = Buffer.concat([log.bytes(), writer.finish(stamp)]);
    const { reader } = committedReader(bytes, { from: 0, aborted: [aborted(1, 0)] });
    expect(readAll(reader).map((record) => record.value)).toEqual(["idempotent"]);
  });

  test("moves past an empty batch that compaction left", () => {
    expect(new TestLog().emptied(41).read(0)).toEqual({ values: [], next: 42 });
    expect(new TestLog().emptied(41).data(-1, "after").read(0)).toEqual({ values: ["after"], next: 43 });
  });

  test("moves past a trailing marker", () => {
    const log = new TestLog().data(1, "c1").marker(1, "commit");
    expect(log.read(0)).toEqual({ values: ["c1"], next: 2 });
    expect(log.read(1)).toEqual({ values: [], next: 2 });
  });

  test("stops below the last stable offset", () => {
    const log = new TestLog().data(-1, "stable").data(1, "open");
    const { reader, next } = committedReader(log.bytes(), { from: 0, lastStable: 1, aborted: [] });
    expect(readAll(reader).map((record) => record.value)).toEqual(["stable"]);
    expect(next).toBe(1);
  });

  test("never goes back when the broker answers from an earlier batch", () => {
    expect(new TestLog().data(-1, "a", "b", "c").read(3)).toEqual({ values: [], next: 3 });
  });
});

describe("markers", () => {
  test.for<[TransactionMarker]>([["commit"], ["abort"]])("a %s marker has the bytes of Kafka's encoder", ([marker]) => {
    const theirs = goldenBatches()[`${marker}Marker`] as Buffer;
    const ours = encodeMarker({
      marker,
      producerId: 4711,
      producerEpoch: 3,
      baseOffset: 42,
      timestampMs: 1700000000000,
      coordinatorEpoch: 5,
    });
    expect(ours.toString("hex")).toBe(theirs.toString("hex"));
    const batch = new BatchCursor(theirs);
    batch.advance();
    expect(markerOf(batch)).toBe(marker);
  });
});
