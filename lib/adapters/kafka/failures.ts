import { type ErrorDetails, StreamError } from "../../core/errors.ts";
import { kafkaErrorName } from "../../core/kafka-errors.ts";
import { LogError } from "../../ports/log.ts";
import { decideOutcome, type Outcome, surfacedCode, type TransactionProtocol } from "../../task/outcome.ts";
import { accessDenied, type RefusedRequest } from "./access-denied.ts";
import { LostRequest } from "./transport/lost-request.ts";

/** How long a topic may be unknown before that is final: it may just have been created. */
export const TOPIC_GRACE_MS = 2_000;

/** What an error code is about: names for messages and for who has to grant access. */
export interface FailureContext extends RefusedRequest {
  readonly partition?: number;
  /** What the broker said besides the code. */
  readonly message?: string | null;
  readonly endTxnSent?: boolean;
}

/** The error of a code in an answer: `ACCESS_DENIED` that names the resource, or a `LogError`. Undefined for success. */
export function answerError(code: number, context: FailureContext): StreamError | LogError | undefined {
  if (code === 0) return undefined;
  const name = kafkaErrorName(code);
  const { message, endTxnSent = false, ...facts } = context;
  const details: ErrorDetails = { ...facts, code };
  const denied = accessDenied(name, context, details);
  if (denied !== undefined) return denied;
  const { topic, partition } = context;
  const where = topic === undefined ? "" : ` for ${topic}${partition === undefined ? "" : `-${partition}`}`;
  const said = message ? `: ${message}` : "";
  return new LogError(name, `${context.request}${where} was answered with code ${code}${said}`, {
    endTxnSent,
    details,
  });
}

/**
 * What to do about a failed attempt while there is time left; undefined when trying again cannot help.
 * @param endsTransaction the protocol on which the attempt was to end a transaction, if it was
 */
export function retryOf(
  error: unknown,
  endsTransaction?: TransactionProtocol,
): "resend" | "backoff-resend" | "refresh-resend" | undefined {
  if (error instanceof LostRequest && error.closed) return undefined;
  const { kind } = outcomeOf(error, endsTransaction);
  return kind === "resend" || kind === "backoff-resend" || kind === "refresh-resend" ? kind : undefined;
}

function outcomeOf(error: unknown, endsTransaction: TransactionProtocol | undefined): Outcome | { kind: "fail" } {
  const endTxnSent = endsTransaction !== undefined;
  // Before EndTxn the protocols react alike.
  const call = { protocol: endsTransaction ?? "v1", empty: false } as const;
  if (error instanceof LostRequest) {
    return decideOutcome({ ...call, error: error.kafkaError, endTxnSent: endTxnSent && error.sent });
  }
  if (error instanceof LogError) return decideOutcome({ ...call, error: error.kafkaError, endTxnSent });
  return { kind: "fail" };
}

/** The same failure as callers of a transactor know it. */
export function asLogError(error: unknown, context: FailureContext): unknown {
  if (!(error instanceof LostRequest)) return error;
  const { message: _message, endTxnSent = false, ...details } = context;
  return new LogError(error.kafkaError, error.message, { endTxnSent: endTxnSent && error.sent, details, cause: error });
}

/** The same failure as callers of the log's other operations know it: its code says what to do, its text what the broker said. */
export function asStreamError(error: unknown, operation: string): unknown {
  if (error instanceof LostRequest) {
    return new StreamError("LOG_UNAVAILABLE", `${operation}: ${error.message}`, {
      details: { operation, broker: error.address },
      cause: error,
    });
  }
  if (!(error instanceof LogError)) return error;
  const details = { ...error.details, operation, kafkaError: error.kafkaError };
  return new StreamError(surfacedCode(error), `${operation}: ${error.message}`, { details, cause: error });
}

/** The broker does not know a topic or partition: for good, or because it was created a moment ago. */
export function isUnknownTopic(error: unknown): boolean {
  return (
    error instanceof LogError &&
    (error.kafkaError === "UNKNOWN_TOPIC_OR_PARTITION" || error.kafkaError === "UNKNOWN_TOPIC_ID")
  );
}
