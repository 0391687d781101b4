import { expect, test } from "vitest";
import { nearestName } from "../../../lib/config/nearest-name.ts";

const known = ["intervalMs", "maxBytes", "maxReacquires", "deadAfterMs"];

test.for([
  ["intervallMs", "intervalMs"],
  ["interval", "intervalMs"],
  ["INTERVAL_MS", "intervalMs"],
  ["maxByte", "maxBytes"],
  ["max.bytes", "maxBytes"],
  ["deadAfter", "deadAfterMs"],
  ["colour", undefined],
  ["", undefined],
] as const)("proposes for %s: %s", ([written, meant]) => {
  expect(nearestName(written, known)).toBe(meant);
});

test("proposes nothing when nothing is known", () => {
  expect(nearestName("anything", [])).toBeUndefined();
});
