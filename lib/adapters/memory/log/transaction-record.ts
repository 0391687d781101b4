import type { PartitionKey } from "../../../core/ids.ts";

/** States of a transactional id. @source Kafka 4.3 `TransactionState` */
export type TransactionState =
  | "Empty"
  | "Ongoing"
  | "PrepareCommit"
  | "PrepareAbort"
  | "CompleteCommit"
  | "CompleteAbort";

/** What a transaction touches: partitions it wrote to, and groups whose offsets it carries. */
export type TransactionTarget = PartitionKey | `group:${string}`;

/** The coordinator's knowledge of a transactional id. Immutable: a transition makes a new record. */
export interface TransactionRecord {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Producer id that takes over when this transaction is complete, because the epoch ran out; -1 otherwise. */
  readonly nextProducerId: number;
  /** The id before a rotation; -1 without one. */
  readonly previousProducerId: number;
  readonly state: TransactionState;
  /** Protocol with which it was last ended: decides what a repeated EndTxn is compared with. */
  readonly endedWith: 1 | 2;
  readonly timeoutMs: number;
  /** Wall clock of the first write; -1 when no transaction is open. */
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  /** Targets whose marker is still to be written. */
  readonly targets: readonly TransactionTarget[];
}

/** The last epoch that a client may get: one is kept in reserve for fencing. */
export const LAST_CLIENT_EPOCH = 32_766;
