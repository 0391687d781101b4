/**
 * The protocol of a pin: claim → fence → confirm → locate → restore → (birth) → run → release.
 *
 * Owns: the order of steps and what every answer means. Does not own: doing anything (`pin.ts` interprets the effects),
 * what a broker's error means (`outcome.ts`), when a snapshot is due by size (`snapshot/decide.ts`).
 *
 * Invariants (numbers of docs/ARCHITECTURE.md)
 * - I2 the lease is read again after **every** InitProducerId, and only "mine" goes on: a later claimer initialises after
 *   our read and fences us. The snapshot pointer of that read counts.
 * - I2 epochs of commits never go down: a position of our own epoch or a higher one is met only after a lost table; then
 *   the epoch is raised before anything is committed.
 * - I5 nothing is processed before `restored`, `resumed` or the birth commit.
 * - P1 at most one transaction is in flight; the next is being built meanwhile.
 * - P2 after a failed transaction nothing more happens on its epoch: initialise again, read the newest position, and only
 *   that says whether it landed.
 * - P3 a pin is released as asleep only when a manifest covers its last commit.
 */
import { StreamError } from "../core/errors.ts";
import { decideAfterConfirm } from "../lease/decide.ts";
import type { LeaseRow } from "../ports/lease-table.ts";
import { stepRunning } from "./pin-running.ts";
import type { Held, Memory, PinConfig, PinEffect, PinEvent, PinState, Running } from "./pin-state.ts";
import type { Position } from "../application/position.ts";

/** A state and what to do in it. */
export type Step = readonly [PinState, readonly PinEffect[]];

/** The first step of a pin. */
export function startPin(): Step {
  return [{ kind: "claiming", draining: undefined }, [{ kind: "claim" }]];
}

/**
 * What follows when `event` happens in `state`. Pure.
 *
 * @throws {StreamError} `INVARIANT_BROKEN` for an event that cannot happen in this state
 */
export function stepPin(state: PinState, event: PinEvent, config: PinConfig): Step {
  if (state.kind === "ended") return [state, []];
  if (event.kind === "failed") return fail(state, event.error);
  if (event.kind === "drain" && state.kind !== "running") return [{ ...state, draining: event.reason }, []];
  if (state.kind !== "running" && isLate(event)) return [state, []];
  switch (state.kind) {
    case "claiming":
      return stepClaiming(state, event);
    case "fencing":
      if (event.kind === "transaction-failed") return afterVerdict(state, event.verdict, config);
      return event.kind === "initialised" ? [{ ...state, kind: "confirming" }, [{ kind: "confirm" }]] : impossible(state, event);
    case "confirming":
      return event.kind === "confirmed" ? afterConfirm(state, event.row, event.worker) : impossible(state, event);
    case "locating":
      return event.kind === "located" ? afterLocate(state, event.position) : impossible(state, event);
    case "raising":
      return event.kind === "raised" ? afterRaise(state, event, state.position) : impossible(state, event);
    case "restoring":
      return stepRestoring(state, event);
    case "birthing":
      return stepBirthing(state, event, config);
    case "running":
      return stepRunning(state, event, config);
    case "releasing":
      if (event.kind !== "released") return [state, []];
      // What went wrong in a pin that was no longer ours is not worth an alarm: a newer owner deletes what it has processed.
      if (event.outcome.kind === "lost") return end({ kind: "fenced", row: event.outcome.row });
      return end(state.error === undefined ? { kind: "released", asleep: state.asleep } : { kind: "stopped", error: state.error });
  }
}

function stepClaiming(state: Extract<PinState, { kind: "claiming" }>, event: PinEvent): Step {
  if (event.kind === "taken") return end({ kind: "taken", row: event.row });
  if (event.kind !== "claimed") return impossible(state, event);
  const held: Held = { lease: event.row, first: event.first, reacquires: 0, draining: state.draining, memory: undefined };
  return [{ ...held, kind: "fencing" }, [{ kind: "initialise" }]];
}

function afterConfirm(state: Held, row: LeaseRow | undefined, worker: string): Step {
  const decision = decideAfterConfirm(row, { worker, epoch: state.lease.epoch });
  if (decision.kind === "not-mine") return end({ kind: "fenced", row });
  return [{ ...held(state), kind: "locating", lease: decision.row }, [{ kind: "locate" }]];
}

