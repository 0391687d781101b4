import { describe, expect, test } from "vitest";
import { InflatedTooLarge } from "../../../lib/records/codecs/inflate-sink.ts";
import { inflateLz4 } from "../../../lib/records/codecs/lz4.ts";
import { inflateSnappy } from "../../../lib/records/codecs/snappy.ts";

const LIMIT_BYTES = 1 << 20;
const latin1 = (text: string) => Buffer.from(text, "latin1");
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

describe("snappy", () => {
  const inflated = (...bytes: number[]) => inflateSnappy(Buffer.from(bytes), LIMIT_BYTES).toString("latin1");
  const literal = (text: string) => [(text.length - 1) << 2, ...latin1(text)];

  test("a raw block, as librdkafka writes it: literals and all three kinds of repetitions", () => {
    const near = [0b000_010_01, 4]; // four-bit length 4 + 2, distance 4
    const middle = [(5 << 2) | 2, 10, 0];
    const far = [(1 << 2) | 3, 3, 0, 0, 0];
    expect(inflated(18, ...literal("abcd"), ...near, ...middle, ...far)).toBe("abcdabcdababcdabda");
  });

  test("literals whose length takes one to four bytes", () => {
    const text = Buffer.alloc(70, "x");
    for (const extra of [1, 2, 3, 4]) {
      const length = Buffer.alloc(extra);
      length.writeUIntLE(text.length - 1, 0, extra);
      const block = Buffer.concat([Buffer.from([70, (59 + extra) << 2]), length, text]);
      expect(inflateSnappy(block, LIMIT_BYTES).equals(text)).toBe(true);
    }
  });

  test("xerial's frame of several blocks, as Java writes it, each with its own repetitions", () => {
    const block = Buffer.from([6, ...literal("ab"), 0b000_000_01, 2]);
    const frame = Buffer.concat([latin1("\x82SNAPPY\0"), int32(1), int32(1), int32(block.length), block]);
    const twice = Buffer.concat([frame, int32(block.length), block]);
    expect(inflateSnappy(twice, LIMIT_BYTES).toString()).toBe("abababababab");
  });

  test("nothing at all", () => {
    expect(inflated(0)).toBe("");
  });

  test.for<[string, number[]]>([
    ["no length", []],
    ["a length that does not end", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["less than the length says", [5, ...literal("abcd")]],
    ["more than the length says", [3, ...literal("abcd")]],
    ["a literal that is cut off", [4, 3 << 2, 97]],
    ["a repetition from before the first byte", [8, ...literal("abcd"), 1, 5]],
    ["a repetition at no distance", [8, ...literal("abcd"), 1, 0]],
    ["a distance that is cut off", [8, ...literal("abcd"), 2, 1]],
  ])("refuses %s", ([, bytes]) => {
    expect(() => inflated(...bytes)).toThrow(RangeError);
  });

  test.for<[string, number]>([
    ["beyond its frame", 100],
    ["before it begins", -8],
  ])("refuses a block that ends %s", ([, length]) => {
    const frame = Buffer.concat([latin1("\x82SNAPPY\0"), int32(1), int32(1), int32(length), Buffer.from([0])]);
    expect(() => inflateSnappy(frame, LIMIT_BYTES)).toThrow(RangeError);
  });

  test("refuses more than the limit before it makes room for it", () => {
    expect(() => inflated(0xff, 0xff, 0xff, 0xff, 0x0f)).toThrow(InflatedTooLarge);
  });
});

describe("LZ4", () => {
  const header = (flags = 0x60) => [0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0x00];
  const block = (...bytes: number[]) => [bytes.length, 0, 0, 0, ...bytes];
  const stored = (text: string) => [text.length, 0, 0, 0x80, ...latin1(text)];
  const END = [0, 0, 0, 0];
  const inflated = (...parts: number[][]) => inflateLz4(Buffer.from(parts.flat()), LIMIT_BYTES).toString("latin1");

  test("literals, repetitions that overlap, and a last sequence without one", () => {
    const bytes = [0x22, 97, 98, 2, 0, 0x10, 99]; // "ab", six more at distance 2, "c"
    expect(inflated(header(), block(...bytes), END)).toBe("ababababc");
  });

  test("lengths of 15 and more go on in further bytes", () => {
    const literals = latin1("0123456789abcdefghij");
    const bytes = [0xff, 5, ...literals, 20, 0, 255, 1, 0x10, 33];
    const whole = "0123456789abcdefghij".repeat(20).slice(0, 20 + 4 + 15 + 255 + 1);
    expect(inflated(header(), block(...bytes), END)).toBe(`${whole}!`);
  });

  test("blocks that are stored as they are, and blocks linked to the ones before", () => {
    const linked = block(0x00, 3, 0, 0x10, 33); // four more at distance 3, which lie in the block before
    expect(inflated(header(0x40), stored("abc"), linked, END)).toBe("abcabca!");
  });

  test("checksums and the content's size are skipped", () => {
    const withSize = [...header(0x78).slice(0, 6), 3, 0, 0, 0, 0, 0, 0, 0, 0x00];
    expect(inflated(withSize, stored("abc"), [1, 2, 3, 4], END)).toBe("abc");
  });

  test("nothing at all", () => {
    expect(inflated(header(), END)).toBe("");
  });

  test.for<[string, number[][]]>([
    ["bytes that are no frame", [latin1("not a frame") as unknown as number[]]],
    ["another version", [header(0x20), END]],
    ["a dictionary", [header(0x61), END]],
    ["a frame that does not end", [header(), stored("abc")]],
    ["a block that ends beyond its frame", [header(), [100, 0, 0, 0, 1, 2, 3]]],
    ["literals that are cut off", [header(), block(0x40, 97), END]],
    ["a repetition from before the first byte", [header(), block(0x10, 97, 2, 0, 0x10, 98), END]],
    ["a repetition at no distance", [header(), block(0x10, 97, 0, 0, 0x10, 98), END]],
    ["a block that ends in a repetition", [header(), block(0x10, 97, 1, 0), END]],
  ])("refuses %s", ([, parts]) => {
    expect(() => inflated(...parts.map((part) => [...part]))).toThrow(RangeError);
  });

  test("refuses more than the limit", () => {
    const bytes = [0x1f, 97, 1, 0, ...new Array(20).fill(255), 0, 0x10, 98];
    const frame = Buffer.from([...header(), ...block(...bytes), ...END]);
    expect(inflateLz4(frame, 5_121).length).toBe(5_121);
    expect(() => inflateLz4(frame, 5_120)).toThrow(InflatedTooLarge);
  });
});
