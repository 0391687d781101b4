/** What a caller does about an error: the column that matters at three in the morning. */
export type Advice =
  | "retry"
  | "abort-and-reinitialise"
  | "handle-record"
  | "fix-and-redeploy"
  | "fix-request"
  | "migrate"
  | "reset"
  | "grant-access"
  | "report-bug";

/** Advice per code; docs/errors.md explains each. A new code is a new kind of user action, not a new call site. */
export const adviceByCode = {
  // settings and topologies: nothing has run yet
  CONFIG_INVALID: "fix-and-redeploy",
  TOPOLOGY_INVALID: "fix-and-redeploy",
  NOT_COPARTITIONED: "fix-and-redeploy",
  TOPIC_MISSING: "fix-and-redeploy",
  BUFFER_FULL: "fix-and-redeploy",
  PORT_IN_USE: "fix-and-redeploy",
  FOLDER_IN_USE: "fix-and-redeploy",
  BUCKET_MISSING: "fix-and-redeploy",
  TABLE_MISSING: "fix-and-redeploy",
  FUNCTION_MISSING: "fix-and-redeploy",
  SECRET_INVALID: "fix-and-redeploy",
  // the application changed under its own state
  PARTITIONS_CHANGED: "migrate",
  TOPOLOGY_INCOMPATIBLE: "migrate",
  SCHEMA_UNKNOWN: "migrate",
  OFFSET_UNKNOWN: "fix-and-redeploy",
  OFFSETS_CHANGED_OUTSIDE: "reset",
  POSITIONS_LOST: "reset",
  // what a log says about the state we hold
  TOPIC_REPLACED: "reset",
  CHANGELOG_GAP: "reset",
  CHANGELOG_TRUNCATED: "reset",
  CHANGELOG_BEYOND_POSITION: "report-bug",
  CORRUPT_JOURNAL: "reset",
  OFFSET_OUT_OF_RANGE: "reset",
  // remote calls
  BROKER_UNREACHABLE: "retry",
  LOG_UNAVAILABLE: "retry",
  OBJECT_STORE_UNAVAILABLE: "retry",
  LEASE_TABLE_UNAVAILABLE: "retry",
  LAUNCHER_UNAVAILABLE: "retry",
  SECRETS_UNAVAILABLE: "retry",
  DEADLINE_EXCEEDED: "retry",
  TRANSACTION_ABORTED: "abort-and-reinitialise",
  TRANSACTION_HANGING: "retry",
  ACCESS_DENIED: "grant-access",
  AUTHENTICATION_FAILED: "grant-access",
  CORRUPT_BATCH: "retry",
  CORRUPT_SNAPSHOT: "retry",
  UNSUPPORTED_COMPRESSION: "fix-and-redeploy",
  UNSUPPORTED_BROKER: "fix-and-redeploy",
  // one record
  DESERIALIZATION_FAILED: "handle-record",
  SERIALIZATION_FAILED: "handle-record",
  PROCESSING_FAILED: "handle-record",
  RECORD_TOO_LARGE: "handle-record",
  TIMESTAMP_INVALID: "handle-record",
  // queries
  QUERY_INVALID: "fix-request",
  STORE_UNKNOWN: "fix-request",
  REQUEST_REJECTED: "fix-request",
  // us
  INVARIANT_BROKEN: "report-bug",
} as const satisfies Record<string, Advice>;

/** Stable code of a `StreamError`; never renamed once released. */
export type ErrorCode = keyof typeof adviceByCode;

/** Facts that name the thing and the place: topic, partition, offset, store, setting, … Never secrets. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/**
 * The one error that Millrace throws: what happened, where, and what to do next.
 *
 * `code` is stable and `advice` follows from it; `details` are facts for logs and dashboards; `cause` is the original error.
 * Expected races (a lease taken by another, a pointer that moved) are return values, never errors.
 *
 * @example
 * const error = new StreamError("TOPIC_MISSING", "topic trades does not exist: create it first", { details: { topic: "trades" } });
 * error.advice; // "fix-and-redeploy"
 */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code: ErrorCode;
  readonly advice: Advice;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(`${code}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.advice = adviceByCode[code];
    this.details = options.details ?? {};
  }
}

/**
 * Narrows anything caught to a `StreamError`, optionally of one code.
 *
 * @example
 * isStreamError(new StreamError("TOPIC_MISSING", "topic trades does not exist"), "TOPIC_MISSING"); // true
 */
export function isStreamError(error: unknown, code?: ErrorCode): error is StreamError {
  return error instanceof StreamError && (code === undefined || error.code === code);
}

/**
 * Throws `INVARIANT_BROKEN` when a condition that the design promises does not hold.
 *
 * @param law The invariant's number and sentence, as in docs/ARCHITECTURE.md, for example `"I2: epochs of commits never go down"`.
 * @throws {StreamError} `INVARIANT_BROKEN`
 */
export function invariant(condition: boolean, law: string, details: ErrorDetails = {}): asserts condition {
  if (!condition) throw new StreamError("INVARIANT_BROKEN", law, { details });
}
