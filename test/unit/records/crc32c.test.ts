import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import openWabt from "wabt";
import { crc32c } from "../../../lib/records/crc32c.ts";
import { crc32cWasm } from "../../../lib/records/crc32c-wasm.ts";

function slowly(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ -1) >>> 0;
}

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
      expect(crc32c(bytes, start, end), `[${start}, ${end})`).toBe(slowly(bytes.subarray(start, end)));
    }
  }
});

test("goes on from chunk to chunk", () => {
  const bytes = Buffer.alloc(200_001, "0123456789abc");
  for (const end of [32_767, 32_768, 32_769, 65_537, 65_538, bytes.length]) {
    expect(crc32c(bytes, 1, end), `[1, ${end})`).toBe(slowly(bytes.subarray(1, end)));
  }
});

test("is what its source says", async () => {
  const wat = readFileSync(new URL("../../../lib/records/crc32c.wat", import.meta.url), "utf8");
  const { buffer } = (await openWabt()).parseWat("crc32c.wat", wat).toBinary({});
  expect(Buffer.from(buffer).toString("base64")).toBe(crc32cWasm);
});
