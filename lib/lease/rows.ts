import { invariant } from "../core/errors.ts";
import type {
  BeatOutcome,
  ClaimOutcome,
  DocumentRow,
  LeaseRow,
  LeaseWriteOutcome,
  PlanChange,
  SnapshotPointer,
  WorkerReport,
  WorkerRow,
} from "../ports/lease-table.ts";

/** A lease as it is stored. */
export interface StoredLease extends LeaseRow {
  /** True until somebody has looked for older epochs and raised this one above them. */
  readonly unraised: boolean;
}

/** What a step does to its row. */
export type RowChange<Row> =
  | { readonly kind: "keep" }
  | { readonly kind: "put"; readonly row: Row }
  | { readonly kind: "remove" };

/** One conditional write: what happens to the row and what the caller is told. */
export interface RowStep<Row, Outcome> {
  readonly change: RowChange<Row>;
  readonly outcome: Outcome;
}

/** A worker id and the epoch under which it holds a pin. */
export interface Held {
  readonly worker: string;
  readonly epoch: number;
}

const keep = { kind: "keep" } as const;

/** The port's view of a stored lease. */
export function leaseRowOf({ unraised: _, ...row }: StoredLease): LeaseRow {
  return row;
}

/** Takes a free pin. */
export function claimStep(
  row: StoredLease | undefined,
  pin: number,
  worker: string,
): RowStep<StoredLease, ClaimOutcome> {
  if (row?.owner !== undefined) return { change: keep, outcome: { kind: "taken", row: leaseRowOf(row) } };
  const before = row ?? { ...unclaimed, pin };
  const claimed = { ...before, epoch: before.epoch + 1, owner: worker, asleep: false };
  return put(claimed, { kind: "claimed", row: leaseRowOf(claimed), first: claimed.unraised });
}

const unclaimed = {
  epoch: 0,
  lastOwner: undefined,
  pointer: undefined,
  version: 0,
  unraised: true,
} as const;

/** Raises the epoch of a lease that is held. */
export function raiseStep(
  row: StoredLease | undefined,
  held: Held & { readonly to: number },
): RowStep<StoredLease, LeaseWriteOutcome> {
  assertRaise(held);
  return whenHeld(row, held, (mine) => ({ ...mine, epoch: held.to, unraised: false }));
}

/** Frees a pin at the end of its worker's work on it. */
export function releaseStep(
  row: StoredLease | undefined,
  held: Held & { readonly asleep: boolean },
): RowStep<StoredLease, LeaseWriteOutcome> {
  return whenHeld(row, held, (mine) => ({
    ...mine,
    owner: undefined,
    lastOwner: held.worker,
    asleep: held.asleep,
  }));
}

/** Moves the snapshot pointer. */
export function publishStep(
  row: StoredLease | undefined,
  held: Held & { readonly seenVersion: number; readonly pointer: SnapshotPointer },
): RowStep<StoredLease, LeaseWriteOutcome> {
  assertPublish(held);
  if (row?.version !== held.seenVersion) return lost(row);
  return whenHeld(row, held, (mine) => ({ ...mine, pointer: held.pointer, version: held.pointer.version }));
}

/** Frees the pin of a dead worker. The next owner must drain it, so it is not asleep. */
export function takeBackStep(
  row: StoredLease | undefined,
  change: Extract<PlanChange, { kind: "take-back" }>,
): RowStep<StoredLease, boolean> {
  const held = { worker: change.owner, epoch: change.epoch };
  const { change: written, outcome } = whenHeld(row, held, (theirs) => ({
    ...theirs,
    owner: undefined,
    lastOwner: change.owner,
    asleep: false,
  }));
  return { change: written, outcome: outcome.kind === "ok" };
}

/**
 * Counts a beat. Only a worker that is starting may make its own row; any other without one was declared dead. The first
 * instance that beats owns the row: a second container with the same worker id would claim and release under its name.
 */
