import type { Clock } from "../ports/clock.ts";

/** Lets one loop rest until someone wakes it or a time passes. A wake before the rest is not lost. */
export class Waker {
  private readonly clock: Clock;
  private woken = false;
  private resting: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Ends the rest, or makes the next one end at once. */
  wake(): void {
    this.woken = true;
    this.resting?.();
  }

  /** Rests until woken, or for at most `ms`. */
  async wait(ms: number | undefined): Promise<void> {
    if (!this.woken) {
      const alarm = new AbortController();
      const woken = new Promise<void>((resolve) => {
        this.resting = resolve;
      });
      if (ms === undefined) await woken;
      else await Promise.race([woken, this.clock.sleep(ms, alarm.signal)]);
      this.resting = undefined;
      alarm.abort();
    }
    this.woken = false;
  }
}
