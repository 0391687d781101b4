/**
 * Where the changelogs of a pin will end after the batches of a transaction: nobody else writes there, so the log's answer can
 * be known beforehand, and the position, which carries the ends, need not wait for it.
 *
 * Owns: the ends that the log told. Does not own: what is done with a guess that turns out wrong (`pin-transaction.ts`).
 *
 * Invariants:
 * 1. An end is expected only where the log told the one before it, to the same epoch of the writer.
 * 2. The marker of a transaction takes one offset of every partition that the transaction wrote to.
 */
import type { PinPlan } from "../application/plan.ts";
import { type PartitionKey, partitionKey } from "../core/ids.ts";
import type { PartitionBatch } from "../ports/log.ts";

/** The ends of the changelogs of one pin, as one epoch of its writer knows them. */
export class ChangelogEnds {
  private readonly changelogs: ReadonlySet<PartitionKey>;
  /** Where the next record will lie, of partitions that were written to. */
  private readonly next = new Map<PartitionKey, number>();
  private readonly learnt = new Map<PartitionKey, number>();

  constructor({ tasks }: PinPlan) {
    this.changelogs = new Set(tasks.flatMap(({ changelogs }) => changelogs.map(({ key }) => key)));
  }

  /** What the log told of the transaction that is open. */
  get ofTransaction(): ReadonlyMap<PartitionKey, number> {
    return this.learnt;
  }

  /** Ends of the changelogs among `batches` once these are written; undefined when one of them is not known. */
  expect(batches: readonly PartitionBatch[]): ReadonlyMap<PartitionKey, number> | undefined {
    const expected = new Map<PartitionKey, number>();
    for (const { topic, partition, records } of batches) {
      const key = partitionKey(topic, partition);
      if (!this.changelogs.has(key)) continue;
      const from = expected.get(key) ?? this.next.get(key);
      if (from === undefined) return undefined;
      expected.set(key, from + records.count);
    }
    return expected;
  }

  /** Takes what the log answered. */
  learn(ends: ReadonlyMap<PartitionKey, number>): void {
    for (const [key, end] of ends) {
      if (!this.changelogs.has(key)) continue;
      this.learnt.set(key, end);
      this.next.set(key, end);
    }
  }

  /** True when the log told what was expected. */
  areAs(expected: ReadonlyMap<PartitionKey, number>): boolean {
    for (const [key, end] of expected) if (this.learnt.get(key) !== end) return false;
    return true;
  }

  /** The transaction was committed: its markers follow. */
  committed(): void {
    for (const [key, end] of this.learnt) this.next.set(key, end + 1);
    this.learnt.clear();
  }
}
