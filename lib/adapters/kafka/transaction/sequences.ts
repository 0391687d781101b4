import type { PartitionKey } from "../../../core/ids.ts";

const SEQUENCE_COUNT = 2 ** 31;

/** Next sequence number per partition, for one epoch of one producer id at a time. Numbers run from 0 to 2^31 - 1 and around. */
export class Sequences {
  private readonly next = new Map<PartitionKey, number>();

  /** Takes `count` numbers and answers the first of them. */
  take(key: PartitionKey, count: number): number {
    const first = this.next.get(key) ?? 0;
    this.next.set(key, (first + count) % SEQUENCE_COUNT);
    return first;
  }

  /** Counts from 0 again: the epoch was raised. */
  restart(): void {
    this.next.clear();
  }
}
