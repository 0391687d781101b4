/** Times that no double holds exactly: a producer may send any 64-bit integer, and one of them must not move the others. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchCursor } from "../../../lib/records/batch.ts";
import { committedReader } from "../../../lib/records/committed.ts";
import { crc32c } from "../../../lib/records/crc32c.ts";
import { batchLayout } from "../../../lib/records/layout.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { readAll, unstamped } from "./plain.ts";

const LONGEST = 2n ** 63n - 1n;

/** The bytes of a zigzag varint of any 64-bit integer, as Java writes them. */
function varlong(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A batch of records without key and value, written with exact integers. */
function javaBatch(times: readonly bigint[]): Buffer {
  const writer = new RecordWriter();
  for (const _ of times) writer.append(0, null, null);
  const base = times[0] ?? 0n;
  const records = times.map((time, offset) => {
    const record = Buffer.concat([
      Buffer.from([0]),
      varlong(BigInt.asIntN(64, time - base)),
      varlong(BigInt(offset)),
      Buffer.from([1, 1, 0]),
    ]);
    return Buffer.concat([varlong(BigInt(record.length)), record]);
  });
  const batch = Buffer.concat([writer.finish(unstamped).subarray(0, batchLayout.records), ...records]);
  batch.writeInt32BE(batch.length - 12, batchLayout.batchLength);
  batch.writeBigInt64BE(base, batchLayout.baseTimestamp);
  batch.writeUInt32BE(crc32c(batch, batchLayout.attributes), batchLayout.crc);
  return batch;
}

const timesOf = (batch: Buffer) =>
  readAll(committedReader(batch, { from: 0, aborted: [] }).reader).map(({ timestampMs }) => timestampMs);

const time = fc.oneof(fc.bigInt({ min: -LONGEST - 1n, max: LONGEST }), fc.bigInt({ min: 0n, max: 2n ** 41n }));
const now = 1_700_000_000_123n;

describe("a time that no double holds exactly", () => {
  test("does not move those beside it when they are read", () => {
    expect(timesOf(javaBatch([LONGEST, now, now + 1n]))).toEqual([2 ** 63 - 1024, Number(now), Number(now + 1n)]);
    expect(timesOf(javaBatch([now, -LONGEST - 1n, now]))).toEqual([Number(now), -(2 ** 63), Number(now)]);
  });

  test("nor when they are written", () => {
    const writer = new RecordWriter();
    const times = [2 ** 63 - 1024, Number(now), -(2 ** 63), Number(now + 1n)];
    for (const each of times) writer.append(each, null, null);
    const batch = Buffer.from(writer.finish(unstamped));
    expect(timesOf(batch)).toEqual(times);
    const cursor = new BatchCursor(batch);
    cursor.advance();
    expect([cursor.baseTimestampMs, cursor.maxTimestampMs]).toEqual([times[0], times[0]]);
  });

  test("is the nearest one that can be written, whatever lies beside it", () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 6 }), (times) => {
        const read = timesOf(javaBatch(times));
        expect(read).toEqual(times.map((each) => Math.min(Number(each), 2 ** 63 - 1024)));
        const writer = new RecordWriter();
        for (const each of read) writer.append(each, null, null);
        expect(timesOf(Buffer.from(writer.finish(unstamped)))).toEqual(read);
      }),
      { numRuns: 300 },
    );
  });
});
