import { expect, test } from "vitest";
import { z } from "zod";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { bytes } from "../../../lib/serde/bytes.ts";
import { custom } from "../../../lib/serde/custom.ts";
import { float64 } from "../../../lib/serde/float64.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { asSerde, json } from "../../../lib/serde/json.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";

function written<T>(serde: Serde<T>, value: T): string {
  const sink = new ByteSink(1);
  serde.write(value, sink);
  return sink.view().toString("hex");
}

/** Reads bytes that lie in the middle of others. */
function read<T>(serde: Serde<T>, hex: string): T {
  const inner = Buffer.from(hex, "hex");
  return serde.read(Buffer.concat([Buffer.from("zz"), inner, Buffer.from("zz")]), 2, 2 + inner.length);
}

const Trade = z.object({ price: z.number() });
const hexText = (text: string): string => Buffer.from(text).toString("hex");

const rows: readonly { readonly serde: Serde<unknown>; readonly value: unknown; readonly hex: string }[] = [
  { serde: string(), value: "", hex: "" },
  { serde: string(), value: "AAPL", hex: "4141504c" },
  { serde: string(), value: "日本é", hex: "e697a5e69cacc3a9" },
  { serde: int64(), value: 0, hex: "0000000000000000" },
  { serde: int64(), value: -1, hex: "ffffffffffffffff" },
  { serde: int64(), value: 5_000, hex: "0000000000001388" },
  { serde: int64(), value: 4_294_967_296, hex: "0000000100000000" },
  { serde: int64(), value: -4_294_967_297, hex: "fffffffeffffffff" },
  { serde: int64(), value: Number.MAX_SAFE_INTEGER, hex: "001fffffffffffff" },
  { serde: int64(), value: Number.MIN_SAFE_INTEGER, hex: "ffe0000000000001" },
  { serde: float64(), value: 1.5, hex: "3ff8000000000000" },
  { serde: float64(), value: Number.NEGATIVE_INFINITY, hex: "fff0000000000000" },
  { serde: json(), value: { a: [1, null, "é"] }, hex: hexText('{"a":[1,null,"é"]}') },
  { serde: json(Trade), value: { price: 3 }, hex: hexText('{"price":3}') },
  { serde: bytes(), value: new Uint8Array([0, 255]), hex: "00ff" },
];

test.for(rows)("$serde.id writes $value as $hex and reads it back", ({ serde, value, hex }) => {
  expect(written(serde, value)).toBe(hex);
  expect(read(serde, hex)).toEqual(value);
});

test.for([Number.MAX_SAFE_INTEGER + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "int64 refuses to write %d rather than round it",
  (value) => {
    expect(() => written(int64(), value)).toThrow(expect.objectContaining({ code: "SERIALIZATION_FAILED" }));
  },
);

test.for([
  ["a number above 2^53 − 1", "0020000000000000"],
  ["a number below −(2^53 − 1)", "ffe0000000000000"],
  ["seven bytes", "00000000000000"],
  ["nine bytes", "000000000000000000"],
])("int64 refuses to read %s", ([, hex = ""]) => {
  expect(() => read(int64(), hex)).toThrow(expect.objectContaining({ code: "DESERIALIZATION_FAILED" }));
});

test("float64 refuses to read other lengths than 8 bytes", () => {
  expect(() => read(float64(), "00000000")).toThrow(expect.objectContaining({ code: "DESERIALIZATION_FAILED" }));
});

test("json with a schema checks every value that it reads, null too", () => {
  expect(() => read(json(Trade), hexText('{"price":"3"}'))).toThrow("price");
  expect(() => read(json(Trade), hexText("null"))).toThrow();
  expect(read(json(Trade.nullable()), hexText("null"))).toBeNull();
});

test("json refuses to write what has no JSON text", () => {
  expect(() => written(json(), () => 1)).toThrow(expect.objectContaining({ code: "SERIALIZATION_FAILED" }));
});

test("a schema is taken as JSON and a serde as itself", () => {
  expect(read(asSerde(Trade), hexText('{"price":3}'))).toEqual({ price: 3 });
  expect(asSerde(string())).toBe(string());
});

test("bytes and custom give away bytes of their own, because the buffer of a fetch is used again", () => {
  const buffer = Buffer.from("abc");
  const mirror = custom({ id: "mirror", serialize: (value: Uint8Array) => value, deserialize: (value) => value });
  const kept = [bytes().read(buffer, 0, 2), mirror.read(buffer, 0, 2)];
  buffer.fill(0);
  expect(kept.map((each) => Buffer.from(each).toString())).toEqual(["ab", "ab"]);
});

test("custom writes and reads with the user's functions under the user's signature", () => {
  const big = custom({
    id: "bigint-text",
    serialize: (value: bigint) => Buffer.from(String(value)),
    deserialize: (value) => BigInt(Buffer.from(value).toString()),
  });
  expect(big.id).toBe("bigint-text");
  expect(read(big, written(big, 2n ** 70n))).toBe(2n ** 70n);
});

test.for([
  { name: "json()", serde: json(), text: "null", isNull: true },
  { name: "json()", serde: json(), text: '"nu"', isNull: false },
  { name: "json()", serde: json(), text: "null ", isNull: false },
  { name: "a schema that takes null", serde: json(Trade.nullable()), text: "null", isNull: true },
  { name: "a schema that refuses null", serde: json(Trade), text: "null", isNull: false },
  {
    name: "a schema that replaces null",
    serde: json(z.unknown().transform((v) => v ?? 0)),
    text: "null",
    isNull: false,
  },
])("$name reads $text as null: $isNull", ({ serde, text, isNull }) => {
  expect(serde.isNull?.(Buffer.from(`[${text}]`), 1, 1 + text.length) ?? false).toBe(isNull);
});
