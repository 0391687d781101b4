import { seededRandom } from "./seeded-random.ts";

/** Shape of one cycle: milliseconds into it → part of the peak. Silent at both ends, so workers go 0 → N → 0. */
const SHAPE: readonly (readonly [ms: number, ratio: number])[] = [
  [0, 0],
  [3_000, 0],
  [10_000, 0.2],
  [22_000, 0.55],
  [30_000, 1],
  [38_000, 0.82],
  [46_000, 0.97],
  [56_000, 0.5],
  [64_000, 0.2],
  [70_000, 0],
  [100_000, 0],
];

/** Length of one cycle of the load curve. */
export const LOAD_CYCLE_MS = 100_000;

/**
 * Load over time: silence, a climb to the peak, a wavy top, a fall, silence; every 100 s again, with another seeded height.
 *
 * @returns a function of elapsed milliseconds that answers records per second before any load factor
 */
export function loadCurve(options: { seed: number; peakPerSecond: number }): (elapsedMs: number) => number {
  return (elapsedMs) => {
    const cycle = Math.floor(elapsedMs / LOAD_CYCLE_MS);
    // The first cycle reaches the full peak: it is the one that everyone sees.
    const height = cycle === 0 ? 1 : 0.55 + 0.45 * seededRandom(options.seed + cycle)();
    return shapeAt(elapsedMs - cycle * LOAD_CYCLE_MS) * height * options.peakPerSecond;
  };
}

function shapeAt(ms: number): number {
  for (let index = 1; index < SHAPE.length; index += 1) {
    const [fromMs, fromRatio] = SHAPE[index - 1] ?? [0, 0];
    const [toMs, toRatio] = SHAPE[index] ?? [0, 0];
    if (ms < toMs) return fromRatio + ((toRatio - fromRatio) * (ms - fromMs)) / (toMs - fromMs);
  }
  return 0;
}
