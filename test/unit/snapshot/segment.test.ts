import { describe, expect, test } from "vitest";
import { readSegment, readSegmentIndex } from "../../../lib/snapshot/segment-reader.ts";
import { type SegmentOptions, SegmentWriter } from "../../../lib/snapshot/segment-writer.ts";

type Row = readonly [key: string, value: string | undefined, timestampMs: number];

function encode(rows: readonly Row[], options: SegmentOptions = {}) {
  const writer = new SegmentWriter(options);
  for (const [key, value, timestampMs] of rows) {
    const bytes = Buffer.from(`<${value ?? ""}>`, "latin1");
    writer.row(key, bytes, 1, value === undefined ? -1 : bytes.length - 2, timestampMs);
  }
  const segment = writer.finish();
  return { segment, bytes: Buffer.concat(segment.parts) };
}

function decode(bytes: Buffer): Row[] {
  const rows: Row[] = [];
  readSegment(bytes, {
    row: (key, raw, start, length, timestampMs) =>
      rows.push([key, length < 0 ? undefined : raw.latin1Slice(start, start + length), timestampMs]),
  });
  return rows;
}

const manyRows: readonly Row[] = Array.from(
  { length: 5_000 },
  (_, i): Row => [
    `key-${String(i).padStart(6, "0")}`,
    i % 7 === 0 ? undefined : `value ${i} `.repeat(i % 13),
    1_700_000_000_000 + ((i * 7919) % 100_000),
  ],
);

describe.for([{ compression: "deflate-raw" as const }, { compression: "none" as const }])(
  "a segment with %o",
  (options) => {
    test.for<{ name: string; rows: readonly Row[] }>([
      { name: "no rows", rows: [] },
      { name: "one row", rows: [["a", "1", 5]] },
      { name: "an empty key and an empty value", rows: [["", "", 0]] },
      { name: "only a tombstone", rows: [["a", undefined, -1]] },
      {
        name: "keys of every byte",
        rows: Array.from({ length: 256 }, (_, i): Row => [String.fromCharCode(i), "x", i]),
      },
      {
        name: "timestamps back and forth",
        rows: [
          ["a", "1", 2 ** 50],
          ["b", "2", -1],
          ["c", "3", 0],
        ],
      },
      {
        name: "a row larger than a block",
        rows: [
          ["a", "x".repeat(100_000), 1],
          ["b", "y", 2],
        ],
      },
      { name: "many blocks", rows: manyRows },
    ])("reads back $name", ({ rows }) => {
      const { segment, bytes } = encode(rows, options);
      expect(decode(bytes)).toEqual(rows);
      expect(segment.length).toBe(bytes.length);
      expect(segment.rows).toBe(rows.length);
      expect(segment.tombstones).toBe(rows.filter(([, value]) => value === undefined).length);
      expect([segment.minKey, segment.maxKey]).toEqual([rows[0]?.[0] ?? "", rows.at(-1)?.[0] ?? ""]);
    });

    test("has an index that can be read alone and leads to every block", () => {
      const { segment, bytes } = encode(manyRows, options);
      const index = readSegmentIndex(bytes.subarray(bytes.length - segment.indexLength));
      expect(index.blocks.length).toBeGreaterThan(3);
      expect(index.blocks.reduce((sum, block) => sum + block.rows, 0)).toBe(manyRows.length);
      expect(index.blocks[0]?.firstKey).toBe("key-000000");
      expect(index.maxKey).toBe(segment.maxKey);
      const times = manyRows.map(([, , timestampMs]) => timestampMs);
      expect([index.minTimestampMs, index.maxTimestampMs]).toEqual([Math.min(...times), Math.max(...times)]);
    });
  },
);

test("rows that do not shrink are stored as they are", () => {
  let state = 1;
  const noisy = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  const noise = Array.from({ length: 2_000 }, (_, i): Row => {
    const value = Buffer.from(Array.from({ length: 64 }, noisy)).latin1Slice();
    return [String.fromCharCode(i >> 8, i & 255), value, i];
  });
  const { bytes } = encode(noise);
  expect(readSegmentIndex(bytes).blocks.every(({ codec }) => codec === 0)).toBe(true);
  expect(decode(bytes)).toEqual(noise);
});

test.for([{ keys: ["b", "a"] }, { keys: ["a", "a"] }, { keys: ["\u00ff", "a"] }])(
  "keys $keys do not ascend and are refused",
  ({ keys }) => {
    expect(() => encode(keys.map((key): Row => [key, "x", 1]))).toThrow(/INVARIANT_BROKEN.*ascend/);
  },
);

describe("damage", () => {
  const { bytes: intact } = encode(
    [
      ["a", "1", 1],
      ["b", "2", 2],
    ],
    { compression: "none" },
  );

  test("of any single byte is noticed", () => {
    for (let i = 8; i < intact.length; i++) {
      const damaged = Buffer.from(intact);
      damaged[i] = (damaged[i] as number) ^ 0x55;
      // The three bytes after the version are free.
      if (i >= intact.length - 3) continue;
      expect(() => decode(damaged), `byte ${i}`).toThrow(/CORRUPT_SNAPSHOT|SCHEMA_UNKNOWN/);
    }
  });

  test("by cutting off any number of bytes is noticed", () => {
    for (let length = 0; length < intact.length; length++) {
      expect(() => decode(intact.subarray(0, length)), `length ${length}`).toThrow(/CORRUPT_SNAPSHOT/);
      expect(() => decode(intact.subarray(intact.length - length)), `last ${length}`).toThrow(/CORRUPT_SNAPSHOT/);
    }
  });

  test("in a packed block is noticed before it is unpacked", () => {
    const { bytes } = encode(manyRows);
    bytes[100] = (bytes[100] as number) ^ 1;
    expect(() => decode(bytes)).toThrow(/CORRUPT_SNAPSHOT.*checksum/);
  });

  test("a newer version is refused by number", () => {
    const newer = Buffer.from(intact);
    newer[newer.length - 4] = 2;
    expect(() => decode(newer)).toThrow(/SCHEMA_UNKNOWN.*segment format 2.*knows 1/);
  });
});
