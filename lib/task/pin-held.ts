/**
 * What the states of a pin with a lease have in common: how they end, and how they start over.
 */
import { StreamError } from "../core/errors.ts";
import type {
  Held,
  PinConfig,
  PinEffect,
  PinEvent,
  PinOutcome,
  PinState,
  TransactionVerdict,
  Uncovered,
} from "./pin-state.ts";

/** A state and what to do in it. */
export type Step = readonly [PinState, readonly PinEffect[]];

/** The part of a state that goes with the lease into the next one. */
export function held({ lease, first, reacquires, draining, memory }: Held): Held {
  return { lease, first, reacquires, draining, memory };
}

/** The end of a pin in this worker. */
export function end(outcome: PinOutcome): Step {
  return [{ kind: "ended", outcome }, []];
}

/** Gives the lease back after a typed error. Nothing of ours is to be written any more. */
export function release(state: Held, error: StreamError): Step {
  return [
    { ...held(state), kind: "releasing", asleep: false, error },
    [{ kind: "abort" }, { kind: "drop" }, { kind: "release", row: state.lease, asleep: false }],
  ];
}

/** After a failed transaction: initialise again with a lease check, or stop. At most `maxReacquires` in a row. */
export function afterVerdict(state: Held, verdict: TransactionVerdict, config: PinConfig): Step {
  if (verdict.kind === "stop") return release(state, verdict.error);
  if (state.reacquires < config.maxReacquires) {
    const again = { ...held(state), kind: "fencing", reacquires: state.reacquires + 1 } as const;
    return [again, [{ kind: "drop" }, { kind: "initialise", afterMs: 0 }]];
  }
  const { pin, epoch } = state.lease;
  const last = verdict.error === undefined ? "" : `; the last time: ${verdict.error.message}`;
  const error = new StreamError(
    "TRANSACTION_ABORTED",
    `pin ${pin} lost its transaction ${state.reacquires + 1} times in a row although its lease is still held: look for a second writer with the same transactional id, or for a broker that cannot finish transactions${last}`,
    { details: { pin, epoch }, cause: verdict.error },
  );
  return release(state, error);
}

/** Refuses an event that cannot happen in a state. @throws {StreamError} `INVARIANT_BROKEN` */
export function impossible(state: PinState, event: PinEvent): never {
  throw new StreamError("INVARIANT_BROKEN", `a pin that is ${state.kind} cannot be told "${event.kind}"`);
}

/** Every commit is in a manifest. */
export const allCovered: Uncovered = Object.freeze({ commits: 0, records: 0, bytes: 0, sinceMs: 0 });

/** Both parts together. */
export function addUncovered(a: Uncovered, b: Uncovered): Uncovered {
  if (a.commits === 0) return b;
  if (b.commits === 0) return a;
  return {
    commits: a.commits + b.commits,
    records: a.records + b.records,
    bytes: a.bytes + b.bytes,
    sinceMs: Math.min(a.sinceMs, b.sinceMs),
  };
}
