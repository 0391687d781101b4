import { StreamError } from "../../../core/errors.ts";
import { type PartitionKey, partitionKey, type TopicPartition } from "../../../core/ids.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import type { PartitionBatch } from "../../../ports/log.ts";
import type { ProducedPartition } from "./storage.ts";

/** A batch with its stamp: the same bytes however often it is sent. */
export interface StampedBatch extends TopicPartition {
  readonly key: PartitionKey;
  readonly bytes: Buffer;
  readonly count: number;
}

/** Answer of a Produce request, with the error that decides for all of it. */
export interface ProduceAnswer {
  readonly error: KafkaErrorName;
  /** The partition that the error is from. */
  readonly partition: PartitionKey | undefined;
  readonly baseOffsets: readonly number[];
}

/** Splits batches so that a round has one per partition, in order: a Produce request cannot carry two. */
export function rounds(batches: readonly PartitionBatch[]): readonly PartitionBatch[][] {
  const made: PartitionBatch[][] = [];
  const counts = new Map<PartitionKey, number>();
  for (const batch of batches) {
    const key = partitionKey(batch.topic, batch.partition);
    const index = counts.get(key) ?? 0;
    counts.set(key, index + 1);
    const round = made[index];
    if (round === undefined) made.push([batch]);
    else round.push(batch);
  }
  return made;
}

/** A final error goes before one that passes: nothing is sent again when a partition has refused for good. */
export function summarise(batches: readonly StampedBatch[], answers: readonly ProducedPartition[]): ProduceAnswer {
  const failed = answers.flatMap(({ error }, index) => (error === "NONE" ? [] : [{ error, key: batches[index]?.key }]));
  const deciding = failed.find(({ error }) => error !== "CONCURRENT_TRANSACTIONS") ?? failed[0];
  return {
    error: deciding?.error ?? "NONE",
    partition: deciding?.key,
    baseOffsets: answers.map(({ baseOffset }) => baseOffset),
  };
}

/**
 * Refuses batches that their topic would refuse.
 * @throws {StreamError} `RECORD_TOO_LARGE` when a batch is over its topic's limit
 */
export function checkSizes(batches: readonly PartitionBatch[], limitsBytes: ReadonlyMap<string, number>): void {
  for (const { topic, partition, records } of batches) {
    const limitBytes = limitsBytes.get(topic) ?? Number.POSITIVE_INFINITY;
    const batchBytes = records.byteLength;
    if (batchBytes <= limitBytes) continue;
    const text = `a batch of ${batchBytes} bytes is over the ${limitBytes} that topic ${topic} takes`;
    throw new StreamError("RECORD_TOO_LARGE", text, { details: { topic, partition, batchBytes, limitBytes } });
  }
}
