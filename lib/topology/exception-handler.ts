import { type Duration, durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";

/** Longest pause between two tries: a pin that waits cannot be handed over meanwhile. */
const LONGEST_PAUSE_MS = 10_000;

/** Before any node, in a node, or in the node that writes to a topic. */
export type FailurePhase = "deserialization" | "processing" | "production";

/** A record that failed, as handlers and logs see it. */
export interface RecordFailure {
  readonly phase: FailurePhase;
  /** Name of the node that failed; of the source, when the record could not be read. */
  readonly node: string;
  /** Where the record lies that the task took. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  /** What was thrown. */
  readonly exception: unknown;
}

/** What is done about a record that failed: made by `logAndFail`, `logAndContinue`, `deadLetter`, `retry`, `chooseHandler`. */
export type ExceptionHandler =
  | { readonly kind: "fail" }
  | { readonly kind: "continue" }
  | { readonly kind: "dead-letter"; readonly topic: string }
  | {
      readonly kind: "retry";
      readonly attempts: number;
      readonly backoffMs: number;
      readonly otherwise: ExceptionHandler;
    }
  | {
      readonly kind: "choose";
      readonly handlers: Readonly<Record<string, ExceptionHandler>>;
      readonly by: (failure: RecordFailure) => string;
    };

/** The handlers of an application, one per phase. */
export type ExceptionHandlers = { readonly [Phase in FailurePhase]: ExceptionHandler };

/** What follows from one failure. */
export type FailureDecision =
  | { readonly kind: "fail" }
  | { readonly kind: "continue" }
  | { readonly kind: "dead-letter"; readonly topic: string }
  | { readonly kind: "retry"; readonly afterMs: number };

/**
 * Stops the pin in front of the record, with a typed error; nothing is skipped. The default.
 *
 * @source Kafka Streams `LogAndFailExceptionHandler`
 * @example
 * defineApp({ id: "strict", processingExceptionHandler: logAndFail() }, (builder) => {
 *   builder.stream("in", { key: string(), value: string() }).to("out");
 * });
 */
export function logAndFail(): ExceptionHandler {
  return Object.freeze({ kind: "fail" });
}

/**
 * Logs the failure and goes on. A record that cannot be read is skipped before any node sees it; one that fails in a node is
 * dropped for that node and those below it, and the nodes above go on.
 *
 * @source Kafka Streams `LogAndContinueExceptionHandler`, `LogAndContinueProcessingExceptionHandler`
 * @example
 * defineApp({ id: "lenient", deserializationExceptionHandler: logAndContinue() }, (builder) => {
 *   builder.stream("in", { key: string(), value: json() }).to("out");
 * });
 */
export function logAndContinue(): ExceptionHandler {
  return Object.freeze({ kind: "continue" });
}

/**
 * Goes on as `logAndContinue` does, and writes the record that the task took, with the bytes it had, to a topic: once, in the
 * same transaction as everything else that follows from it. Its headers stay; Kafka Streams' `__streams.errors.*` headers
 * tell what happened and where the record lay. `millrace redrive` brings such records back.
 *
 * @param topic Must exist and must not be read by the application.
 * @source Kafka Streams `errors.dead.letter.queue.topic.name` (KIP-1034)
 * @example
 * defineApp({ id: "orders", processingExceptionHandler: deadLetter("orders-dead") }, (builder) => {
 *   builder.stream("orders", { key: string(), value: json(Order) }).mapValues((order) => order.city).to("cities", { value: string() });
 * });
 */
export function deadLetter(topic: string): ExceptionHandler {
  return Object.freeze({ kind: "dead-letter", topic });
}

/** How often and how long a record is tried again. */
export interface RetryOptions {
  /** Tries after the first one. */
  readonly attempts: number;
  /** Pause before the first of them; each further one is twice as long, up to ten seconds. */
  readonly backoff: Duration;
  /** What follows when all have failed; `logAndFail()` without it. */
  readonly otherwise?: ExceptionHandler;
}

/**
 * Tries again after a pause: the open transaction is aborted and everything in it is processed anew, so nothing counts twice.
 * For what may pass by itself, such as a look-up in a cache that is still being filled.
 *
 * @throws {StreamError} `CONFIG_INVALID` unless attempts are 1 to 100 and the pause is at most ten seconds
 * @example
 * retry({ attempts: 3, backoff: "200ms", otherwise: deadLetter("orders-dead") }); // pauses of 200, 400 and 800 ms
 */
export function retry({ attempts, backoff, otherwise = logAndFail() }: RetryOptions): ExceptionHandler {
  const backoffMs = durationMs(backoff, "backoff of retry");
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > 100 || backoffMs > LONGEST_PAUSE_MS) {
    throw new StreamError(
      "CONFIG_INVALID",
      `retry has ${attempts} attempts and a backoff of ${backoffMs} ms: 1 to 100 attempts, and at most ${LONGEST_PAUSE_MS} ms`,
      { details: { attempts, backoffMs } },
    );
  }
  return Object.freeze({ kind: "retry", attempts, backoffMs, otherwise });
}

/**
 * Several handlers, of which a function takes one for each failure: by node, by topic, by what was thrown. It must decide by
 * its argument alone, because a record may be tried again.
 *
 * @param by Answers a name of `handlers`; any other answer stops the pin.
 * @source Kafka Streams `ProcessingExceptionHandler.handle`
 * @example
 * chooseHandler({ aside: deadLetter("orders-dead"), stop: logAndFail() }, ({ exception }) =>
 *   exception instanceof RangeError ? "aside" : "stop",
 * );
 */
export function chooseHandler<const H extends Readonly<Record<string, ExceptionHandler>>>(
  handlers: H,
  by: (failure: RecordFailure) => keyof H & string,
): ExceptionHandler {
  return Object.freeze({ kind: "choose", handlers, by });
}

/** Kafka Streams' default: whatever fails stops its pin. */
export const failAlways: ExceptionHandlers = Object.freeze({
  deserialization: logAndFail(),
  processing: logAndFail(),
  production: logAndFail(),
});

/**
 * What follows from a failure. Pure.
 *
 * @param retries How often the record was tried again so far.
 */
export function decideFailure(handler: ExceptionHandler, failure: RecordFailure, retries: number): FailureDecision {
  switch (handler.kind) {
    case "choose":
      return decideFailure(handler.handlers[handler.by(failure)] ?? logAndFail(), failure, retries);
    case "retry": {
      const { attempts, backoffMs, otherwise } = handler;
      if (retries >= attempts) return decideFailure(otherwise, failure, retries);
      return { kind: "retry", afterMs: Math.min(LONGEST_PAUSE_MS, backoffMs * 2 ** retries) };
    }
    default:
      return handler;
  }
}

/** Every topic that the handlers may write to, each once. */
export function deadLetterTopics(handlers: ExceptionHandlers): readonly string[] {
  return [...new Set(Object.values(handlers).flatMap(topicsOf))].sort();
}

function topicsOf(handler: ExceptionHandler): readonly string[] {
  switch (handler.kind) {
    case "dead-letter":
      return [handler.topic];
    case "retry":
      return topicsOf(handler.otherwise);
    case "choose":
      return Object.values(handler.handlers).flatMap(topicsOf);
    default:
      return [];
  }
}
