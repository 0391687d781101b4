/** What the pace of a worker's commits follows from. */
export interface CommitPaceLimits {
  /** What a pin waits at least between two commits. */
  readonly intervalMs: number;
  /** Commits of all pins of the worker together. */
  readonly maxPerSecond: number;
  readonly transactionTimeoutMs: number;
}

/**
 * The commit interval of a worker's pins: longer than asked for when they would commit more often together than the worker may.
 *
 * A commit costs the broker about a millisecond of processor time whatever is in it, so a worker with many pins trades delay
 * for it. An interval never comes near the transaction timeout: then the broker would abort what is still being built.
 *
 * @example
 * pacedIntervalMs(30, { intervalMs: 100, maxPerSecond: 100, transactionTimeoutMs: 10_000 }); // 300
 */
export function pacedIntervalMs(pins: number, limits: CommitPaceLimits): number {
  const { intervalMs, maxPerSecond, transactionTimeoutMs } = limits;
  const shared = Math.ceil((pins * 1_000) / maxPerSecond);
  return Math.max(intervalMs, Math.min(shared, Math.floor(transactionTimeoutMs / 4)));
}
