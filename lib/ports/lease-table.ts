/** Where the newest snapshot of a pin is: enough to read its manifest with one ranged read. */
export interface SnapshotPointer {
  /** Object path. */
  readonly path: string;
  readonly manifestOffset: number;
  readonly manifestLength: number;
  readonly version: number;
  /** Lease epoch of the writer. */
  readonly epoch: number;
  readonly publishedAtMs: number;
}

/** The lease of one pin. */
export interface LeaseRow {
  readonly pin: number;
  /** Raised by one at every claim; never goes down. */
  readonly epoch: number;
  /** The worker that holds the pin, or undefined when free. */
  readonly owner: string | undefined;
  /** Who held it last, for stickiness. */
  readonly lastOwner: string | undefined;
  /**
   * True only after a release whose manifest covers the pin's last commit: only then may the pin stay without a worker
   * at lag 0. A pin taken back from a dead worker is not asleep.
   */
  readonly asleep: boolean;
  readonly pointer: SnapshotPointer | undefined;
  /** Version of the last published pointer; 0 before the first. */
  readonly version: number;
}

/** A pin that its worker gave up with a typed error that trying again at once does not cure. */
export interface StoppedPin {
  readonly pin: number;
  /** Code of the `StreamError`. */
  readonly code: string;
}

/** What a worker tells with a beat. Rates are records per busy second, learnt by the worker. */
export interface WorkerReport {
  /** New for every process: two containers that were started with one worker id differ in it. */
  readonly instance: string;
  readonly status: "starting" | "ready" | "draining";
  /** Pins held now. */
  readonly held: readonly number[];
  /** Pins that the plan gives to this worker and that stopped in it, until the plan takes them away. */
  readonly stopped: readonly StoppedPin[];
  /** Next input offset per partition of each held pin: `topic:partition` → offset. */
  readonly positions: Readonly<Record<string, number>>;
  readonly recordsPerBusySecond: number;
  readonly recordsTotal: number;
  readonly busyRatio: number;
  /** Earliest wall-clock timer that is due, or undefined. */
  readonly nextTimerAtMs: number | undefined;
  /** Relative life left, for workers with a deadline. */
  readonly remainingMs: number | undefined;
}

/** A worker as the table knows it. */
export interface WorkerRow extends WorkerReport {
  readonly worker: string;
  /** Counts beats. A reader judges life by whether *it* saw this number move, never by a clock in the row. */
  readonly beat: number;
  /** Pins that the plan gives to this worker. */
  readonly assigned: readonly number[];
  /** Version of `assigned`: plans are conditional on it. */
  readonly planVersion: number;
}

/**
 * What a beat answers: the worker's orders, or that it has none any more: its row is gone because it was declared dead, or
 * belongs to another process with the same worker id.
 */
export type BeatOutcome =
  | { readonly kind: "ok"; readonly assigned: readonly number[]; readonly planVersion: number }
  | { readonly kind: "revoked" };

/** What a claim answers. */
export type ClaimOutcome =
  | {
      readonly kind: "claimed";
      readonly row: LeaseRow /** No row existed, or nobody has raised its epoch since: it is raised before the first commit. */;
      readonly first: boolean;
    }
  | { readonly kind: "taken"; readonly row: LeaseRow };

/** What a conditional write on a lease answers. `row` is what is there now. */
export type LeaseWriteOutcome =
  | { readonly kind: "ok"; readonly row: LeaseRow }
  | { readonly kind: "lost"; readonly row: LeaseRow | undefined };

/** One change of a plan. All are conditional, so two coordinators are harmless. */
export type PlanChange =
  | { readonly kind: "add-worker"; readonly worker: string; readonly assigned: readonly number[] }
  | {
      readonly kind: "assign";
      readonly worker: string;
      readonly assigned: readonly number[];
      readonly planVersion: number;
    }
  | {
      readonly kind: "remove-worker";
      readonly worker: string /** Only if the beat is still this one. */;
      readonly beat: number;
    }
  | { readonly kind: "take-back"; readonly pin: number; readonly owner: string; readonly epoch: number };

/** A versioned document with a conditional write: the app manifest, coordinator memory. */
export interface DocumentRow {
  readonly version: number;
  readonly body: string;
}

/**
 * Leases, worker rows and pointers of one application. Reads are strongly consistent; every write is conditional.
 *
 * A conditional write whose answer is lost is settled inside by a strong read (same owner and epoch = it was ours).
 *
 * @throws {StreamError} `LEASE_TABLE_UNAVAILABLE`, `ACCESS_DENIED`, `TABLE_MISSING`
 */
export interface LeaseTable {
  /** Takes a free pin: epoch + 1, owner = worker, asleep = false. A pin held by this same worker id is `taken` as well. */
  claim(pin: number, worker: string): Promise<ClaimOutcome>;
  /** Raises the epoch of a lease that is held with `epoch` (after the table was lost). `to` > `epoch`. */
  raise(pin: number, held: { worker: string; epoch: number; to: number }): Promise<LeaseWriteOutcome>;
  read(pin: number): Promise<LeaseRow | undefined>;
  release(pin: number, held: { worker: string; epoch: number; asleep: boolean }): Promise<LeaseWriteOutcome>;
  /** Moves the pointer: only with the epoch held and the version seen; the row's version becomes `pointer.version`. */
  publishPointer(
    pin: number,
    held: { worker: string; epoch: number; seenVersion: number; pointer: SnapshotPointer },
  ): Promise<LeaseWriteOutcome>;
  /** Counts a beat. The first instance that beats owns the row: any other is `revoked` until the row is removed. */
  beat(worker: string, report: WorkerReport): Promise<BeatOutcome>;
  /** Removes the worker's own row at a graceful end; not that of another instance. */
  leave(worker: string, instance: string): Promise<void>;
  /** Every lease and worker row. */
  observe(): Promise<{ readonly leases: readonly LeaseRow[]; readonly workers: readonly WorkerRow[] }>;
  /** Applies one change of a plan; false when its condition failed. */
  plan(change: PlanChange): Promise<boolean>;
  readDocument(name: string): Promise<DocumentRow | undefined>;
  /** Writes a document if its version is still `seenVersion` (0: absent). @returns what is there now, and whether it was ours */
  writeDocument(name: string, seenVersion: number, body: string): Promise<{ written: boolean; row: DocumentRow }>;
}
