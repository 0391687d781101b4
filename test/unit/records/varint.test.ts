import { expect, test } from "vitest";
import { lengthVarintBytes, writeLengthVarint, writeVarint } from "../../../lib/records/varint.ts";

const bounds = [0, 0x40, 0x2000, 0x10_0000, 0x800_0000, 0x4000_0000, 0x7fff_ffff].flatMap((at) => [at - 1, at]);

test.each(bounds.filter((length) => length >= 0))("a length of %d is written as any integer is", (length) => {
  const [written, expected] = [Buffer.alloc(10), Buffer.alloc(10)];
  const end = writeLengthVarint(written, 1, length);
  expect(end).toBe(writeVarint(expected, 1, length));
  expect(end - 1).toBe(lengthVarintBytes(length));
  expect(written).toEqual(expected);
});
