import { setTimeout as sleep } from "node:timers/promises";
import { StreamError } from "../../core/errors.ts";
import { classifyFailure, type FailedRequest, type RequestFailure } from "./failure.ts";

/** Bounds of every request. */
export interface RequestLimits {
  /** Of one operation, all its tries together; the time that its bytes take is added. */
  readonly deadlineMs: number;
  /** Of one try; the time that its bytes take is added. */
  readonly tryTimeoutMs: number;
}

/** A first byte takes up to 200 ms within a region, a throttled prefix some seconds. */
export const defaultLimits: RequestLimits = { deadlineMs: 20_000, tryTimeoutMs: 5_000 };

/** The slowest line that is waited for: a Lambda function gets 50 times as much. */
const SLOWEST_BYTES_PER_MS = 1_000;
const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 2_000;

/** What came of an operation. */
export type RequestOutcome<Output> =
  | { readonly kind: "done"; readonly output: Output }
  | Extract<RequestFailure, { kind: "exists" | "absent" | "beyond-end" }>;

/** The time that one try has. */
export interface TryTime {
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  /** Adds the time that a body of so many bytes may take, from now on. */
  allow(bytes: number): void;
}

/**
 * Runs an operation with tries, backoff with jitter, and a deadline.
 *
 * @throws {StreamError} `OBJECT_STORE_UNAVAILABLE`, `ACCESS_DENIED`, `BUCKET_MISSING`, `CONFIG_INVALID`
 */
export async function runRequest<Output>(
  request: FailedRequest,
  limits: RequestLimits,
  attempt: (time: TryTime) => Promise<Output>,
): Promise<RequestOutcome<Output>> {
  const startMs = performance.now();
  let bytesMs = 0;
  for (let tries = 1; ; tries++) {
    const time = new TryTimer(limits.tryTimeoutMs);
    try {
      return { kind: "done", output: await attempt(time) };
    } catch (error) {
      const failure = classifyFailure(error, request);
      if (failure.kind === "final") throw failure.error;
      if (failure.kind !== "retry") return failure;
      bytesMs = Math.max(bytesMs, time.allowedMs);
      const deadlineMs = limits.deadlineMs + bytesMs;
      const backoffMs = Math.random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries);
      if (performance.now() + backoffMs >= startMs + deadlineMs)
        throw unavailable(request, { tries, deadlineMs, error });
      await sleep(backoffMs);
    } finally {
      time.end();
    }
  }
}

class TryTimer implements TryTime {
  allowedMs = 0;
  private readonly controller = new AbortController();
  private readonly ms: number;
  private timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.ms = ms;
    this.timer = this.start(ms);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  allow(bytes: number): void {
    this.allowedMs = bytes / SLOWEST_BYTES_PER_MS;
    clearTimeout(this.timer);
    this.timer = this.start(this.ms + this.allowedMs);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private start(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.controller.abort(new Error(`no answer in ${Math.round(ms)} ms`)), ms);
  }
}

function unavailable(
  request: FailedRequest,
  { tries, deadlineMs, error }: { tries: number; deadlineMs: number; error: unknown },
): StreamError {
  const { bucket, action, path } = request;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new StreamError(
    "OBJECT_STORE_UNAVAILABLE",
    `${action} of ${path} in the bucket ${bucket} did not succeed in ${Math.round(deadlineMs)} ms (${tries} tries): ${reason}`,
    { details: { bucket, action, path, tries }, cause: error },
  );
}
