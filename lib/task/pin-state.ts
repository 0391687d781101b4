import type { Position } from "../application/position.ts";
import type { StreamError } from "../core/errors.ts";
import type { LeaseRow, LeaseWriteOutcome } from "../ports/lease-table.ts";

/** Why a pin is given up in an orderly way. `sleep`: nobody else takes it now. */
export type DrainReason = "handover" | "sleep" | "deadline";

/** How the life of a pin in this worker ended. */
export type PinOutcome =
  /** Another worker holds it. */
  | { readonly kind: "taken"; readonly row: LeaseRow }
  | { readonly kind: "released"; readonly asleep: boolean }
  /** A higher epoch exists: everything was dropped, nothing was written. */
  | { readonly kind: "fenced"; readonly row: LeaseRow | undefined }
  /** A typed error that a person must look at. */
  | { readonly kind: "stopped"; readonly error: StreamError };

/** What is true of every state in which the lease is ours, as far as we know. */
export interface Held {
  readonly lease: LeaseRow;
  /** No row existed before our claim: epochs found elsewhere must be exceeded before the first commit. */
  readonly first: boolean;
  /** Acquires in a row without a commit in between. */
  readonly reacquires: number;
  readonly draining: DrainReason | undefined;
  /** Undefined while no state is in memory: then the next position means a full restore. */
  readonly memory: Memory | undefined;
}

/** What the stores in memory hold: the fold up to `committed`, and perhaps a sealed layer of `sealed`. */
export interface Memory {
  readonly committed: number;
  readonly sealed: number | undefined;
  /** Commits that no manifest covers and no publication under way will cover. */
  readonly uncovered: Uncovered;
}

/** Commits that changed stores, as a takeover would have to replay them. */
export interface Uncovered {
  readonly commits: number;
  /** Changelog records. */
  readonly records: number;
  /** Changelog bytes, keys and values. */
  readonly bytes: number;
  /** Monotonic time of the first of them. */
  readonly sinceMs: number;
}

/** Processing. */
export interface Running extends Held {
  readonly kind: "running";
  readonly memory: Memory;
  /** When the last commit began, monotonic; 0 before the first. */
  readonly lastCommitMs: number;
  /** Transaction that is being committed. */
  readonly inFlight: number | undefined;
  /** Full batches of the open transaction are being sent. */
  readonly flushing: boolean;
  /** What the publication under way will cover; undefined when there is none. */
  readonly publishing: Uncovered | undefined;
  /** Set after a publish failed: not before. */
  readonly publishNotBeforeMs: number;
}

/** The life of a pin in a worker. */
export type PinState =
  | { readonly kind: "claiming"; readonly draining: DrainReason | undefined }
  | ({ readonly kind: "fencing" } & Held)
  | ({ readonly kind: "confirming" } & Held)
  | ({ readonly kind: "locating" } & Held)
  | ({ readonly kind: "raising"; readonly position: Position | undefined } & Held)
  | ({ readonly kind: "restoring"; readonly position: Position | undefined } & Held)
  | ({ readonly kind: "birthing"; readonly transaction: number; readonly memory: Memory } & Omit<Held, "memory">)
  | Running
  | ({ readonly kind: "releasing"; readonly asleep: boolean; readonly error: StreamError | undefined } & Held)
  | { readonly kind: "ended"; readonly outcome: PinOutcome };

/** What the interpreter saw of the open layer. */
export interface OpenLayer {
  readonly records: number;
  /** Encoded output, sent or not. */
  readonly bytes: number;
  /** When the first thing happened in it, monotonic. */
  readonly sinceMs: number;
  /** Positions moved past markers without a record, or timers are due at other times than committed. */
  readonly moved: boolean;
  readonly fullBatches: boolean;
  /** User code asked for a commit. */
  readonly commitRequested: boolean;
}

