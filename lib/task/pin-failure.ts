import { isStreamError, StreamError } from "../core/errors.ts";
import { type PartitionKey, parsePartitionKey } from "../core/ids.ts";
import { type FetchedPartition, LogError } from "../ports/log.ts";
import { surfacedCode } from "./outcome.ts";
import type { PinEvent } from "./pin-state.ts";

/** Anything thrown while a pin works, as a typed error that names the pin. */
export function asStreamError(error: unknown, pin: number): StreamError {
  if (isStreamError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof LogError) {
    return new StreamError(surfacedCode(error), `pin ${pin}: ${message}`, {
      details: { ...error.details, pin, kafkaError: error.kafkaError },
      cause: error,
    });
  }
  const what = `pin ${pin} stopped by an error that nothing expected: ${message}`;
  return new StreamError("INVARIANT_BROKEN", what, { details: { pin }, cause: error });
}

/** What a failed call of an open transaction means for the pin. */
export function transactionFailure(error: unknown, pin: number): Extract<PinEvent, { kind: "transaction-failed" }> {
  const typed = asStreamError(error, pin);
  const again = error instanceof LogError ? typed.code === "LOG_UNAVAILABLE" : typed.advice === "retry";
  return { kind: "transaction-failed", verdict: { kind: again ? "reinitialise" : "stop", error: typed } };
}

/** What a fetch error of a partition means: a typed stop, or undefined when asking again helps. */
export function fetchFailure(
  key: PartitionKey,
  asked: number,
  answer: Extract<FetchedPartition, { kind: "error" }>,
): StreamError | undefined {
  const { topic, partition } = parsePartitionKey(key);
  const details = { topic, partition, offset: asked };
  switch (answer.error.kafkaError) {
    case "OFFSET_OUT_OF_RANGE":
      return new StreamError(
        "OFFSET_OUT_OF_RANGE",
        `${topic}-${partition} no longer has offset ${asked}: records were deleted before they were processed; raise the topic's retention, and run "millrace reset" to go on without them`,
        { details, cause: answer.error },
      );
    case "UNKNOWN_TOPIC_OR_PARTITION":
      return new StreamError(
        "TOPIC_MISSING",
        `topic ${topic} is gone while it is being read: create it again, or remove it from the topology`,
        { details, cause: answer.error },
      );
    case "TOPIC_AUTHORIZATION_FAILED":
      return new StreamError(
        "ACCESS_DENIED",
        `reading topic ${topic} needs Read on it, which this user does not have: grant it`,
        { details: { ...details, operation: "Read", resource: `topic ${topic}` }, cause: answer.error },
      );
    case "CORRUPT_MESSAGE":
      return new StreamError(
        "CORRUPT_BATCH",
        `${topic}-${partition} holds a batch at ${asked} whose checksum is wrong`,
        { details, cause: answer.error },
      );
    case "UNSUPPORTED_COMPRESSION_TYPE":
      return new StreamError(
        "UNSUPPORTED_COMPRESSION",
        `${topic}-${partition} holds a batch at ${asked} in a compression that cannot be read: ${answer.error.message}`,
        { details, cause: answer.error },
      );
    case "UNKNOWN_SERVER_ERROR":
      return new StreamError(
        "CORRUPT_BATCH",
        `${topic}-${partition} cannot be read at ${asked}: ${answer.error.message}`,
        { details, cause: answer.error },
      );
    default:
      return undefined; // retriable: the adapter refreshes its metadata, the fetcher asks again
  }
}
