import { randomBytes } from "node:crypto";
import type { Clock, Random } from "../../ports/clock.ts";

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => (ms <= 0 ? yieldOnce() : sleepFor(ms, signal)),
};

/** Lets I/O happen, then goes on. */
function yieldOnce(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function sleepFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(ms, 0x7fff_ffff));
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** The machine's randomness. */
export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => randomBytes(16).toString("hex"),
};
