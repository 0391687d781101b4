/** Median and extremes of one figure over all rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median, smallest and largest of some numbers; at least one. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  if (upper === undefined || lower === undefined) throw new Error("a spread needs at least one number");
  return { median: (lower + upper) / 2, min: sorted[0] as number, max: sorted.at(-1) as number };
}

/** How many records were committed at a moment. */
export interface ProgressSample {
  readonly atMs: number;
  readonly committed: number;
}

/**
 * Records per second over the second half of a run: what is left when start-up and just-in-time compilation are over.
 *
 * @returns undefined when the run has too few samples to have a second half
 */
export function steadyRate(samples: readonly ProgressSample[]): number | undefined {
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  const half = samples.find((sample) => sample.committed >= last.committed / 2);
  if (half === undefined || half.atMs >= last.atMs) return undefined;
  return ((last.committed - half.committed) * 1_000) / (last.atMs - half.atMs);
}
