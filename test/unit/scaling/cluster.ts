import type { LeaseRow, WorkerRow } from "../../../lib/ports/lease-table.ts";
import { decideScaling } from "../../../lib/scaling/decide.ts";
import {
  emptyScalingMemory,
  type Lag,
  type ScalingConfig,
  type ScalingDecision,
  type ScalingMemory,
} from "../../../lib/scaling/types.ts";

/** Settings with round numbers: a worker does 100 records a second, and one record of lag is a hundredth of it. */
export const config: ScalingConfig = {
  mode: "on",
  minWorkers: 0,
  maxWorkers: 4,
  delayObjectiveMs: 1_000,
  utilisation: 1,
  scaleInWindowMs: 60_000,
  idleToZeroMs: 10_000,
  deadAfterMs: 8_000,
  startGraceMs: 30_000,
  workerRecordsPerSecond: { value: 100, fixed: true },
};

/** A cluster that does what the plan says, at once, and nothing else: what a decision is tested against. */
export class Cluster {
  readonly config: ScalingConfig;
  readonly workers = new Map<string, WorkerRow>();
  readonly leases = new Map<number, LeaseRow>();
  /** Workers that do not beat any more. */
  readonly silent = new Set<string>();
  readonly lag = new Map<number, Lag>();
  readonly ends = new Map<number, number>();
  /** When a pin's first punctuator is due. */
  readonly timers = new Map<number, number>();
  /** Sum of a pin's positions. */
  readonly positions = new Map<number, number>();
  nowMs = 1_000_000;
  memory: ScalingMemory = emptyScalingMemory;
  #started = 0;

  constructor(pinCount: number, changes: Partial<ScalingConfig> = {}) {
    this.config = { ...config, ...changes };
    for (let pin = 0; pin < pinCount; pin++) {
      this.lag.set(pin, 0);
      this.ends.set(pin, 0);
    }
  }

  /** Lets time pass, with beats, and decides; the plan is carried out. */
  tick(afterMs = 2_000): ScalingDecision {
    this.nowMs += afterMs;
    for (const row of this.workers.values()) {
      if (!this.silent.has(row.worker)) this.workers.set(row.worker, { ...row, status: "ready", beat: row.beat + 1 });
    }
    const decision = this.decide();
    this.memory = decision.memory;
    this.carryOut(decision);
    return decision;
  }

  /** Decides and changes nothing. */
  decide(): ScalingDecision {
    const freshWorkers = Array.from({ length: this.config.maxWorkers }, (_, index) => `w${this.#started + index}`);
    return decideScaling(
      {
        nowMs: this.nowMs,
        pins: [...this.lag].map(([pin, lag]) => ({
          pin,
          lag,
          endTotal: lag === "unknown" ? undefined : (this.ends.get(pin) ?? 0),
          positionTotal: lag === "unknown" ? undefined : (this.positions.get(pin) ?? 0),
          timerAtMs: this.timers.get(pin),
        })),
        leases: [...this.leases.values()],
        workers: [...this.workers.values()],
        freshWorkers,
      },
      this.memory,
      this.config,
    );
  }

  setLag(lag: Lag): void {
    for (const pin of this.lag.keys()) this.lag.set(pin, lag);
  }

  /** Pins that a worker holds. */
  held(worker: string): number[] {
    return [...this.leases.values()].filter(({ owner }) => owner === worker).map(({ pin }) => pin);
  }

  get holding(): number {
    return new Set([...this.leases.values()].flatMap(({ owner }) => owner ?? [])).size;
  }

  private carryOut(decision: ScalingDecision): void {
    for (const change of decision.changes) {
      if (change.kind === "add-worker") this.add(change.worker, change.assigned);
      if (change.kind === "assign") this.assign(change.worker, change.assigned);
      if (change.kind === "remove-worker") this.workers.delete(change.worker);
      if (change.kind === "take-back") this.free(change.pin, false);
    }
    for (const row of this.workers.values()) if (!this.silent.has(row.worker)) this.claimAll(row);
  }

  private add(worker: string, assigned: readonly number[]): void {
    this.#started++;
    this.workers.set(worker, workerRow({ worker, assigned, planVersion: 1 }));
  }

  private assign(worker: string, assigned: readonly number[]): void {
    const row = this.workers.get(worker);
    if (row === undefined) return;
    this.workers.set(worker, { ...row, assigned, planVersion: row.planVersion + 1 });
    for (const pin of this.held(worker)) if (!assigned.includes(pin)) this.free(pin, true);
    if (assigned.length === 0) this.workers.delete(worker);
  }

  /** The owner gives a pin up. */
  free(pin: number, asleep: boolean): void {
    const row = this.leases.get(pin);
    if (row !== undefined) this.leases.set(pin, { ...row, owner: undefined, lastOwner: row.owner, asleep });
  }

  private claimAll(row: WorkerRow): void {
    for (const pin of row.assigned) {
      const lease = this.leases.get(pin);
      if (lease?.owner !== undefined) continue;
      this.leases.set(pin, leaseRow({ pin, owner: row.worker, epoch: (lease?.epoch ?? 0) + 1 }));
    }
    this.workers.set(row.worker, { ...row, held: this.held(row.worker) });
  }
}

/** A worker that has been heard of, but for what is given. */
export function workerRow(changes: Partial<WorkerRow>): WorkerRow {
  return {
    worker: "w",
    instance: "i",
    status: "starting",
    held: [],
    stopped: [],
    positions: {},
    recordsPerBusySecond: 0,
    recordsTotal: 0,
    busyRatio: 0,
    nextTimerAtMs: undefined,
    remainingMs: undefined,
    beat: 1,
    assigned: [],
    planVersion: 0,
    ...changes,
  };
}

/** A free lease, but for what is given. */
export function leaseRow(changes: Partial<LeaseRow>): LeaseRow {
  return {
    pin: 0,
    epoch: 1,
    owner: undefined,
    lastOwner: undefined,
    asleep: false,
    pointer: undefined,
    version: 0,
    ...changes,
  };
}
