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

/** The result of `work`, or the error that `late` makes when the deadline passes first. */
export async function withinDeadline<T>(work: Promise<T>, deadline: Deadline, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const alarm = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), deadline.remainingMs);
  });
  try {
    return await Promise.race([work, alarm]);
  } finally {
    clearTimeout(timer);
  }
}
