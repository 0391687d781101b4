import type { PartitionKey } from "../../../core/ids.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import type { BrokerCore } from "./broker-core.ts";
import type { TransactionCoordinator } from "./coordinator.ts";
import type { ProducerIdentity } from "./transaction-rules.ts";

/** Answer of OffsetFetch. An absent partition has no offset, or had one that expired. */
export interface OffsetsAnswer {
  readonly error: KafkaErrorName;
  readonly offsets: ReadonlyMap<PartitionKey, number>;
}

/** Offsets of groups without members: committed by anyone, expiring one by one, held back while a transaction decides. */
export class GroupOffsets {
  private readonly core: BrokerCore;
  private readonly coordinator: TransactionCoordinator;

  constructor(core: BrokerCore, coordinator: TransactionCoordinator) {
    this.core = core;
    this.coordinator = coordinator;
  }

  commit(group: string, offsets: ReadonlyMap<PartitionKey, number>): { readonly error: KafkaErrorName } {
    if (this.hasUnknownPartition(offsets)) return { error: "UNKNOWN_TOPIC_OR_PARTITION" };
    this.core.emit({ kind: "offsets-committed", group, offsets: [...offsets], atMs: this.core.clock.nowMs() });
    return { error: "NONE" };
  }

  /** Adds offsets to an open transaction. */
  commitInTransaction(
    group: string,
    producer: ProducerIdentity & { readonly transactionalId: string },
    offsets: ReadonlyMap<PartitionKey, number>,
  ): { readonly error: KafkaErrorName } {
    const { transactionalId, producerId } = producer;
    if (this.hasUnknownPartition(offsets)) return { error: "UNKNOWN_TOPIC_OR_PARTITION" };
    const error = this.coordinator.admit(transactionalId, producer, `group:${group}`);
    if (error !== "NONE") return { error };
    this.core.emit({ kind: "offsets-pending", group, producerId, offsets: [...offsets] });
    return { error: "NONE" };
  }

  /** Stable offsets only: UNSTABLE_OFFSET_COMMIT while a transaction holds one of the partitions. */
  fetch(group: string, partitions: readonly PartitionKey[]): OffsetsAnswer {
    const offsets = new Map<PartitionKey, number>();
    const state = this.core.state.groups.get(group);
    if (state === undefined) return { error: "NONE", offsets };
    for (const partition of partitions) {
      if (state.isUnstable(partition)) return { error: "UNSTABLE_OFFSET_COMMIT", offsets: new Map() };
      const committed = state.offsets.get(partition);
      if (committed !== undefined) offsets.set(partition, committed.offset);
    }
    return { error: "NONE", offsets };
  }

  /** Forgets offsets that are older than `offsetsRetentionMs`. Nobody waits for it, so it is done on reading. */
  expire(): void {
    const limitMs = this.core.clock.nowMs() - this.core.settings.offsetsRetentionMs;
    for (const [group, state] of this.core.state.groups) {
      const partitions = state.expiredAt(limitMs);
      if (partitions.length > 0) this.core.emit({ kind: "offsets-expired", group, partitions });
    }
  }

  private hasUnknownPartition(offsets: ReadonlyMap<PartitionKey, number>): boolean {
    for (const partition of offsets.keys()) if (this.core.state.partitionOf(partition) === undefined) return true;
    return false;
  }
}
