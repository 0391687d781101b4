/**
 * The running part of the pin protocol: when to commit, to publish, to release. See `pin-machine.ts` for the invariants.
 */
import { nextCommitMs } from "./commit-times.ts";
import { addUncovered, afterVerdict, allCovered, end, held, type Step } from "./pin-held.ts";
import type { Held, OpenLayer, PinConfig, PinEffect, PinEvent, Running, Uncovered } from "./pin-state.ts";

/** True while the interpreter may take records: everything below its own memory limits. */
export function mayProcess(state: Running): boolean {
  return state.draining === undefined;
}

/** Commits that no manifest covers yet, those that a publication under way will cover included. */
export function uncoveredOf(state: Running): Uncovered {
  return addUncovered(state.publishing ?? allCovered, state.memory.uncovered);
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
      return afterVerdict(interrupted(state), event.verdict, config);
    case "retry-asked": {
      const again = { ...interrupted(state), kind: "fencing" } as const;
      return [again, [{ kind: "abort" }, { kind: "drop" }, { kind: "initialise", afterMs: event.afterMs }]];
    }
    case "published":
      return afterPublish(state, event);
    case "pointer-moved":
      return afterPointerMoved(state, event);
    case "publish-failed":
      return [{ ...unpublished(state), publishNotBeforeMs: event.nowMs + config.snapshotRetryMs }, []];
    case "drain":
      return [{ ...state, draining: event.reason }, []];
    default:
      return [state, []]; // an answer that belongs to an earlier life of this pin
  }
}

/** What a running pin takes along when its transactions come to nothing. */
function interrupted(state: Running): Held {
  return { ...held(state), memory: { ...state.memory, sealed: state.inFlight, uncovered: uncoveredOf(state) } };
}

function afterProgress(state: Running, event: Extract<PinEvent, { kind: "progressed" }>, config: PinConfig): Step {
  if (state.inFlight !== undefined || state.flushing) return [state, []];
  const { open, nowMs } = event;
  if (commitDue(state, event, config)) {
    const transaction = state.memory.committed + 1;
    return [
      { ...state, lastCommitMs: nowMs, inFlight: transaction, memory: { ...state.memory, sealed: transaction } },
      [{ kind: "commit", epoch: state.lease.epoch, transaction }],
    ];
  }
  if (state.draining !== undefined && open.records === 0) return drained(state, nowMs, config);
  if (open.fullBatches) return [{ ...state, flushing: true }, [{ kind: "flush" }]];
  return publishIfDue(state, nowMs, config);
}

/** Dirty and the pin's time or the byte limit is reached; a position that only moved waits for quiet; draining waits for nothing. */
function commitDue(
  state: Running,
  { open, nowMs }: { readonly open: OpenLayer; readonly nowMs: number },
  config: PinConfig,
): boolean {
  const draining = state.draining !== undefined;
  if (open.records === 0) return open.moved && (draining || nowMs - open.sinceMs >= config.positionOnlyCommitMs);
  if (draining || open.commitRequested) return true;
  return open.bytes >= config.commitMaxBytes || nowMs >= commitTimeMs(state, config);
}

/** When records that a running pin processed are to be committed. */
export function commitTimeMs({ lease, lastCommitMs }: Running, { commitIntervalMs }: PinConfig): number {
  return nextCommitMs(lease.pin, lastCommitMs, commitIntervalMs);
}

function afterCommit(state: Running, event: Extract<PinEvent, { kind: "committed" }>, config: PinConfig): Step {
  if (event.transaction !== state.inFlight) return [state, []];
  const { transaction, changelogRecords: records, changelogBytes: bytes, nowMs: sinceMs } = event;
  // A commit that changed no store needs no snapshot: every manifest is the fold of the same changelog.
  const wrote: Uncovered = records > 0 ? { commits: 1, records, bytes, sinceMs } : allCovered;
  const uncovered = addUncovered(state.memory.uncovered, wrote);
  const memory = { committed: transaction, sealed: undefined, uncovered };
  const [next, effects] = publishIfDue({ ...state, reacquires: 0, inFlight: undefined, memory }, sinceMs, config);
  return [next, [{ kind: "acknowledge", transaction }, ...effects]];
}

function publishIfDue(state: Running, nowMs: number, config: PinConfig): Step {
  const { uncovered } = state.memory;
  if (state.draining !== undefined || state.publishing !== undefined) return [state, []];
  if (uncovered.commits === 0 || nowMs < state.publishNotBeforeMs) return [state, []];
  if (uncovered.records >= config.snapshotMaxTailRecords) return publish(state, "tail");
  if (uncovered.bytes >= config.snapshotMaxDirtyBytes) return publish(state, "bytes");
  if (nowMs - uncovered.sinceMs >= config.snapshotMaxAgeMs) return publish(state, "age");
  return [state, []];
}

function publish(state: Running, reason: string): readonly [Running, readonly PinEffect[]] {
  const { memory, lease } = state;
  return [
    { ...state, publishing: memory.uncovered, memory: { ...memory, uncovered: allCovered } },
    [{ kind: "publish", row: lease, transaction: memory.committed, reason }],
  ];
}

/** Nothing of what was to be covered is. */
function unpublished(state: Running): Running {
  return { ...state, publishing: undefined, memory: { ...state.memory, uncovered: uncoveredOf(state) } };
}

function afterPublish(state: Running, event: Extract<PinEvent, { kind: "published" }>): Step {
  const { memory } = state;
  // Commits since the publication began may be in it, because stores are frozen a little later; the last one tells.
  const uncovered = event.transaction === memory.committed ? allCovered : memory.uncovered;
  const lease = event.row;
  return [{ ...state, lease, publishing: undefined, memory: { ...memory, uncovered }, publishNotBeforeMs: 0 }, []];
}

/** The pointer is not where we left it: ours only if the lease still is. Then its version is adopted and we try later. */
function afterPointerMoved(state: Running, event: Extract<PinEvent, { kind: "pointer-moved" }>): Step {
  const { row } = event;
  if (row === undefined || row.owner !== event.worker || row.epoch !== state.lease.epoch) {
    const [ended] = end({ kind: "fenced", row });
    return [ended, [{ kind: "drop" }]];
  }
  return [{ ...unpublished(state), lease: row }, []];
}

/** Nothing is open and nothing in flight: publish what no manifest covers, then release. */
function drained(state: Running, nowMs: number, config: PinConfig): Step {
  if (state.publishing !== undefined) return [state, []];
  const { uncovered } = state.memory;
  const short = state.draining === "handover" && uncovered.records <= config.handoverMaxTailRecords;
  const failedOnce = nowMs < state.publishNotBeforeMs;
  if (uncovered.commits > 0 && !short && !failedOnce) return publish(state, state.draining ?? "drain");
  const asleep = uncovered.commits === 0;
  return [
    { ...held(state), kind: "releasing", asleep, error: undefined },
    [{ kind: "release", row: state.lease, asleep }],
  ];
}
