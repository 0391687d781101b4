import type { PartitionKey } from "../../../core/ids.ts";
import type { AbortedRange, PartitionKnowledge } from "./partition-log.ts";
import type { TransactionRecord } from "./transaction-record.ts";

/** Next offsets by partition, as they stand in an event. */
export type OffsetEntries = readonly (readonly [PartitionKey, number])[];

/**
 * A change of the broker's state: the only way in which it changes, and what the journal keeps.
 *
 * Replaying every event in order gives the same state, so a journal that is cut anywhere is a state the broker was in.
 */
export type BrokerEvent =
  | {
      readonly kind: "topic-created";
      readonly topic: string;
      readonly topicId: string;
      readonly partitions: number;
      readonly configs: Readonly<Record<string, string>>;
    }
  | { readonly kind: "topic-deleted"; readonly topic: string }
  /** `bytes` is one record batch with its offset in place. */
  | { readonly kind: "appended"; readonly topic: string; readonly partition: number; readonly bytes: Buffer }
  | { readonly kind: "start-moved"; readonly topic: string; readonly partition: number; readonly offset: number }
  /** `bytes` are all batches of the partition after compaction, `aborted` its index of aborted transactions. */
  | {
      readonly kind: "compacted";
      readonly topic: string;
      readonly partition: number;
      readonly bytes: Buffer;
      readonly aborted: readonly AbortedRange[];
    }
  /** Part of a rewritten journal: batches of a partition, in order, without what follows from them. */
  | { readonly kind: "batches-restored"; readonly topic: string; readonly partition: number; readonly bytes: Buffer }
  /** Part of a rewritten journal: what a partition knows besides its batches. */
  | ({ readonly kind: "partition-restored"; readonly topic: string; readonly partition: number } & PartitionKnowledge)
  | { readonly kind: "producer-id-given"; readonly producerId: number }
  | { readonly kind: "transaction-changed"; readonly record: TransactionRecord }
  | { readonly kind: "transaction-expired"; readonly transactionalId: string }
  | {
      readonly kind: "offsets-committed";
      readonly group: string;
      readonly offsets: OffsetEntries;
      readonly atMs: number;
    }
  | {
      readonly kind: "offsets-pending";
      readonly group: string;
      readonly producerId: number;
      readonly offsets: OffsetEntries;
    }
  | {
      readonly kind: "offsets-settled";
      readonly group: string;
      readonly producerId: number;
      readonly committed: boolean;
      readonly atMs: number;
    }
  | { readonly kind: "offsets-expired"; readonly group: string; readonly partitions: readonly PartitionKey[] };

/**
 * Where events are kept. Without one the broker forgets everything at its end.
 *
 * @throws {StreamError} `LOG_UNAVAILABLE` when the medium refuses
 */
export interface LogJournal {
  /** Hands out every event of earlier lives, in order; called once, before the first `append`. */
  replay(apply: (event: BrokerEvent) => void): void;
  /** Keeps the events of one request, in order, before the request is answered. */
  append(events: readonly BrokerEvent[]): void;
  /** Called once after `replay`: may replace everything kept by events that give the same state. */
  rewrite(liveBytes: number, events: () => Iterable<BrokerEvent>): void;
  close(): void;
}
