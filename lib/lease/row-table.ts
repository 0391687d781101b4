import type {
  BeatOutcome,
  ClaimOutcome,
  DocumentRow,
  LeaseRow,
  LeaseTable,
  LeaseWriteOutcome,
  PlanChange,
  SnapshotPointer,
  WorkerReport,
  WorkerRow,
} from "../ports/lease-table.ts";
import {
  beatStep,
  claimStep,
  documentStep,
  leaseRowOf,
  leaveStep,
  planWorkerStep,
  publishStep,
  type RowStep,
  raiseStep,
  releaseStep,
  type StoredLease,
  takeBackStep,
} from "./rows.ts";

/** The kinds of row in a lease table. */
export interface RowKinds {
  readonly lease: StoredLease;
  readonly worker: WorkerRow;
  readonly document: DocumentRow;
}

/**
 * Rows of one application, each with an atomic update. What an adapter that can run our own code next to the row
 * implements, so that every condition is written once, in `rows.ts`.
 */
export interface RowStore {
  read<Kind extends keyof RowKinds>(kind: Kind, id: string): Promise<RowKinds[Kind] | undefined>;
  list<Kind extends keyof RowKinds>(kind: Kind): Promise<readonly RowKinds[Kind][]>;
  /** Applies a step to the row as it is; no other update of that row comes between. The step may be called again. */
  update<Kind extends keyof RowKinds, Outcome>(
    kind: Kind,
    id: string,
    step: (row: RowKinds[Kind] | undefined) => RowStep<RowKinds[Kind], Outcome>,
  ): Promise<Outcome>;
}

/** A lease table over rows with atomic updates. */
export class RowLeaseTable implements LeaseTable {
  readonly #rows: RowStore;

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  claim(pin: number, worker: string): Promise<ClaimOutcome> {
    return this.#rows.update("lease", String(pin), (row) => claimStep(row, pin, worker));
  }

  raise(pin: number, held: { worker: string; epoch: number; to: number }): Promise<LeaseWriteOutcome> {
    return this.#rows.update("lease", String(pin), (row) => raiseStep(row, held));
  }

  async read(pin: number): Promise<LeaseRow | undefined> {
    const row = await this.#rows.read("lease", String(pin));
    return row === undefined ? undefined : leaseRowOf(row);
  }

  release(pin: number, held: { worker: string; epoch: number; asleep: boolean }): Promise<LeaseWriteOutcome> {
    return this.#rows.update("lease", String(pin), (row) => releaseStep(row, held));
  }

  publishPointer(
    pin: number,
    held: { worker: string; epoch: number; seenVersion: number; pointer: SnapshotPointer },
  ): Promise<LeaseWriteOutcome> {
    return this.#rows.update("lease", String(pin), (row) => publishStep(row, held));
  }

  beat(worker: string, report: WorkerReport): Promise<BeatOutcome> {
    return this.#rows.update("worker", worker, (row) => beatStep(row, worker, report));
  }

  leave(worker: string, instance: string): Promise<void> {
    return this.#rows.update("worker", worker, (row) => leaveStep(row, instance));
  }

  async observe(): Promise<{ readonly leases: readonly LeaseRow[]; readonly workers: readonly WorkerRow[] }> {
    // leases first: an owner that is missing among the workers has then really left or been removed
    const leases = await this.#rows.list("lease");
    const workers = await this.#rows.list("worker");
    return {
      leases: leases.map(leaseRowOf).sort((a, b) => a.pin - b.pin),
      workers: [...workers].sort((a, b) => (a.worker < b.worker ? -1 : 1)),
    };
  }

  plan(change: PlanChange): Promise<boolean> {
    if (change.kind === "take-back") {
      return this.#rows.update("lease", String(change.pin), (row) => takeBackStep(row, change));
    }
    return this.#rows.update("worker", change.worker, (row) => planWorkerStep(row, change));
  }

  readDocument(name: string): Promise<DocumentRow | undefined> {
    return this.#rows.read("document", name);
  }

  writeDocument(name: string, seenVersion: number, body: string): Promise<{ written: boolean; row: DocumentRow }> {
    return this.#rows.update("document", name, (row) => documentStep(row, seenVersion, body));
  }
}
