import type { LeaseRow, PlanChange, WorkerRow } from "../ports/lease-table.ts";
import type { ScalingConfig, ScalingMemory, ScalingObservation } from "./types.ts";

/** Who lives, judged by this coordinator's own durations only. */
export interface Liveness {
  readonly alive: readonly WorkerRow[];
  readonly dead: readonly WorkerRow[];
  readonly beats: ScalingMemory["beats"];
}

/**
 * Tells living from dead workers: dead is whose beat did not move for `deadAfterMs` while *we* watched. Pure.
 *
 * Time between two looks counts for at most half of the limit. After an outage of the table, a stopped coordinator or a
 * jump of the clock nobody could have been heard, and every worker would be dead at once.
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
  for (const row of observation.workers) {
    const seen = memory.beats[row.worker];
    const limitMs = row.beat === 0 ? config.startGraceMs : config.deadAfterMs;
    const sinceMs = Math.min(Math.max(0, observation.nowMs - memory.lookedAtMs), limitMs / 2);
    const silentMs = seen === undefined || seen.beat !== row.beat ? 0 : seen.silentMs + sinceMs;
    if (silentMs >= limitMs) dead.push(row);
    else {
      alive.push(row);
      beats[row.worker] = { beat: row.beat, silentMs };
    }
  }
  return { alive, dead, beats };
}

/** Takes everything back from the dead, and leases whose owner has no row at all. Rows first: a zombie's beat is then refused. */
export function takeBack(
  liveness: Liveness,
  leases: readonly LeaseRow[],
): { changes: PlanChange[]; reasons: string[] } {
  const alive = new Set(liveness.alive.map(({ worker }) => worker));
  const changes: PlanChange[] = liveness.dead.map(({ worker, beat }) => ({ kind: "remove-worker", worker, beat }));
  const reasons = liveness.dead.map(({ worker }) => `worker ${worker} is dead: its beat stopped`);
  for (const { pin, owner, epoch } of leases) {
    if (owner === undefined || alive.has(owner)) continue;
    changes.push({ kind: "take-back", pin, owner, epoch });
    reasons.push(`pin ${pin} is taken back from ${owner}`);
  }
  return { changes, reasons };
}
