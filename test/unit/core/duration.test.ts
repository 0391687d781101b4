import { expect, test } from "vitest";
import type { Duration } from "../../../lib/core/duration.ts";
import { durationMs } from "../../../lib/core/duration.ts";

test.for<[Duration, number]>([
  [0, 0],
  [1500, 1500],
  ["100ms", 100],
  ["5s", 5_000],
  ["1.5s", 1_500],
  ["0.07s", 70],
  ["1.001s", 1_001],
  ["1m", 60_000],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
])("%s is %i ms", ([duration, ms]) => {
  expect(durationMs(duration, "size")).toBe(ms);
});

test.for<[string, unknown]>([
  ["a negative number", -1],
  ["a fraction of a millisecond", 0.5],
  ["a written fraction of a millisecond", "0.0001s"],
  ["no unit", "5"],
  ["an unknown unit", "5w"],
  ["a space", "5 s"],
  ["text around it", "in 5s"],
  ["infinity", Number.POSITIVE_INFINITY],
  ["an exponent", "1e3ms"],
])("refuses %s and names the setting", ([, duration]) => {
  expect(() => durationMs(duration as Duration, "grace of timeWindows")).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("grace of timeWindows") }),
  );
});
