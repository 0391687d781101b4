import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchCursor, compressionCodecs } from "../../../lib/records/batch.ts";
import { committedReader } from "../../../lib/records/committed.ts";
import { compressBatch } from "../../../lib/records/deflate.ts";
import { inflate } from "../../../lib/records/inflate.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { readAll, unstamped } from "./plain.ts";

const codecs = compressionCodecs.filter((codec) => codec !== "none");

function batchOf(...values: (string | Buffer)[]): Buffer {
  const writer = new RecordWriter();
  for (const value of values) writer.append(1_700_000_000_000, Buffer.from("key"), Buffer.from(value));
  return writer.finish({ producerId: 4711, producerEpoch: 3, baseSequence: 17, transactional: true, baseOffset: 42 });
}

describe.for(codecs)("%s", (codec) => {
  test("keeps the header, sets the codec, and gives the same records", () => {
    const batch = batchOf(...Array.from({ length: 50 }, (_, i) => `trade ${i} of many that look alike`));
    const compressed = compressBatch(batch, codec);
    expect(compressed.length).toBeLessThan(batch.length / 2);
    const header = new BatchCursor(compressed);
    expect(header.advance()).toBe(true);
    header.verifyCrc();
    const { compression, isTransactional, producerId, producerEpoch, baseSequence, recordCount } = header;
    expect({ compression, isTransactional, producerId, producerEpoch, baseSequence, recordCount }).toEqual({
      compression: codec,
      isTransactional: true,
      producerId: 4711,
      producerEpoch: 3,
      baseSequence: 17,
      recordCount: 50,
    });
    const read = (bytes: Buffer) => readAll(committedReader(bytes, { from: 0, aborted: [] }).reader);
    expect(read(compressed)).toEqual(read(batch));
  });

  test("sends what does not get smaller as it is", () => {
    const batch = batchOf("x");
    expect(compressBatch(batch, codec)).toBe(batch);
  });

  test("leaves the batch that was given alone: it may be sent again", () => {
    const batch = batchOf("a".repeat(1_000));
    const before = Buffer.from(batch);
    compressBatch(batch, codec);
    expect(batch.equals(before)).toBe(true);
  });

  /** Text, noise and runs in pieces: lengths and distances of every size, across the borders of blocks. */
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(fc.nat(255), fc.nat(400)).map(([byte, length]) => Buffer.alloc(length, byte)),
    fc.tuple(fc.string({ minLength: 1 }), fc.nat(3_000)).map(([text, length]) => Buffer.alloc(length, text)),
    fc.integer({ min: 60_000, max: 140_000 }).map((length) => Buffer.alloc(length, "a page of text that repeats; ")),
  );

  test("inflates to what was deflated", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const value = Buffer.concat(pieces);
        const writer = new RecordWriter();
        writer.append(0, null, value);
        const batch = writer.finish(unstamped);
        const compressed = compressBatch(batch, codec);
        if (compressed === batch) return;
        const inflated = inflate(codec, compressed.subarray(61), { origin: {}, maxInflatedBytes: 1 << 22 });
        expect(inflated.equals(batch.subarray(61))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
