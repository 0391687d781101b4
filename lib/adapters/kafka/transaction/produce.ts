import { type PartitionKey, partitionKey } from "../../../core/ids.ts";
import type { PartitionBatch } from "../../../ports/log.ts";
import type { Compression } from "../../../records/batch.ts";
import { compressBatch } from "../../../records/deflate.ts";
import { type ProduceBatch, type ProducedPartition, produceRequest } from "../api/produce.ts";
import type { ProducerIdentity } from "../api/producer-identity.ts";
import { askLeaders } from "../cluster/ask-leaders.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Deadline } from "../transport/deadline.ts";
import type { Lane } from "../transport/links.ts";
import type { Sequences } from "./sequences.ts";

/** Most bytes of one round over all leaders: a broker reads a request whole before it looks at it. */
const MAX_ROUND_BYTES = 16 * 1024 * 1024;

/** A batch with its final bytes: what is sent, and sent again. */
export interface StampedBatch extends ProduceBatch {
  readonly key: PartitionKey;
  readonly count: number;
}

/** What batches are stamped with. */
export interface BatchStamps {
  readonly producer: ProducerIdentity;
  readonly sequences: Sequences;
  readonly compression: Compression;
}

/** Gives every batch its producer, epoch and sequence, in the order of the call, and compresses it. */
export function stampBatches(
  batches: readonly PartitionBatch[],
  { producer, sequences, compression }: BatchStamps,
): StampedBatch[] {
  return batches.map(({ topic, partition, records }) => {
    const key = partitionKey(topic, partition);
    const baseSequence = sequences.take(key, records.count);
    const { producerId, producerEpoch } = producer;
    const plain = records.finish({ producerId, producerEpoch, baseSequence, transactional: true });
    const bytes = compression === "none" ? plain : compressBatch(plain, compression);
    return { key, topic, partition, count: records.count, bytes };
  });
}

/**
 * Splits batches into rounds: one batch per partition and round, in order, because a partition takes a batch only after the
 * one before it; and not more bytes than a request should have.
 */
export function planRounds(batches: readonly StampedBatch[], maxRoundBytes = MAX_ROUND_BYTES): StampedBatch[][] {
  const rounds: { readonly batches: StampedBatch[]; readonly keys: Set<PartitionKey>; byteLength: number }[] = [];
  const lastRound = new Map<PartitionKey, number>();
  for (const batch of batches) {
    let index = (lastRound.get(batch.key) ?? -1) + 1;
    while ((rounds[index]?.byteLength ?? 0) + batch.bytes.length > maxRoundBytes && rounds[index] !== undefined)
      index++;
    rounds[index] ??= { batches: [], keys: new Set(), byteLength: 0 };
    const round = rounds[index];
    if (round === undefined) continue;
    round.batches.push(batch);
    round.byteLength += batch.bytes.length;
    lastRound.set(batch.key, index);
  }
  return rounds.map((round) => round.batches);
}

/** What a Produce needs besides its batches. */
export interface ProduceCall {
  readonly producer: ProducerIdentity;
  readonly lane: Lane;
  readonly deadline: Deadline;
}

/**
 * Appends batches, one Produce per leader and round, the same bytes again where an answer was lost or a leader moved.
 *
 * @returns per partition the offset after its last batch
 * @throws {LogError} {@link LostRequest}
 */
export async function produceBatches(
  cluster: Cluster,
  batches: readonly StampedBatch[],
  call: ProduceCall,
): Promise<Map<PartitionKey, number>> {
  const ends = new Map<PartitionKey, number>();
  const timeoutMs = cluster.settings.requestTimeoutMs;
  for (const round of planRounds(batches)) {
    const produced = await askLeaders(cluster, {
      items: round,
      lane: call.lane,
      deadline: call.deadline,
      request: (items) => produceRequest({ producer: call.producer, timeoutMs, batches: items }),
      results: (answer): readonly ProducedPartition[] => answer.partitions.map(acceptDuplicate),
    });
    for (const { key, count } of round) {
      const result = produced.get(key);
      if (result !== undefined) ends.set(key, result.baseOffset + count);
    }
  }
  return ends;
}

const DUPLICATE_SEQUENCE_NUMBER = 46;

/** A batch that was appended before is a success, when the broker still knows where. */
function acceptDuplicate(result: ProducedPartition): ProducedPartition {
  const known = result.errorCode === DUPLICATE_SEQUENCE_NUMBER && result.baseOffset >= 0;
  return known ? { ...result, errorCode: 0 } : result;
}
