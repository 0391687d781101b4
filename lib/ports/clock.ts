/** The only source of time. Wall time orders nothing; durations come from `monotonicMs`. */
export interface Clock {
  /** Wall-clock milliseconds since the epoch, whole ones. */
  nowMs(): number;
  /** Milliseconds that never go back, from an arbitrary start. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The only source of randomness. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A fresh unique id, 32 lower-case hex digits. */
  uuid(): string;
}
