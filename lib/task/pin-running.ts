/**
 * The running part of the pin protocol: when to commit, to publish, to release. See `pin-machine.ts` for the invariants.
 */
import { afterVerdict, type Step } from "./pin-machine.ts";
import type { OpenLayer, PinConfig, PinEffect, PinEvent, Running } from "./pin-state.ts";

/** True while the interpreter may take records: everything below its own memory limits. */
export function mayProcess(state: Running): boolean {
  return state.draining === undefined;
}

/** A step of a running pin. Pure. */
export function stepRunning(state: Running, event: PinEvent, config: PinConfig): Step {
  switch (event.kind) {
    case "progressed":
      return afterProgress(state, event, config);
    case "flushed":
      return [{ ...state, flushing: false }, []];
    case "committed":
      return afterCommit(state, event, config);
    case "transaction-failed":
      return afterVerdict({ ...state, memory: { ...state.memory, sealed: state.inFlight } }, event.verdict, config);
    case "published":
      return afterPublish(state, event);
    case "pointer-moved":
      return afterPointerMoved(state, event);
    case "publish-failed":
      return [{ ...state, publishing: false, publishNotBeforeMs: event.nowMs + config.snapshotRetryMs }, []];
    case "drain":
      return [{ ...state, draining: event.reason }, []];
    default:
      return [state, []]; // an answer that belongs to an earlier life of this pin
  }
}

function afterProgress(state: Running, event: Extract<PinEvent, { kind: "progressed" }>, config: PinConfig): Step {
  if (state.inFlight !== undefined || state.flushing) return [state, []];
  const { open, nowMs } = event;
  if (commitDue(state, open, nowMs, config)) {
    const transaction = state.memory.committed + 1;
    return [
      { ...state, inFlight: transaction, memory: { ...state.memory, sealed: transaction } },
      [{ kind: "commit", epoch: state.lease.epoch, transaction }],
    ];
  }
  if (state.draining !== undefined && open.records === 0) return drained(state, nowMs, config);
  if (open.fullBatches) return [{ ...state, flushing: true }, [{ kind: "flush" }]];
  return publishIfDue(state, nowMs, config);
}

/** Dirty and the interval or byte limit is reached; a position that only moved waits for quiet; draining waits for nothing. */
function commitDue(state: Running, open: OpenLayer, nowMs: number, config: PinConfig): boolean {
  if (open.records > 0) {
    return state.draining !== undefined || open.bytes >= config.commitMaxBytes || nowMs - open.sinceMs >= config.commitIntervalMs;
  }
  return open.moved && (state.draining !== undefined || nowMs - open.sinceMs >= config.positionOnlyCommitMs);
}

function afterCommit(state: Running, event: Extract<PinEvent, { kind: "committed" }>, config: PinConfig): Step {
  if (event.transaction !== state.inFlight) return [state, []];
  const wrote = event.changelogRecords > 0;
  const uncovered = {
    commits: state.uncovered.commits + (wrote ? 1 : 0),
    records: state.uncovered.records + event.changelogRecords,
    sinceMs: state.uncovered.commits === 0 && wrote ? event.nowMs : state.uncovered.sinceMs,
  };
  const committed: Running = {
    ...state,
    reacquires: 0,
    inFlight: undefined,
    memory: { committed: event.transaction, sealed: undefined },
    uncovered,
  };
  const [next, effects] = publishIfDue(committed, event.nowMs, config);
  return [next, [{ kind: "acknowledge", transaction: event.transaction }, ...effects]];
}

function publishIfDue(state: Running, nowMs: number, config: PinConfig): Step {
  if (state.draining !== undefined || state.publishing || state.uncovered.commits === 0 || nowMs < state.publishNotBeforeMs) return [state, []];
  if (state.uncovered.records >= config.snapshotMaxTailRecords) return publish(state, "tail");
  if (nowMs - state.uncovered.sinceMs >= config.snapshotMaxAgeMs) return publish(state, "age");
  return [state, []];
}

function publish(state: Running, reason: string): readonly [Running, readonly PinEffect[]] {
  return [
    { ...state, publishing: true },
    [{ kind: "publish", row: state.lease, transaction: state.memory.committed, reason }],
  ];
}

function afterPublish(state: Running, event: Extract<PinEvent, { kind: "published" }>): Step {
  const covered = event.transaction === state.memory.committed;
  const uncovered = covered
    ? { commits: 0, records: 0, sinceMs: event.nowMs }
    : { commits: 1, records: 0, sinceMs: event.nowMs };
  return [{ ...state, lease: event.row, publishing: false, uncovered, publishNotBeforeMs: 0 }, []];
}

/** The pointer is not where we left it: ours only if the lease still is. Then its version is adopted and we try later. */
function afterPointerMoved(state: Running, event: Extract<PinEvent, { kind: "pointer-moved" }>): Step {
  const { row } = event;
  if (row === undefined || row.owner !== event.worker || row.epoch !== state.lease.epoch) {
    return [{ kind: "ended", outcome: { kind: "fenced", row } }, [{ kind: "drop" }]];
  }
  return [{ ...state, lease: row, publishing: false }, []];
}

/** Nothing is open and nothing in flight: publish what no manifest covers, then release. */
function drained(state: Running, nowMs: number, config: PinConfig): Step {
  if (state.publishing) return [state, []];
  const short = state.draining === "handover" && state.uncovered.records <= config.handoverMaxTailRecords;
  const failedOnce = nowMs < state.publishNotBeforeMs;
  if (state.uncovered.commits > 0 && !short && !failedOnce) return publish(state, state.draining ?? "drain");
  const asleep = state.uncovered.commits === 0;
  return [{ ...state, kind: "releasing", asleep, error: undefined }, [{ kind: "release", row: state.lease, asleep }]];
}
