import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { BatchCursor, placeBatch } from "../../../lib/records/batch.ts";
import { committedReader } from "../../../lib/records/committed.ts";
import { crc32c } from "../../../lib/records/crc32c.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { goldenBatches, goldenRecords, readAll, unstamped } from "./plain.ts";

const golden = goldenBatches();
const read = (bytes: Buffer, from = 0, maxInflatedBytes = 1 << 20) =>
  committedReader(bytes, { from, aborted: [], topic: "trades", partition: 3, maxInflatedBytes });

/** Replaces the records section and repairs length and checksum: what a broker could really send. */
function withRecords(batch: Buffer, records: Buffer, codec = 0): Buffer {
  const made = Buffer.concat([batch.subarray(0, 61), records]);
  made.writeInt32BE(made.length - 12, 8);
  made.writeInt16BE(codec, 21);
  made.writeUInt32BE(crc32c(made, 21), 17);
  return made;
}

function oneRecord(value = Buffer.from("value")): Buffer {
  const writer = new RecordWriter();
  writer.append(1, Buffer.from("key"), value);
  return Buffer.from(writer.finish(unstamped));
}

describe("BatchReader", () => {
  test.for<[string, number]>([
    ["plain", 1000],
    ["transactional", 0],
    ["gzip", 1000],
    ["snappy", 1000],
    ["lz4", 1000],
    ["zstd", 1000],
  ])("reads a %s batch of Kafka's encoder", ([name, base]) => {
    const { reader, next } = read(golden[name] as Buffer);
    expect(readAll(reader)).toEqual(goldenRecords(base));
    expect(next).toBe(base + 7);
  });

  test("gives every record the time of appending where the topic says so", () => {
    const times = readAll(read(golden.logAppendTime as Buffer).reader).map((record) => record.timestampMs);
    expect(times).toEqual(new Array(7).fill(1700000000999));
  });

  test("skips records below the asked offset inside a batch", () => {
    const { reader, next } = read(golden.plain as Buffer, 1005);
    expect(readAll(reader)).toEqual(goldenRecords(1000).slice(5));
    expect(next).toBe(1007);
  });

  test("reads on across batches of different compression and ignores one that is cut off", () => {
    const batches = ["gzip", "plain", "zstd", "snappy", "lz4", "plain"].map((name) =>
      Buffer.from(golden[name] as Buffer),
    );
    batches.forEach((batch, index) => {
      placeBatch(batch, index * 7);
    });
    const whole = Buffer.concat(batches);
    const { reader, next } = read(whole.subarray(0, whole.length - 1));
    expect(readAll(reader)).toEqual([0, 7, 14, 21, 28].flatMap(goldenRecords));
    expect(next).toBe(35);
  });

  test("keeps the bytes of an inflated batch valid after moving on", () => {
    const [first, second] = [golden.gzip as Buffer, Buffer.from(golden.zstd as Buffer)];
    placeBatch(second, 2000);
    const { reader } = read(Buffer.concat([first, second]));
    reader.advance();
    const { bytes, keyStart, keyLength } = reader;
    readAll(reader);
    expect(bytes.toString("utf8", keyStart, keyStart + keyLength)).toBe("AAPL");
  });

  test("answers nothing for an empty buffer", () => {
    const { reader, next } = read(Buffer.alloc(0), 17);
    expect(reader.advance()).toBe(false);
    expect(next).toBe(17);
  });

  test("names topic and place of a batch whose codec no Kafka has defined", () => {
    const details = { topic: "trades", partition: 3, codec: "an unknown codec" };
    expect(() => read(withRecords(oneRecord(), Buffer.from([1, 2, 3]), 5))).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_COMPRESSION", details }),
    );
  });

  test("finds one flipped bit anywhere behind the checksum", () => {
    for (let at = 17; at < 90; at++) {
      const damaged = Buffer.from(golden.transactional as Buffer);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      expect(() => readAll(read(damaged).reader), `byte ${at}`).toThrow(/CORRUPT_BATCH: batch trades-3@/);
    }
  });

  test.for([
    ["gzip", gzipSync(Buffer.alloc(5000)), 1],
    ["zstd", zstdCompressSync(Buffer.alloc(5000)), 4],
  ] as const)("refuses a %s batch that inflates beyond the limit", ([, section, codec]) => {
    const bomb = withRecords(oneRecord(), section, codec);
    expect(() => readAll(read(bomb, 0, 4999).reader)).toThrow(expect.objectContaining({ code: "RECORD_TOO_LARGE" }));
  });

  test.for<[string, Buffer, number]>([
    ["whose records are not gzip", Buffer.from("not gzip"), 1],
    ["whose records are not snappy", Buffer.from("not snappy"), 2],
    ["whose records are not lz4", Buffer.from("not lz4"), 3],
    ["whose records are not zstd", Buffer.from("not zstd"), 4],
    ["whose record is longer than the batch", Buffer.from([0x7e, 0, 0, 0]), 0],
    ["whose record has a negative length", Buffer.from([0x01, 0, 0, 0]), 0],
    ["whose key is longer than its record", Buffer.from([0x0c, 0, 0, 0, 0x40, 0x01, 0]), 0],
    ["whose varint does not end", Buffer.alloc(12, 0xff), 0],
    ["with bytes after its last record", Buffer.concat([oneRecord().subarray(61), Buffer.alloc(3)]), 0],
    ["without the record it declares", Buffer.alloc(0), 0],
  ])("reports a batch %s", ([, records, codec]) => {
    const damaged = withRecords(oneRecord(), records, codec);
    expect(() => readAll(read(damaged).reader)).toThrow(expect.objectContaining({ code: "CORRUPT_BATCH" }));
  });

  test("reports headers that end beyond their record", () => {
    const records = Buffer.from([0x10, 0, 0, 0, 0x01, 0x01, 0x02, 0x40, 0x41]);
    const { reader } = read(withRecords(oneRecord(), records));
    expect(reader.advance()).toBe(true);
    expect(() => reader.headers()).toThrow(/a header ends beyond its record/);
  });

  test.for<[string, (batch: Buffer) => void]>([
    ["an older format", (batch) => batch.writeInt8(1, 16)],
    ["a length below its header's", (batch) => batch.writeInt32BE(20, 8)],
    ["a negative length", (batch) => batch.writeInt32BE(-1, 8)],
  ])("reports %s", ([, damage]) => {
    const batch = oneRecord();
    damage(batch);
    expect(() => read(batch)).toThrow(expect.objectContaining({ code: "CORRUPT_BATCH" }));
  });
});

describe("BatchCursor", () => {
  test("reads every header field in place", () => {
    const batches = new BatchCursor(golden.transactional as Buffer);
    expect(batches.advance()).toBe(true);
    expect({ ...pick(batches) }).toEqual({
      baseOffset: 0,
      lastOffset: 6,
      producerId: 4711,
      producerEpoch: 3,
      baseSequence: 17,
      recordCount: 7,
      isTransactional: true,
      isControl: false,
      isLogAppendTime: false,
      compression: "none",
      baseTimestampMs: 1700000000000,
      maxTimestampMs: 1700000086400001,
    });
    expect(batches.advance()).toBe(false);
  });
});

function pick(batch: BatchCursor) {
  const { baseOffset, lastOffset, producerId, producerEpoch, baseSequence, recordCount } = batch;
  const { isTransactional, isControl, isLogAppendTime, compression, baseTimestampMs, maxTimestampMs } = batch;
  return {
    baseOffset,
    lastOffset,
    producerId,
    producerEpoch,
    baseSequence,
    recordCount,
    isTransactional,
    isControl,
    isLogAppendTime,
    compression,
    baseTimestampMs,
    maxTimestampMs,
  };
}
