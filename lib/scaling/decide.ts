/**
 * The scaling decision: one pure function from what a tick saw to what is to change, with reasons.
 *
 * Owns: how many workers, and which pin goes where. Does not own: reading the log or the table (`coordinator.ts`), safety —
 * any decision, however wrong or late, costs only time, because epochs fence.
 *
 * Invariants
 * - S1 an unknown lag never takes a worker away and never counts as zero.
 * - S2 a pin that is not asleep gets an owner, even without lag; unless it is stuck: then after its hold-off.
 * - S3 at zero lag for `idleToZeroMs` no worker is left (when `minWorkers` is 0).
 * - S4 the same observation and memory give the same decision.
 */
import type { PlanChange, WorkerRow } from "../ports/lease-table.ts";
import { type Assignment, assignPins } from "./assign.ts";
import { decideDemand, type PinDemand } from "./demand.ts";
import { decideLiveness, takeBack } from "./liveness.ts";
import { decideStuck } from "./stuck.ts";
import type { ScalingConfig, ScalingDecision, ScalingMemory, ScalingObservation } from "./types.ts";

/** Decides one tick. Pure. */
export function decideScaling(
  observation: ScalingObservation,
  memory: ScalingMemory,
  config: ScalingConfig,
): ScalingDecision {
  const liveness = decideLiveness(observation, memory, config);
  const back = takeBack(liveness, observation.leases, memory);
  const { stuck, heldOff, reasons } = decideStuck(observation, memory);
  const { demands, pins, recordsPerBusySecond } = decideDemand({ ...observation, heldOff }, memory, config);
  const now = neededWorkers(demands, config);
  const needed = remembered(memory, { atMs: observation.nowMs, workers: now }, config);
  const next: ScalingMemory = {
    beats: liveness.beats,
    lostStarts: liveness.lostStarts,
    lookedAtMs: observation.nowMs,
    pins,
    unheld: back.unheld,
    stuck,
    needed,
    recordsPerBusySecond,
  };
  const usable = liveness.alive.filter((row) => row.status !== "draining");
  const count = targetCount(
    { now, needed, usable: usable.length, unknown: demands.some(({ lag }) => lag === "unknown") },
    config,
  );
  const assignments = assignPins(liveness.alive, demands, {
    count,
    freshWorkers: observation.freshWorkers,
    leases: observation.leases,
  });
  const plan = planChanges(assignments, liveness.alive);
  return {
    changes: [...back.changes, ...plan.changes],
    starts: plan.starts,
    reasons: [...back.reasons, ...reasons, ...plan.reasons, ...scaleReason(usable.length, count, demands)],
    memory: next,
    neededWorkers: count,
  };
}

/** What was needed in the scale-in window, as far as it was more than later: only the largest counts, and who remembers less keeps less. */
function remembered(
  { needed }: ScalingMemory,
  now: ScalingMemory["needed"][number],
  { scaleInWindowMs }: ScalingConfig,
): ScalingMemory["needed"] {
  return [...needed.filter(({ atMs, workers }) => now.atMs - atMs < scaleInWindowMs && workers > now.workers), now];
}

function neededWorkers(demands: readonly PinDemand[], config: ScalingConfig): number {
  const wanted = demands.filter((demand) => demand.wanted);
  if (wanted.length === 0) return config.minWorkers;
  const load = wanted.reduce((sum, demand) => sum + demand.share, 0);
  const byLoad = Math.max(1, Math.ceil(load - 1e-9));
  return Math.min(wanted.length, config.maxWorkers, Math.max(config.minWorkers, byLoad));
}

function targetCount(
  facts: { now: number; needed: readonly { workers: number }[]; usable: number; unknown: boolean },
  config: ScalingConfig,
): number {
  const { now, usable } = facts;
  if (now >= usable) return now;
  if (facts.unknown) return usable;
  if (now === 0) return 0; // nothing is wanted any more: `idleToZeroMs` has passed for every pin
  const atMost = Math.max(...facts.needed.map(({ workers }) => workers));
  return Math.min(usable, Math.max(atMost, config.minWorkers));
}

function planChanges(
  assignments: readonly Assignment[],
  workers: readonly WorkerRow[],
): { changes: PlanChange[]; starts: string[]; reasons: string[] } {
  const rows = new Map(workers.map((row) => [row.worker, row]));
  const changes: PlanChange[] = [];
  const starts: string[] = [];
  const reasons: string[] = [];
  for (const { worker, isNew, assigned } of assignments) {
    if (isNew) {
      if (assigned.length === 0) continue;
      changes.push({ kind: "add-worker", worker, assigned });
      starts.push(worker);
      reasons.push(`start worker ${worker} for pins ${assigned.join(", ")}`);
      continue;
    }
    const row = rows.get(worker) as WorkerRow;
    if (sameAs(row.assigned, assigned)) continue;
    changes.push({ kind: "assign", worker, assigned, planVersion: row.planVersion });
    reasons.push(
      assigned.length === 0 ? `worker ${worker} may end` : `worker ${worker} gets pins ${assigned.join(", ")}`,
    );
  }
  return { changes, starts, reasons };
}

function scaleReason(before: number, after: number, demands: readonly PinDemand[]): string[] {
  if (before === after) return [];
  const lag = demands.reduce((sum, demand) => sum + (demand.lag === "unknown" ? 0 : demand.lag), 0);
  return [`${before} → ${after} workers: lag ${lag}`];
}

function sameAs(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && [...a].sort((x, y) => x - y).every((pin, index) => pin === b[index]);
}
