import { StreamError } from "../core/errors.ts";
import type { Cursor } from "../topology/cursor.ts";
import type { PartitionerContext, StreamPartitioner } from "../topology/routing.ts";

/**
 * Asks a user's partitioner.
 *
 * @returns undefined where the default partitioner is to choose
 * @throws {StreamError} `PROCESSING_FAILED` when it fails or names a partition that does not exist
 */
export function chosenPartitions(
  partitioner: StreamPartitioner,
  cursor: Cursor,
  context: PartitionerContext,
): readonly number[] | undefined {
  const answer = answerOf(partitioner, cursor, context);
  if (answer === undefined) return undefined;
  const partitions = typeof answer === "number" ? [answer] : [...new Set(answer)];
  for (const partition of partitions) {
    if (Number.isInteger(partition) && partition >= 0 && partition < context.partitionCount) continue;
    throw new StreamError(
      "PROCESSING_FAILED",
      `the partitioner answered ${String(partition)}, but ${context.topic} has partitions 0 to ${context.partitionCount - 1}`,
    );
  }
  return partitions;
}

function answerOf(partitioner: StreamPartitioner, cursor: Cursor, context: PartitionerContext) {
  try {
    return partitioner(cursor.key, cursor.value, context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StreamError("PROCESSING_FAILED", `the partitioner failed: ${reason}`, { cause });
  }
}
