import type { PartitionKey } from "../../../core/ids.ts";
import type { BrokerEvent, OffsetEntries } from "./events.ts";

/** A committed offset and when it was committed: each dies on its own. */
export interface CommittedOffset {
  readonly offset: number;
  readonly atMs: number;
}

/** Offsets of one group without members. */
export class GroupState {
  readonly offsets = new Map<PartitionKey, CommittedOffset>();
  /** Offsets inside open transactions, by producer id. */
  private readonly pending = new Map<number, Map<PartitionKey, number>>();

  /** Whether a transaction that is not finished holds an offset of the partition. */
  isUnstable(partition: PartitionKey): boolean {
    for (const offsets of this.pending.values()) if (offsets.has(partition)) return true;
    return false;
  }

  hasPending(producerId: number): boolean {
    return this.pending.has(producerId);
  }

  commit(offsets: OffsetEntries, atMs: number): void {
    for (const [partition, offset] of offsets) this.offsets.set(partition, { offset, atMs });
  }

  hold(producerId: number, offsets: OffsetEntries): void {
    const held = this.pending.get(producerId) ?? new Map<PartitionKey, number>();
    for (const [partition, offset] of offsets) held.set(partition, offset);
    this.pending.set(producerId, held);
  }

  settle(producerId: number, committed: boolean, atMs: number): void {
    const held = this.pending.get(producerId);
    this.pending.delete(producerId);
    if (held !== undefined && committed) this.commit([...held], atMs);
  }

  /** Events that give these offsets. */
  *asEvents(group: string): Generator<BrokerEvent> {
    for (const [partition, { offset, atMs }] of this.offsets) {
      yield { kind: "offsets-committed", group, offsets: [[partition, offset]], atMs };
    }
    for (const [producerId, offsets] of this.pending) {
      yield { kind: "offsets-pending", group, producerId, offsets: [...offsets] };
    }
  }

  /** Partitions whose offset was committed at or before a time, and that no transaction holds. */
  expiredAt(limitMs: number): PartitionKey[] {
    const expired: PartitionKey[] = [];
    for (const [partition, { atMs }] of this.offsets) {
      if (atMs <= limitMs && !this.isUnstable(partition)) expired.push(partition);
    }
    return expired;
  }
}
