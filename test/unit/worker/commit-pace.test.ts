import { expect, test } from "vitest";
import { pacedIntervalMs } from "../../../lib/worker/commit-pace.ts";

const limits = { intervalMs: 100, maxPerSecond: 100, transactionTimeoutMs: 10_000 };

test.for([
  ["no pin yet", 0, 100],
  ["few pins: the interval that was asked for", 10, 100],
  ["one more than fits", 11, 110],
  ["many pins", 100, 1_000],
  ["far too many: below the transaction timeout all the same", 1_000, 2_500],
] as const)("%s", ([, pins, expected]) => {
  expect(pacedIntervalMs(pins, limits)).toBe(expected);
});

test("a longer interval than the broker's patience stays what was asked for", () => {
  expect(pacedIntervalMs(1, { ...limits, intervalMs: 3_000 })).toBe(3_000);
});
