/** Fractions of the golden ratio lie far from each other, however many of them there are and whichever are left out. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * When a pin may commit again, on the worker's monotonic clock: at its next tick after the last commit began.
 *
 * A pin has one tick per interval, so work that comes after a rest is committed at once, and steady work once per interval. Pins tick
 * at different moments: a broker that gets the commits of a worker one after the other answers each of them sooner.
 *
 * @example
 * nextCommitMs(0, 1_010, 100); // 1_100
 */
export function nextCommitMs(pin: number, lastMs: number, intervalMs: number): number {
  const phaseMs = Math.floor(((pin * GOLDEN_RATIO) % 1) * intervalMs);
  return (Math.floor((lastMs - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs;
}
