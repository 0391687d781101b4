import { isStreamError, StreamError } from "../../core/errors.ts";
import type { KafkaErrorName } from "../../core/kafka-errors.ts";
import { type FetchedPartition, LogError } from "../../ports/log.ts";
import { committedReader } from "../../records/committed.ts";
import type { FetchedBatches } from "./api/fetch.ts";
import { answerError } from "./failures.ts";

/** What one partition of a Fetch answer is to the reader of committed records. */
export function readFetched(
  batches: FetchedBatches,
  { from, onRelease }: { readonly from: number; readonly onRelease: () => void },
): FetchedPartition {
  const { topic, partition, highWatermark, lastStable, logStart, aborted } = batches;
  const refused = answerError(batches.errorCode, { request: "Fetch", topic, partition });
  if (refused !== undefined) return { kind: "error", error: asFetchError(refused, { topic, partition, offset: from }) };
  try {
    const { reader, next } = committedReader(batches.batches, { from, aborted, topic, partition, onRelease });
    return { kind: "records", records: reader, next, highWatermark, lastStable, logStart };
  } catch (error) {
    if (!isStreamError(error)) throw error;
    return { kind: "error", error: asFetchError(error, { topic, partition, offset: from }) };
  }
}

const namesByCode: Partial<Record<StreamError["code"], KafkaErrorName>> = {
  CORRUPT_BATCH: "CORRUPT_MESSAGE",
  UNSUPPORTED_COMPRESSION: "UNSUPPORTED_COMPRESSION_TYPE",
  ACCESS_DENIED: "TOPIC_AUTHORIZATION_FAILED",
  CONFIG_INVALID: "INVALID_TOPIC_EXCEPTION",
};

/** The error of a partition, as a `LogError` that names its place. */
export function asFetchError(
  error: LogError | StreamError,
  place: { topic: string; partition: number; offset?: number },
): LogError {
  const details = { ...error.details, ...place };
  if (error instanceof StreamError) {
    return new LogError(namesByCode[error.code] ?? "UNKNOWN_SERVER_ERROR", error.message, { details, cause: error });
  }
  const message = error.message.slice(error.kafkaError.length + 2); // the constructor puts the name in front
  return new LogError(error.kafkaError, `${message} at offset ${place.offset}`, { details });
}
