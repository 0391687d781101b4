import type { CallSurroundings } from "../task/ahead-calls.ts";

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
}

/** The world of asynchronous functions in a test: deadlines of the driver's clock, and waiting for what they answer. */
export class DriverCalls implements CallSurroundings {
  private readonly nowMs: () => number;
  private alarms: Alarm[] = [];
  private woken: (() => void) | undefined;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const alarm = { atMs: this.nowMs() + ms, ring: resolve };
      this.alarms.push(alarm);
      signal.addEventListener("abort", () => {
        this.alarms = this.alarms.filter((other) => other !== alarm);
        resolve();
      });
    });
  }

  wake(): void {
    this.woken?.();
  }

  /** The clock has moved: deadlines have passed. */
  moved(): void {
    for (const { atMs, ring } of this.alarms) if (atMs <= this.nowMs()) ring();
  }

  /** Resolves when a record may be ready. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.woken = resolve;
    });
  }
}