function afterLocate(state: Held, position: Position | undefined): Step {
  const { memory, lease } = state;
  if (memory === undefined) {
    if (state.first || (position !== undefined && position.epoch >= lease.epoch)) {
      return [{ ...held(state), kind: "raising", position }, [{ kind: "raise", row: lease, first: state.first, positionEpoch: position?.epoch ?? 0 }]];
    }
    return [{ ...held(state), kind: "restoring", position }, [{ kind: "restore", row: lease, position }]];
  }
  const landed = position !== undefined && position.transaction === memory.sealed;
  if (position === undefined || !(landed || position.transaction === memory.committed)) {
    return [{ ...held(state), kind: "restoring", memory: undefined, position }, [{ kind: "restore", row: lease, position }]];
  }
  const kept: Memory = { committed: position.transaction, sealed: undefined };
  return [{ ...held(state), kind: "restoring", memory: kept, position }, [{ kind: "resume", position, landed }]];
}

function afterRaise(state: Held, event: Extract<PinEvent, { kind: "raised" }>, position: Position | undefined): Step {
  if (!event.ok || event.row === undefined) return end({ kind: "fenced", row: event.row });
  const raised = { ...held(state), lease: event.row, first: false };
  return [{ ...raised, kind: "restoring", position }, [{ kind: "restore", row: event.row, position }]];
}

function stepRestoring(state: Extract<PinState, { kind: "restoring" }>, event: PinEvent): Step {
  if (event.kind !== "restored" && event.kind !== "resumed") return impossible(state, event);
  const committed = state.position?.transaction ?? 0;
  const tailRecords = event.kind === "restored" ? event.tailRecords : 1;
  if (event.missingInputs) {
    const transaction = committed + 1;
    return [
      { ...held(state), kind: "birthing", memory: { committed, sealed: undefined }, transaction, restoredRecords: tailRecords },
      [{ kind: "birth", epoch: state.lease.epoch, transaction }],
    ];
  }
  return run(state, { committed, tailRecords, nowMs: event.nowMs });
}

function stepBirthing(state: Extract<PinState, { kind: "birthing" }>, event: PinEvent, config: PinConfig): Step {
  if (event.kind === "transaction-failed") return afterVerdict({ ...state, memory: undefined }, event.verdict, config);
  if (event.kind !== "committed") return impossible(state, event);
  return run({ ...state, reacquires: 0 }, { committed: event.transaction, tailRecords: state.restoredRecords, nowMs: event.nowMs });
}

function run(state: Held, start: { committed: number; tailRecords: number; nowMs: number }): Step {
  const running: Running = {
    ...held(state),
    kind: "running",
    memory: { committed: start.committed, sealed: undefined },
    inFlight: undefined,
    flushing: false,
    publishing: false,
    uncovered: { commits: start.tailRecords > 0 ? 1 : 0, records: start.tailRecords, sinceMs: start.nowMs },
    publishNotBeforeMs: 0,
  };
  return [running, []];
}

/** After a failed transaction: initialise again with a lease check, or stop. At most `maxReacquires` in a row. */
export function afterVerdict(
  state: Held,
  verdict: Extract<PinEvent, { kind: "transaction-failed" }>["verdict"],
  config: PinConfig,
): Step {
  if (verdict.kind === "stop") return release(state, verdict.error);
  if (state.reacquires >= config.maxReacquires) {
    const error = new StreamError(
      "TRANSACTION_ABORTED",
      `pin ${state.lease.pin} lost its transaction ${state.reacquires + 1} times in a row although its lease is still held: look for a second writer with the same transactional id, or for a broker that cannot finish transactions`,
      { details: { pin: state.lease.pin, epoch: state.lease.epoch } },
    );
    return release(state, error);
  }
  return [{ ...held(state), kind: "fencing", reacquires: state.reacquires + 1 }, [{ kind: "drop" }, { kind: "initialise" }]];
}

function fail(state: Exclude<PinState, { kind: "ended" }>, error: StreamError): Step {
  if (state.kind === "claiming") return end({ kind: "stopped", error });
  if (state.kind === "releasing") return end({ kind: "stopped", error: state.error ?? error });
  return release(state, error);
}

function release(state: Held, error: StreamError): Step {
  return [
    { ...held(state), kind: "releasing", asleep: false, error },
    [{ kind: "abort" }, { kind: "drop" }, { kind: "release", row: state.lease, asleep: false }],
  ];
}

/** Answers to what a running pin had asked before its transaction failed: the protocol reads everything anew. */
function isLate(event: PinEvent): boolean {
  return event.kind === "published" || event.kind === "pointer-moved" || event.kind === "publish-failed" || event.kind === "flushed";
}

function held(state: Held): Held {
  const { lease, first, reacquires, draining, memory } = state;
  return { lease, first, reacquires, draining, memory };
}

function end(outcome: Extract<PinState, { kind: "ended" }>["outcome"]): Step {
  return [{ kind: "ended", outcome }, []];
}

function impossible(state: PinState, event: PinEvent): never {
  throw new StreamError("INVARIANT_BROKEN", `a pin that is ${state.kind} cannot be told "${event.kind}"`);
}
