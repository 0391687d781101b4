import type { PartitionKey, TopicPartition } from "../../../core/ids.ts";
import { parsePartitionKey } from "../../../core/ids.ts";
import type { BrokerEvent } from "./events.ts";
import { GroupState } from "./group-state.ts";
import { PartitionLog } from "./partition-log.ts";
import type { TransactionRecord } from "./transaction-record.ts";

/** A topic and its partitions. */
export interface TopicState {
  readonly topic: string;
  readonly topicId: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly partitions: readonly PartitionLog[];
}

/** All that a broker knows; changed by events only. */
export class BrokerState {
  readonly topics = new Map<string, TopicState>();
  readonly transactions = new Map<string, TransactionRecord>();
  readonly groups = new Map<string, GroupState>();
  /** The last producer id that was given out. */
  lastProducerId = -1;

  /** The partition, or undefined when there is none. */
  partition(at: TopicPartition): PartitionLog | undefined {
    return this.topics.get(at.topic)?.partitions[at.partition];
  }

  partitionOf(key: PartitionKey): PartitionLog | undefined {
    return this.partition(parsePartitionKey(key));
  }

  apply(event: BrokerEvent): void {
    switch (event.kind) {
      case "topic-created":
        this.createTopic(event);
        return;
      case "topic-deleted":
        this.deleteTopic(event.topic);
        return;
      case "appended":
        this.partition(event)?.append(event.bytes);
        return;
      case "start-moved":
        this.partition(event)?.moveStart(event.offset);
        return;
      case "compacted":
        this.partition(event)?.replace(event.bytes, event.aborted);
        return;
      case "batches-restored":
        this.partition(event)?.store(event.bytes);
        return;
      case "partition-restored":
        this.partition(event)?.know(event);
        return;
      case "producer-id-given":
        this.lastProducerId = event.producerId;
        return;
      case "transaction-changed":
        this.transactions.set(event.record.transactionalId, event.record);
        return;
      case "transaction-expired":
        this.transactions.delete(event.transactionalId);
        return;
      case "offsets-committed":
        this.group(event.group).commit(event.offsets, event.atMs);
        return;
      case "offsets-pending":
        this.group(event.group).hold(event.producerId, event.offsets);
        return;
      case "offsets-settled":
        this.group(event.group).settle(event.producerId, event.committed, event.atMs);
        return;
      case "offsets-expired":
        for (const partition of event.partitions) this.group(event.group).offsets.delete(partition);
        return;
    }
  }

  /** Bytes of all batches. */
  get batchBytes(): number {
    let total = 0;
    for (const { partitions } of this.topics.values()) {
      for (const log of partitions) for (const content of log.contents()) total += content.length;
    }
    return total;
  }

  /** Events that give this state, and no history. */
  *asEvents(): Generator<BrokerEvent> {
    for (const { topic, topicId, configs, partitions } of this.topics.values()) {
      yield { kind: "topic-created", topic, topicId, configs, partitions: partitions.length };
      for (const log of partitions) {
        const at = { topic, partition: log.partition };
        for (const bytes of log.contents()) yield { kind: "batches-restored", ...at, bytes };
        yield { kind: "partition-restored", ...at, ...log.knowledge() };
      }
    }
    yield { kind: "producer-id-given", producerId: this.lastProducerId };
    for (const record of this.transactions.values()) yield { kind: "transaction-changed", record };
    for (const [group, state] of this.groups) yield* state.asEvents(group);
  }

  private group(name: string): GroupState {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const made = new GroupState();
    this.groups.set(name, made);
    return made;
  }

  private createTopic(event: Extract<BrokerEvent, { kind: "topic-created" }>): void {
    const { topic, topicId, configs } = event;
    const partitions = Array.from({ length: event.partitions }, (_, partition) => new PartitionLog(topic, partition));
    this.topics.set(topic, { topic, topicId, configs, partitions });
  }

  /** Offsets of groups for the topic go with it. */
  private deleteTopic(topic: string): void {
    this.topics.delete(topic);
    for (const group of this.groups.values()) {
      for (const key of group.offsets.keys()) if (parsePartitionKey(key).topic === topic) group.offsets.delete(key);
    }
  }
}
