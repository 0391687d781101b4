import { expect, test } from "vitest";
import { murmur2, partitionForKey } from "../../../lib/serde/murmur2.ts";

// Kafka's own vectors: UtilsTest.testMurmur2
test.for<[string, number]>([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("murmur2 of %s is Kafka's", ([key, hash]) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
});

test("hashes only the asked range", () => {
  expect(murmur2(Buffer.from("xxfoobaryy"), 2, 8)).toBe(-790332482);
});

test("maps a negative hash to a partition as Kafka does: without its sign bit", () => {
  expect(partitionForKey(Buffer.from("foobar"), 6)).toBe((-790332482 & 0x7fffffff) % 6);
  expect(partitionForKey(Buffer.from("..foobar"), 6, { start: 2, end: 8 })).toBe((-790332482 & 0x7fffffff) % 6);
});
