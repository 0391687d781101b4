import type { LogFields, Logger } from "../ports/logger.ts";
import type { RecordFailure } from "../topology/exception-handler.ts";
import type { RetryOrder } from "./record-failures.ts";
import type { Task } from "./task.ts";

/** Logs every failure that a handler let pass since the last call. */
export function tellPassedFailures(tasks: readonly Task[], { pin, logger }: { pin: number; logger: Logger }): void {
  for (const { failures } of tasks) {
    for (const { deadLetterTopic = null, ...failure } of failures.takePassed()) {
      logger.warn("record-skipped", { pin, ...fieldsOf(failure), deadLetterTopic });
    }
  }
}

/** Logs that a record is tried again, or that a transaction is, for reasons of an operator's. */
export function tellRetry(
  { failure, afterMs, error }: RetryOrder,
  { pin, logger }: { readonly pin: number; readonly logger: Logger },
): void {
  if (failure === undefined) logger.info("transaction-retried", { pin, reason: error.message });
  else logger.warn("record-retried", { pin, ...fieldsOf(failure), afterMs });
}

function fieldsOf({ exception, ...facts }: RecordFailure): LogFields {
  return { ...facts, error: String(exception) };
}
