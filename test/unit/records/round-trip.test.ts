import fc from "fast-check";
import { expect, test } from "vitest";
import { committedReader } from "../../../lib/records/committed.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { type PlainRecord, readAll, unstamped } from "./plain.ts";

const text = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const bytesOrNull = fc.option(text);
const record = fc.record({
  timestampMs: fc.oneof(
    fc.integer({ min: 0, max: 2 ** 41 }),
    fc.maxSafeInteger().map((n) => Math.trunc(n / 4) + 0), // never -0
  ),
  key: bytesOrNull,
  value: fc.oneof(
    bytesOrNull,
    fc.integer({ min: 60, max: 20_000 }).map((size) => "v".repeat(size)),
  ),
  headers: fc.array(fc.tuple(fc.string({ unit: "grapheme" }), bytesOrNull), { maxLength: 3 }),
});

const encode = (value: string | null) => (value === null ? null : Buffer.from(value, "latin1"));

test("what is written is what is read, from any offset", () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 40 }), fc.nat(45), fc.nat(2 ** 40), (input, skip, base) => {
      const writer = new RecordWriter({ initialBytes: 64 });
      for (const { timestampMs, key, value, headers } of input) {
        const encoded = headers.map(([name, content]) => ({ key: name, value: encode(content) }));
        writer.append(timestampMs, encode(key), encode(value), encoded);
      }
      const batch = writer.finish({ ...unstamped, baseOffset: base });
      expect(batch.length).toBe(writer.byteLength);
      const { reader, next } = committedReader(batch, { from: base + skip, aborted: [] });
      const expected = input.map((entry, index): PlainRecord => ({ offset: base + index, ...entry }));
      expect(readAll(reader)).toEqual(expected.slice(skip));
      expect(next).toBe(base + Math.max(skip, input.length));
    }),
    { numRuns: 150 },
  );
});

test("arbitrary bytes end in records or in a typed error, never in anything else", () => {
  const batch = fc.tuple(
    fc.uint8Array({ maxLength: 120 }),
    fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 6 }),
  );
  fc.assert(
    fc.property(batch, ([tail, edits]) => {
      const writer = new RecordWriter();
      writer.append(5, Buffer.from("key"), Buffer.from("value"), [{ key: "h", value: null }]);
      const bytes = Buffer.concat([writer.finish(unstamped), tail]);
      for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
      try {
        readAll(committedReader(bytes, { from: 0, aborted: [] }).reader);
      } catch (error) {
        expect((error as Error).name).toBe("StreamError");
      }
    }),
    { numRuns: 500 },
  );
});