/** What happened. Times are monotonic. */
export type PinEvent =
  | { readonly kind: "claimed"; readonly row: LeaseRow; readonly first: boolean }
  | { readonly kind: "taken"; readonly row: LeaseRow }
  | { readonly kind: "initialised" }
  | { readonly kind: "confirmed"; readonly row: LeaseRow | undefined; readonly worker: string }
  | { readonly kind: "located"; readonly position: Position | undefined }
  | { readonly kind: "raised"; readonly row: LeaseRow | undefined; readonly ok: boolean }
  | { readonly kind: "restored"; readonly tailRecords: number; readonly missingInputs: boolean; readonly nowMs: number }
  | { readonly kind: "resumed"; readonly landed: boolean; readonly missingInputs: boolean; readonly nowMs: number }
  | { readonly kind: "progressed"; readonly open: OpenLayer; readonly nowMs: number }
  | { readonly kind: "flushed" }
  /** A record failed and is to be tried again: the open transaction is not to be committed. */
  | { readonly kind: "retry-asked"; readonly afterMs: number }
  | {
      readonly kind: "committed";
      readonly transaction: number;
      readonly changelogRecords: number;
      readonly changelogBytes: number;
      readonly nowMs: number;
    }
  | { readonly kind: "transaction-failed"; readonly verdict: TransactionVerdict }
  | { readonly kind: "published"; readonly row: LeaseRow; readonly transaction: number; readonly nowMs: number }
  | { readonly kind: "pointer-moved"; readonly row: LeaseRow | undefined; readonly worker: string }
  | { readonly kind: "publish-failed"; readonly nowMs: number }
  | { readonly kind: "released"; readonly outcome: LeaseWriteOutcome }
  | { readonly kind: "drain"; readonly reason: DrainReason }
  | { readonly kind: "failed"; readonly error: StreamError };

/** What a failed transaction means for the pin; decided by `outcome.ts`. */
export type TransactionVerdict =
  | {
      readonly kind: "reinitialise" /** What failed, for whoever reads why a pin gave up. */;
      readonly error?: StreamError;
    }
  | { readonly kind: "stop"; readonly error: StreamError };

/** What the interpreter is to do. Asynchronous ones answer with an event. */
export type PinEffect =
  | { readonly kind: "claim" }
  /** InitProducerId, after a pause. */
  | { readonly kind: "initialise"; readonly afterMs: number }
  | { readonly kind: "confirm" }
  | { readonly kind: "locate" }
  | { readonly kind: "raise"; readonly row: LeaseRow; readonly first: boolean; readonly positionEpoch: number }
  /** Build the tasks anew: snapshot, then tail up to the position. */
  | { readonly kind: "restore"; readonly row: LeaseRow; readonly position: Position | undefined }
  /** Keep the committed layer; fold the sealed layer in if its transaction landed; rewind the rest to the position. */
  | { readonly kind: "resume"; readonly position: Position; readonly landed: boolean }
  | { readonly kind: "birth"; readonly epoch: number; readonly transaction: number }
  | { readonly kind: "flush" }
  | { readonly kind: "commit"; readonly epoch: number; readonly transaction: number }
  | { readonly kind: "acknowledge"; readonly transaction: number }
  /** Stop using the transactor and forget what was not sent. Stores wait for the newest position. */
  | { readonly kind: "drop" }
  | { readonly kind: "publish"; readonly row: LeaseRow; readonly transaction: number; readonly reason: string }
  | { readonly kind: "release"; readonly row: LeaseRow; readonly asleep: boolean }
  | { readonly kind: "abort" };

/** Limits that the machine decides with. */
export interface PinConfig {
  readonly commitIntervalMs: number;
  readonly commitMaxBytes: number;
  /** A position that moved without records is committed after this much quiet. */
  readonly positionOnlyCommitMs: number;
  readonly maxReacquires: number;
  readonly snapshotMaxAgeMs: number;
  readonly snapshotMaxTailRecords: number;
  /** Changelog bytes since the last manifest. */
  readonly snapshotMaxDirtyBytes: number;
  readonly snapshotRetryMs: number;
  /** A hand-over with a shorter tail publishes nothing. */
  readonly handoverMaxTailRecords: number;
}
