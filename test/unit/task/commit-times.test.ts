import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextCommitMs } from "../../../lib/task/commit-times.ts";

const pins = fc.integer({ min: 0, max: 5_000 });
const times = fc.integer({ min: 0, max: 1e9 });
const intervals = fc.integer({ min: 1, max: 2_500 });

describe("the next commit of a pin", () => {
  test("comes after the last one, and no later than an interval after it", () =>
    fc.assert(
      fc.property(pins, times, intervals, (pin, lastMs, intervalMs) => {
        const nextMs = nextCommitMs(pin, lastMs, intervalMs);
        expect(nextMs).toBeGreaterThan(lastMs);
        expect(nextMs).toBeLessThanOrEqual(lastMs + intervalMs);
      }),
    ));

  test("of steady work is an interval after the last one", () =>
    fc.assert(
      fc.property(pins, times, intervals, (pin, lastMs, intervalMs) => {
        const tickMs = nextCommitMs(pin, lastMs, intervalMs);
        expect(nextCommitMs(pin, tickMs, intervalMs)).toBe(tickMs + intervalMs);
      }),
    ));

  test.for([2, 6, 10, 100])("of %i pins come at different moments", (count) => {
    const ticks = Array.from({ length: count }, (_, pin) => nextCommitMs(pin, 0, 10_000) % 10_000).sort(
      (a, b) => a - b,
    );
    const gaps = ticks.map(
      (tick, index) => (ticks[(index + 1) % count] as number) - tick + (index + 1 < count ? 0 : 10_000),
    );
    expect(Math.min(...gaps)).toBeGreaterThan(10_000 / count / 3);
    expect(Math.max(...gaps)).toBeLessThan((10_000 / count) * 3);
  });
});
