/**
 * The protocol of a pin: claim → fence → confirm → locate → restore → (birth) → run → release.
 *
 * Owns: the order of steps and what every answer means. Does not own: doing anything (`pin.ts` interprets the effects),
 * what a broker's error means (`outcome.ts`), what is written of a store (`snapshot/decide.ts`).
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
import type { Position } from "../application/position.ts";
import { StreamError } from "../core/errors.ts";
import { decideAfterConfirm } from "../lease/decide.ts";
import type { LeaseRow } from "../ports/lease-table.ts";
import { addUncovered, afterVerdict, allCovered, end, held, impossible, release, type Step } from "./pin-held.ts";
import { stepRunning } from "./pin-running.ts";
import type { Held, Memory, PinConfig, PinEvent, PinState, Running } from "./pin-state.ts";

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
      if (event.kind !== "initialised") return impossible(state, event);
      return [{ ...held(state), kind: "confirming" }, [{ kind: "confirm" }]];
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
      return end(
        state.error === undefined
          ? { kind: "released", asleep: state.asleep }
          : { kind: "stopped", error: state.error },
      );
  }
}

function stepClaiming(state: Extract<PinState, { kind: "claiming" }>, event: PinEvent): Step {
  if (event.kind === "taken") return end({ kind: "taken", row: event.row });
  if (event.kind !== "claimed") return impossible(state, event);
  const { row: lease, first } = event;
  const { draining } = state;
  return [
    { kind: "fencing", lease, first, reacquires: 0, draining, memory: undefined },
    [{ kind: "initialise", afterMs: 0 }],
  ];
}

function afterConfirm(state: Held, row: LeaseRow | undefined, worker: string): Step {
  const decision = decideAfterConfirm(row, { worker, epoch: state.lease.epoch });
  if (decision.kind === "not-mine") return end({ kind: "fenced", row });
  return [{ ...held(state), kind: "locating", lease: decision.row }, [{ kind: "locate" }]];
}

/** What is in memory may be kept only when the newest position is ours: the last acknowledged one, or the one in question. */
function afterLocate(state: Held, position: Position | undefined): Step {
  const { memory, lease } = state;
  if (memory === undefined || position === undefined) return afterLocateWithout(state, position);
  const landed = position.transaction === memory.sealed && position.epoch === lease.epoch;
  if (!landed && position.transaction !== memory.committed) return afterLocateWithout(state, position);
  const kept: Memory = { ...memory, committed: position.transaction, sealed: undefined };
  return [{ ...held(state), kind: "restoring", memory: kept, position }, [{ kind: "resume", position, landed }]];
}

function afterLocateWithout(state: Held, position: Position | undefined): Step {
  const { lease, first } = state;
  const forgetful = { ...held(state), memory: undefined, position };
  if (first || (position !== undefined && position.epoch >= lease.epoch)) {
    const raise = { kind: "raise", row: lease, first, positionEpoch: position?.epoch ?? 0 } as const;
    return [{ ...forgetful, kind: "raising" }, [raise]];
  }
  return [{ ...forgetful, kind: "restoring" }, [{ kind: "restore", row: lease, position }]];
}

function afterRaise(state: Held, event: Extract<PinEvent, { kind: "raised" }>, position: Position | undefined): Step {
  if (!event.ok || event.row === undefined) return end({ kind: "fenced", row: event.row });
  const raised = { ...held(state), lease: event.row, first: false };
  return [{ ...raised, kind: "restoring", position }, [{ kind: "restore", row: event.row, position }]];
}

function stepRestoring(state: Extract<PinState, { kind: "restoring" }>, event: PinEvent): Step {
  if (event.kind !== "restored" && event.kind !== "resumed") return impossible(state, event);
  const committed = state.position?.transaction ?? 0;
  const memory: Memory = { committed, sealed: undefined, uncovered: uncoveredAfter(state, event) };
  if (!event.missingInputs) return run(state, memory);
  const transaction = committed + 1;
  return [
    { ...held(state), kind: "birthing", memory, transaction },
    [{ kind: "birth", epoch: state.lease.epoch, transaction }],
  ];
}

/** What no manifest covers: the tail that was replayed, or what was so before, and one more if the last commit landed. */
function uncoveredAfter(state: Held, event: Extract<PinEvent, { kind: "restored" | "resumed" }>): Memory["uncovered"] {
  const sinceMs = event.nowMs;
  if (event.kind === "restored") {
    return event.tailRecords === 0 ? allCovered : { commits: 1, records: event.tailRecords, bytes: 0, sinceMs };
  }
  const before = state.memory?.uncovered ?? allCovered;
  return event.landed ? addUncovered(before, { commits: 1, records: 1, bytes: 0, sinceMs }) : before;
}

function stepBirthing(state: Extract<PinState, { kind: "birthing" }>, event: PinEvent, config: PinConfig): Step {
  if (event.kind === "transaction-failed") {
    return afterVerdict({ ...held(state), memory: undefined }, event.verdict, config);
  }
  if (event.kind !== "committed") return impossible(state, event);
  return run({ ...state, reacquires: 0 }, { ...state.memory, committed: event.transaction });
}

function run(state: Held, memory: Memory): Step {
  const running: Running = {
    ...held(state),
    kind: "running",
    memory,
    lastCommitMs: 0,
    inFlight: undefined,
    flushing: false,
    publishing: undefined,
    publishNotBeforeMs: 0,
  };
  return [running, []];
}

function fail(state: Exclude<PinState, { kind: "ended" }>, error: StreamError): Step {
  if (state.kind === "claiming") return end({ kind: "stopped", error });
  if (state.kind === "releasing") return end({ kind: "stopped", error: unsettled(error, state.error) });
  return release(state, error);
}

/**
 * The lease could not be given back, so whether it was still ours is not known, and neither is whether what stopped the pin
 * counts: below a log start that a newer owner has moved, for one, only a zombie reads. The next claim finds out.
 */
function unsettled(error: StreamError, stoppedBy: StreamError | undefined): StreamError {
  if (stoppedBy === undefined || error.advice !== "retry") return stoppedBy ?? error;
  const { code, details } = error;
  const message = error.message.slice(`${code}: `.length);
  return new StreamError(code, `${message}; before that: ${stoppedBy.message}`, { details, cause: stoppedBy });
}

/** Answers to what a running pin had asked before its transaction failed: the protocol reads everything anew. */
function isLate(event: PinEvent): boolean {
  return (
    event.kind === "published" ||
    event.kind === "pointer-moved" ||
    event.kind === "publish-failed" ||
    event.kind === "flushed"
  );
}
