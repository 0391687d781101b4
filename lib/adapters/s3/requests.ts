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

/**
 * Runs an operation with tries, backoff with jitter, and a deadline.
 *
 * @param options.bytes About how many bytes go over the line.
 * @throws {StreamError} `OBJECT_STORE_UNAVAILABLE`, `ACCESS_DENIED`, `BUCKET_MISSING`, `CONFIG_INVALID`
 */
export async function runRequest<Output>(
  request: FailedRequest,
  options: { readonly limits: RequestLimits; readonly bytes: number },
  attempt: (signal: AbortSignal) => Promise<Output>,
): Promise<RequestOutcome<Output>> {
  const lineMs = options.bytes / SLOWEST_BYTES_PER_MS;
  const deadlineMs = options.limits.deadlineMs + lineMs;
  const giveUpAtMs = performance.now() + deadlineMs;
  for (let tries = 1; ; tries++) {
    const leftMs = Math.max(1, giveUpAtMs - performance.now());
    try {
      const signal = AbortSignal.timeout(Math.ceil(Math.min(options.limits.tryTimeoutMs + lineMs, leftMs)));
      return { kind: "done", output: await attempt(signal) };
    } catch (error) {
      const failure = classifyFailure(error, request);
      if (failure.kind === "final") throw failure.error;
      if (failure.kind !== "retry") return failure;
      const backoffMs = Math.random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries);
      if (performance.now() + backoffMs >= giveUpAtMs) throw unavailable(request, { tries, deadlineMs, error });
      await sleep(backoffMs);
    }
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