export function beatStep(
  row: WorkerRow | undefined,
  worker: string,
  report: WorkerReport,
): RowStep<WorkerRow, BeatOutcome> {
  if (row === undefined && report.status !== "starting") return { change: keep, outcome: { kind: "revoked" } };
  if (row !== undefined && !isInstance(row, report.instance)) return { change: keep, outcome: { kind: "revoked" } };
  const { beat, assigned, planVersion } = row ?? { beat: 0, assigned: [], planVersion: 0 };
  const told = { ...report, held: [...report.held], stopped: [...report.stopped], positions: { ...report.positions } };
  const outcome = { kind: "ok", assigned, planVersion } as const;
  return put({ ...told, worker, beat: beat + 1, assigned, planVersion }, outcome);
}

/** Removes a worker's own row. */
export function leaveStep(row: WorkerRow | undefined, instance: string): RowStep<WorkerRow, undefined> {
  const mine = row !== undefined && isInstance(row, instance);
  return { change: mine ? { kind: "remove" } : keep, outcome: undefined };
}

/** Nobody has beat yet, or this one has. */
function isInstance(row: WorkerRow, instance: string): boolean {
  return row.instance === "" || row.instance === instance;
}

/** Applies the part of a plan that concerns a worker's row. */
export function planWorkerStep(
  row: WorkerRow | undefined,
  change: Exclude<PlanChange, { kind: "take-back" }>,
): RowStep<WorkerRow, boolean> {
  const refused = { change: keep, outcome: false };
  switch (change.kind) {
    case "add-worker":
      if (row !== undefined) return refused;
      return put({ ...unheard, worker: change.worker, assigned: [...change.assigned] }, true);
    case "assign":
      if (row?.planVersion !== change.planVersion) return refused;
      return put({ ...row, assigned: [...change.assigned], planVersion: row.planVersion + 1 }, true);
    case "remove-worker":
      if (row?.beat !== change.beat) return refused;
      return { change: { kind: "remove" }, outcome: true };
  }
}

/** What is known of a worker that was planned and has not been heard of. */
export const unheard: Omit<WorkerRow, "worker" | "assigned"> = {
  instance: "",
  status: "starting",
  held: [],
  stopped: [],
  positions: {},
  recordsPerBusySecond: 0,
  recordsTotal: 0,
  busyRatio: 0,
  nextTimerAtMs: undefined,
  remainingMs: undefined,
  beat: 0,
  planVersion: 1,
};

/** Writes a document if its version is the one seen. */
export function documentStep(
  row: DocumentRow | undefined,
  seenVersion: number,
  body: string,
): RowStep<DocumentRow, { written: boolean; row: DocumentRow }> {
  const current = row ?? { version: 0, body: "" };
  if (current.version !== seenVersion) return { change: keep, outcome: { written: false, row: current } };
  const written = { version: seenVersion + 1, body };
  return put(written, { written: true, row: written });
}

/**
 * Asserts that an epoch goes up.
 *
 * @throws {StreamError} `INVARIANT_BROKEN`
 */
export function assertRaise(held: { readonly epoch: number; readonly to: number }): void {
  invariant(held.to > held.epoch, "I2: lease epochs never go down", { epoch: held.epoch, to: held.to });
}

/**
 * Asserts that a pointer carries its writer's epoch and a version above the one seen.
 *
 * @throws {StreamError} `INVARIANT_BROKEN`
 */
export function assertPublish(held: {
  readonly epoch: number;
  readonly seenVersion: number;
  readonly pointer: SnapshotPointer;
}): void {
  const { epoch, version } = held.pointer;
  invariant(epoch === held.epoch, "a pointer carries the lease epoch of its writer", { epoch, held: held.epoch });
  invariant(version > held.seenVersion, "versions of a pointer go up", { version, seen: held.seenVersion });
}

function whenHeld(
  row: StoredLease | undefined,
  held: Held,
  next: (mine: StoredLease) => StoredLease,
): RowStep<StoredLease, LeaseWriteOutcome> {
  if (row === undefined || row.owner !== held.worker || row.epoch !== held.epoch) return lost(row);
  const written = next(row);
  return put(written, { kind: "ok", row: leaseRowOf(written) });
}

function lost(row: StoredLease | undefined): RowStep<StoredLease, LeaseWriteOutcome> {
  return { change: keep, outcome: { kind: "lost", row: row === undefined ? undefined : leaseRowOf(row) } };
}

function put<Row, Outcome>(row: Row, outcome: Outcome): RowStep<Row, Outcome> {
  return { change: { kind: "put", row }, outcome };
}
