/** A moment by which a call must have ended; from the monotonic clock. */
export class Deadline {
  private readonly endsAtMs: number;

  constructor(timeoutMs: number) {
    this.endsAtMs = performance.now() + timeoutMs;
  }

  get remainingMs(): number {
    return Math.max(0, this.endsAtMs - performance.now());
  }

  get passed(): boolean {
    return this.remainingMs === 0;
  }

  /** Waits `ms`, but not past the deadline. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.min(ms, this.remainingMs)));
  }
}
