import type { LeaseRow, PlanChange, WorkerRow } from "../ports/lease-table.ts";
import type { ScalingConfig, ScalingMemory, ScalingObservation } from "./types.ts";

/** Who lives, judged by this coordinator's own durations only. */
export interface Liveness {
  readonly alive: readonly WorkerRow[];
  readonly dead: readonly WorkerRow[];
  readonly beats: ScalingMemory["beats"];
  readonly lostStarts: number;
}

/** The start grace doubles this often at most: 30 s become 8 minutes. */
const DOUBLINGS_MAX = 4;

/**
 * Tells living from dead workers: dead is whose beat did not move for `deadAfterMs` while *we* watched. Pure.
 *
 * Time between two looks counts for at most half of the limit. After an outage of the table, a stopped coordinator or a
 * jump of the clock nobody could have been heard, and every worker would be dead at once.
 *
 * A worker that has never beaten may be about to: its container starts. If starting takes longer than the grace, every worker would
 * be given up just before it is there and replaced by one that takes as long, so each that is given up doubles the grace of the
 * next, until one begins to beat.
 *
 * A wrong verdict costs work, not results: the new owner's epoch fences the old one.
 */
export function decideLiveness(
  observation: ScalingObservation,
  memory: ScalingMemory,
  config: ScalingConfig,
): Liveness {
  const alive: WorkerRow[] = [];
  const dead: WorkerRow[] = [];
  const beats: Record<string, { beat: number; silentMs: number }> = {};
  const startGraceMs = config.startGraceMs * 2 ** Math.min(memory.lostStarts, DOUBLINGS_MAX);
  let began = false;
  for (const row of observation.workers) {
    const seen = memory.beats[row.worker];
    const limitMs = row.beat === 0 ? startGraceMs : config.deadAfterMs;
    const sinceMs = Math.min(Math.max(0, observation.nowMs - memory.lookedAtMs), limitMs / 2);
    const silentMs = seen === undefined || seen.beat !== row.beat ? 0 : seen.silentMs + sinceMs;
    if ((seen?.beat ?? 0) === 0 && row.beat > 0) began = true;
    if (silentMs >= limitMs) dead.push(row);
    else {
      alive.push(row);
      beats[row.worker] = { beat: row.beat, silentMs };
    }
  }
  const lost = dead.some(({ beat }) => beat === 0) ? 1 : 0;
  return { alive, dead, beats, lostStarts: began ? 0 : memory.lostStarts + lost };
}

/** Beats after which a worker must have said that it holds a pin of which the lease table says so. */
const BEATS_TO_KNOW = 2;

/** What is taken back, and what is watched because it may have to be. */
export interface TakeBack {
  readonly changes: readonly PlanChange[];
  readonly reasons: readonly string[];
  readonly unheld: ScalingMemory["unheld"];
}

/**
 * Takes everything back from the dead, and leases whose owner has no row at all. Rows first: a zombie's beat is then refused.
 *
 * A living worker loses leases, too, that it neither holds nor is to have: the answer of a claim or of a release was lost, and
 * the plan has moved on. It would sit on them as long as it lives.
 */
export function takeBack(liveness: Liveness, leases: readonly LeaseRow[], memory: ScalingMemory): TakeBack {
  const alive = new Map(liveness.alive.map((row) => [row.worker, row]));
  const changes: PlanChange[] = liveness.dead.map(({ worker, beat }) => ({ kind: "remove-worker", worker, beat }));
  const reasons = liveness.dead.map(({ worker, beat }) =>
    beat === 0
      ? `worker ${worker} is given up: it was started and never beat (if workers need longer to start, raise scaling.startGraceMs)`
      : `worker ${worker} is dead: its beat stopped`,
  );
  const unheld: Record<string, { epoch: number; beat: number }> = {};
  for (const { pin, owner, epoch } of leases) {
    if (owner === undefined) continue;
    const row = alive.get(owner);
    if (row !== undefined && (row.held.includes(pin) || row.assigned.includes(pin))) continue;
    if (row !== undefined) {
      const before = memory.unheld[pin];
      const seen = before?.epoch === epoch ? before : { epoch, beat: row.beat };
      if (row.beat < seen.beat + BEATS_TO_KNOW) {
        unheld[pin] = seen;
        continue;
      }
    }
    changes.push({ kind: "take-back", pin, owner, epoch });
    reasons.push(`pin ${pin} is taken back from ${owner}`);
  }
  return { changes, reasons, unheld };
}
