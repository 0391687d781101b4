import type { Position } from "../../../lib/application/position.ts";
import { StreamError } from "../../../lib/core/errors.ts";
import type { LeaseRow } from "../../../lib/ports/lease-table.ts";
import { startPin, stepPin } from "../../../lib/task/pin-machine.ts";
import type { OpenLayer, PinConfig, PinEffect, PinEvent, PinState, Running } from "../../../lib/task/pin-state.ts";

/** Limits with round numbers. */
export const config: PinConfig = {
  commitIntervalMs: 100,
  commitMaxBytes: 1_000,
  positionOnlyCommitMs: 5_000,
  maxReacquires: 3,
  snapshotMaxAgeMs: 30_000,
  snapshotMaxTailRecords: 500,
  snapshotMaxDirtyBytes: 10_000,
  snapshotRetryMs: 2_000,
  handoverMaxTailRecords: 50,
};

/** The lease of pin 3, held by `me` with epoch 7, but for what is given. */
export function lease(changes: Partial<LeaseRow> = {}): LeaseRow {
  return {
    pin: 3,
    epoch: 7,
    owner: "me",
    lastOwner: undefined,
    asleep: false,
    pointer: undefined,
    version: 4,
    ...changes,
  };
}

/** A position of an earlier owner, but for what is given. */
export function position(changes: Partial<Position> = {}): Position {
  return {
    pin: 3,
    epoch: 6,
    transaction: 20,
    inputs: { "in:3": 100 },
    changelogs: { "app-s-changelog:3": 40 },
    partitionTimes: {},
    clocks: {},
    storeTimes: {},
    ...changes,
  };
}

/** An open layer in which nothing happened, but for what is given. */
export function open(changes: Partial<OpenLayer> = {}): OpenLayer {
  return {
    records: 0,
    bytes: 0,
    sinceMs: 0,
    moved: false,
    fullBatches: false,
    commitRequested: false,
    ...changes,
  };
}

/** Any typed error. */
export const failure = new StreamError("PROCESSING_FAILED", "a record that nobody can process");

/** Answers of a world in which everything goes well. */
export const well = {
  claimed: { kind: "claimed", row: lease(), first: false },
  initialised: { kind: "initialised" },
  confirmed: { kind: "confirmed", row: lease(), worker: "me" },
  located: { kind: "located", position: position() },
  restored: { kind: "restored", tailRecords: 0, missingInputs: false, nowMs: 1_000 },
  resumed: { kind: "resumed", landed: false, missingInputs: false, nowMs: 2_000 },
  released: { kind: "released", outcome: { kind: "ok", row: lease({ owner: undefined }) } },
} as const satisfies Record<string, PinEvent>;

/** What happens until the pin runs. */
export const acquire: readonly PinEvent[] = [
  well.claimed,
  well.initialised,
  well.confirmed,
  well.located,
  well.restored,
];

/** A state, and the effects of the last event that had any. */
export interface Walked {
  readonly state: PinState;
  readonly effects: readonly PinEffect[];
}

/** Feeds events one after the other, from the very start. */
export function walk(...events: readonly PinEvent[]): Walked {
  const [state, effects] = startPin();
  return follow({ state, effects }, ...events);
}

/** Feeds more events. */
export function follow(from: Walked, ...events: readonly PinEvent[]): Walked {
  return events.reduce<Walked>(({ state }, event) => {
    const [next, effects] = stepPin(state, event, config);
    return { state: next, effects };
  }, from);
}

/** A pin that runs, with what happened before. */
export function running(...events: readonly PinEvent[]): Walked & { readonly state: Running } {
  const walked = walk(...acquire, ...events);
  if (walked.state.kind !== "running") throw new Error(`the pin is ${walked.state.kind}`);
  return { ...walked, state: walked.state };
}

/** Records were processed and a commit is due. */
export const dirty = {
  kind: "progressed",
  open: open({ records: 5, sinceMs: 1_000 }),
  nowMs: 1_100,
} as const satisfies PinEvent;

/** Nothing is open. */
export function quiet(nowMs: number): PinEvent {
  return { kind: "progressed", open: open(), nowMs };
}

/** The commit of a transaction was acknowledged. */
export function committed(transaction: number, changes: { records?: number; bytes?: number; nowMs?: number } = {}) {
  const { records = 10, bytes = 200, nowMs = 1_200 } = changes;
  return { kind: "committed", transaction, changelogRecords: records, changelogBytes: bytes, nowMs } as const;
}

/** A snapshot of a transaction was published. */
export function published(transaction: number, nowMs = 1_500): PinEvent {
  return { kind: "published", row: lease({ version: 5 }), transaction, nowMs };
}

/** A transaction failed, and the outcome table says: start over. */
export const fenced: PinEvent = { kind: "transaction-failed", verdict: { kind: "reinitialise" } };

/** A transaction failed for good. */
export const stopped: PinEvent = { kind: "transaction-failed", verdict: { kind: "stop", error: failure } };
