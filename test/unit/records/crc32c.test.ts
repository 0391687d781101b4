import { expect, test } from "vitest";
import { crc32c } from "../../../lib/records/crc32c.ts";

// RFC 3720 B.4
test.for<[string, Buffer, number]>([
  ["nothing", Buffer.alloc(0), 0],
  ["the check string", Buffer.from("123456789"), 0xe3069283],
  ["32 zero bytes", Buffer.alloc(32), 0x8a9136aa],
  ["32 bytes of ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
  ["ascending bytes", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
])("is the published checksum of %s", ([, bytes, checksum]) => {
  expect(crc32c(bytes)).toBe(checksum);
});

test("covers only the asked range, whatever its alignment", () => {
  const bytes = Buffer.from("xxxxx123456789yy");
  expect(crc32c(bytes, 5, 14)).toBe(0xe3069283);
});

test("gives one byte at a time and sixteen at a time the same sum, at every alignment and length", () => {
  const bytes = Buffer.from(Array.from({ length: 120 }, (_, i) => (i * 37) & 0xff));
  for (let start = 0; start < 8; start++) {
    for (let end = start; end < bytes.length; end++) {
      let slow = -1;
      for (const byte of bytes.subarray(start, end)) {
        slow ^= byte;
        for (let bit = 0; bit < 8; bit++) slow = (slow & 1) === 1 ? (slow >>> 1) ^ 0x82f63b78 : slow >>> 1;
      }
      expect(crc32c(bytes, start, end), `[${start}, ${end})`).toBe((slow ^ -1) >>> 0);
    }
  }
});
