import type { PartitionKey, TopicPartition } from "../../../core/ids.ts";
import { parsePartitionKey } from "../../../core/ids.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import type { Random } from "../../../ports/clock.ts";
import type { FetchRequest, OffsetAt, TopicSpec } from "../../../ports/log.ts";
import { BatchCursor, placeBatch } from "../../../records/batch.ts";
import type { AbortedTransaction } from "../../../records/committed.ts";
import type { BrokerCore } from "./broker-core.ts";
import type { TransactionCoordinator } from "./coordinator.ts";
import type { PartitionLog } from "./partition-log.ts";
import { decideAppend } from "./producer-state.ts";
import { limitsOf, type TopicLimits } from "./topic-config.ts";

/** Answer of Produce for one partition. */
export interface ProducedPartition {
  readonly error: KafkaErrorName;
  readonly baseOffset: number;
}

/** Answer of Fetch for one partition. */
export type ReadPartition =
  | { readonly error: "UNKNOWN_TOPIC_OR_PARTITION" | "OFFSET_OUT_OF_RANGE" }
  | {
      readonly error: "NONE";
      /** Whole batches, the last one perhaps cut off; undefined when there are none. */
      readonly bytes: Buffer | undefined;
      readonly aborted: readonly AbortedTransaction[];
      readonly end: number;
      readonly lastStable: number;
      readonly start: number;
    };

const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/** Topics and their partitions: everything of a broker that is not a coordinator. */
export class Storage {
  private readonly core: BrokerCore;
  private readonly coordinator: TransactionCoordinator;
  private readonly random: Random;

  constructor(core: BrokerCore, coordinator: TransactionCoordinator, random: Random) {
    this.core = core;
    this.coordinator = coordinator;
    this.random = random;
  }

  create(spec: TopicSpec): KafkaErrorName {
    if (this.core.state.topics.has(spec.name)) return "TOPIC_ALREADY_EXISTS";
    if (!TOPIC_NAME.test(spec.name)) return "INVALID_CONFIG";
    if (spec.partitions < 1) return "INVALID_PARTITIONS";
    const { name: topic, partitions, configs } = spec;
    this.core.emit({ kind: "topic-created", topic, topicId: this.random.uuid(), partitions, configs: { ...configs } });
    return "NONE";
  }

  delete(topic: string): KafkaErrorName {
    if (!this.core.state.topics.has(topic)) return "UNKNOWN_TOPIC_OR_PARTITION";
    this.core.emit({ kind: "topic-deleted", topic });
    return "NONE";
  }

  limits(topic: string): TopicLimits | undefined {
    const state = this.core.state.topics.get(topic);
    return state === undefined ? undefined : limitsOf(state, this.core.settings);
  }

  offset(at: TopicPartition, where: OffsetAt): number | undefined {
    const log = this.core.state.partition(at);
    if (log === undefined) return undefined;
    if (where === "earliest") return log.start;
    if (where === "lso") return log.lastStable;
    if (where === "hw") return log.end;
    return log.offsetAt(where.timestampMs) ?? log.end;
  }

  /** Appends one batch of a client: at its partition's end, or where it is already. */
  produce(at: TopicPartition, bytes: Buffer, transactionalId: string): ProducedPartition {
    const refuse = (error: KafkaErrorName): ProducedPartition => ({ error, baseOffset: -1 });
    const log = this.core.state.partition(at);
    if (log === undefined) return refuse("UNKNOWN_TOPIC_OR_PARTITION");
    const batch = new BatchCursor(bytes, at);
    if (!batch.advance()) return refuse("CORRUPT_MESSAGE");
    const invalid = this.invalid(at.topic, batch);
    if (invalid !== "NONE") return refuse(invalid);
    const verified = this.verify(log, batch, transactionalId);
    if (verified !== "NONE") return refuse(verified);
    const decision = decideAppend(log.producers.get(batch.producerId), batch);
    if (decision.kind === "refused") return refuse(decision.error);
    if (decision.kind === "duplicate") return { error: "NONE", baseOffset: decision.baseOffset };
    const baseOffset = log.end;
    placeBatch(bytes, baseOffset);
    this.core.emit({ kind: "appended", topic: at.topic, partition: at.partition, bytes });
    return { error: "NONE", baseOffset };
  }

  /** One pass over the partitions, in their order; the first one with data gets a whole batch, however large. */
  read(request: FetchRequest): Map<PartitionKey, ReadPartition> {
    const answers = new Map<PartitionKey, ReadPartition>();
    let remainingBytes = request.maxBytes;
    let wholeFirst = true;
    for (const [key, from] of request.positions) {
      const log = this.core.state.partitionOf(key);
      const maxBytes = Math.min(remainingBytes, request.maxPartitionBytes);
      const answer = log === undefined ? UNKNOWN : readOne(log, { from, maxBytes, wholeFirst });
      answers.set(key, answer);
      if (answer.error !== "NONE" || answer.bytes === undefined) continue;
      remainingBytes = Math.max(0, remainingBytes - answer.bytes.length);
      wholeFirst = false;
    }
    return answers;
  }

  deleteBefore(key: PartitionKey, offset: number): KafkaErrorName {
    const { topic, partition } = parsePartitionKey(key);
    const log = this.core.state.partitionOf(key);
    if (log === undefined) return "UNKNOWN_TOPIC_OR_PARTITION";
    if (this.limits(topic)?.deletes !== true) return "POLICY_VIOLATION";
    if (offset < 0 || offset > log.end) return "OFFSET_OUT_OF_RANGE";
    if (offset > log.start) this.core.emit({ kind: "start-moved", topic, partition, offset });
    return "NONE";
  }

  /** What can be wrong with a batch by itself. Null keys in compacted topics are not looked for: see the docs. */
  private invalid(topic: string, batch: BatchCursor): KafkaErrorName {
    const limits = this.limits(topic);
    if (limits === undefined) return "UNKNOWN_TOPIC_OR_PARTITION";
    if (batch.byteLength > limits.maxMessageBytes) return "MESSAGE_TOO_LARGE";
    const latestMs = this.core.clock.nowMs() + limits.timestampAfterMaxMs;
    return batch.maxTimestampMs > latestMs ? "INVALID_TIMESTAMP" : "NONE";
  }

  /** A transactional write needs an open transaction that knows the partition (KIP-890, part 1). */
  private verify(log: PartitionLog, batch: BatchCursor, transactionalId: string): KafkaErrorName {
    const { producerId, producerEpoch } = batch;
    if (!batch.isTransactional || log.hasOpen(producerId, producerEpoch)) return "NONE";
    return this.coordinator.admit(transactionalId, { producerId, producerEpoch }, `${log.topic}:${log.partition}`);
  }
}

const UNKNOWN: ReadPartition = { error: "UNKNOWN_TOPIC_OR_PARTITION" };

function readOne(log: PartitionLog, range: { from: number; maxBytes: number; wholeFirst: boolean }): ReadPartition {
  if (range.from < log.start || range.from > log.end) return { error: "OFFSET_OUT_OF_RANGE" };
  const { lastStable, start, end } = log;
  const bytes = range.from >= lastStable ? undefined : log.read(range);
  const aborted = bytes === undefined ? [] : log.abortedIn(range.from, lastStable);
  return { error: "NONE", bytes, aborted, end, lastStable, start };
}
