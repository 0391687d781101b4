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
 * A wrong verdict costs work, not results: the new owner's epoch fences the old one.
 */
export function decideLiveness(observation: ScalingObservation, memory: ScalingMemory, config: ScalingConfig): Liveness {
  const alive: WorkerRow[] = [];
  const dead: WorkerRow[] = [];
  const beats: Record<string, { beat: number; movedAtMs: number }> = {};
  for (const row of observation.workers) {
    const seen = memory.beats[row.worker];
    const movedAtMs = seen === undefined || seen.beat !== row.beat ? observation.nowMs : seen.movedAtMs;
    const limitMs = row.beat === 0 ? config.startGraceMs : config.deadAfterMs;
    if (observation.nowMs - movedAtMs >= limitMs) dead.push(row);
    else {
      alive.push(row);
      beats[row.worker] = { beat: row.beat, movedAtMs };
    }
  }
  return { alive, dead, beats };
}

/** Takes everything back from the dead, and leases whose owner has no row at all. Rows first: a zombie's beat is then refused. */
export function takeBack(liveness: Liveness, leases: readonly LeaseRow[]): { changes: PlanChange[]; reasons: string[] } {
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
