import { expect, test } from "vitest";
import { isWindowKey, keyOfWindowKey, windowKey, windowStartOf } from "../../../lib/state/window-key.ts";

test.for([
  { key: "", startMs: 0, hex: "000000000000000000000000" },
  { key: "A", startMs: 5_000, hex: "41000000000000138800000000" },
  { key: "A", startMs: 4_294_967_295, hex: "4100000000ffffffff00000000" },
  { key: "A", startMs: 1_700_000_000_000, hex: "410000018bcfe5680000000000" },
  { key: "\u00ff", startMs: Number.MAX_SAFE_INTEGER, hex: "ff001fffffffffffff00000000" },
  { key: "A", startMs: -1, hex: "41ffffffffffffffff00000000" },
])("the window of '$key' at $startMs ms has Kafka Streams' bytes and reads back", ({ key, startMs, hex }) => {
  const text = windowKey(key, startMs);
  expect(Buffer.from(text, "latin1").toString("hex")).toBe(hex);
  expect(windowStartOf(text)).toBe(startMs);
  expect(keyOfWindowKey(text)).toBe(key);
});

test.for([
  { length: 11, want: false },
  { length: 12, want: true },
])("a text of $length bytes can be a window key: $want", ({ length, want }) => {
  expect(isWindowKey("x".repeat(length))).toBe(want);
});

test("order of texts is order of bytes", () => {
  const starts = [0, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 1_700_000_000_000];
  const texts = starts.map((startMs) => windowKey("k", startMs));
  expect([...texts].sort()).toEqual(texts);
});
