import type { LeaseRow } from "../ports/lease-table.ts";
import type { PinMemory, PinObservation, ScalingConfig, ScalingMemory, ScalingObservation } from "./types.ts";

/** What one pin needs now, as a share of one worker. */
export interface PinDemand {
  readonly pin: number;
  /** Must have an owner, or keeps the one it has. */
  readonly wanted: boolean;
  /** Without being wanted: stays with its worker as long as that one goes on for others. False for one that is held off. */
  readonly mayStay: boolean;
  /** In [0, 1]; 1 may mean "hotter than one worker". */
  readonly share: number;
  readonly lag: PinObservation["lag"];
}

/** Demand of all pins and what is remembered of them; a pin that is held off is not wanted, whatever its lag. Pure. */
export function decideDemand(
  observation: ScalingObservation & { readonly heldOff: ReadonlySet<number> },
  memory: ScalingMemory,
  config: ScalingConfig,
): { demands: readonly PinDemand[]; pins: ScalingMemory["pins"]; recordsPerBusySecond: number } {
  const recordsPerBusySecond = learn(observation, memory);
  const rate = workerRate(recordsPerBusySecond, config);
  const leases = new Map(observation.leases.map((row) => [row.pin, row]));
  const blind = observation.pins.some(({ lag }) => lag === "unknown");
  const planned = new Set(observation.workers.flatMap(({ assigned }) => assigned));
  const pins: Record<string, PinMemory> = {};
  const demands = observation.pins.map((seen): PinDemand => {
    const before = memory.pins[seen.pin];
    const now = remember(seen, before, observation.nowMs);
    if (now !== undefined) pins[seen.pin] = now;
    const demand = demandOf(seen, now, {
      lease: leases.get(seen.pin),
      rate,
      config,
      nowMs: observation.nowMs,
      planned: planned.has(seen.pin),
      blind,
    });
    return observation.heldOff.has(seen.pin) ? { ...demand, wanted: false, mayStay: false } : demand;
  });
  return { demands, pins, recordsPerBusySecond };
}

function demandOf(
  seen: PinObservation,
  memory: PinMemory | undefined,
  facts: {
    lease: LeaseRow | undefined;
    rate: number;
    config: ScalingConfig;
    nowMs: number;
    /** The plan gives it to a worker. */
    planned: boolean;
    /** Some lag is unknown: whatever is held or planned stays. */
    blind: boolean;
  },
): PinDemand {
  const { lease, rate, config, nowMs } = facts;
  const owned = lease?.owner !== undefined;
  const kept = facts.blind && (owned || facts.planned);
  if (seen.lag === "unknown") return { pin: seen.pin, wanted: kept, mayStay: true, share: 0, lag: "unknown" };
  const arrival = memory?.arrivalPerSecond ?? 0;
  const share = Math.min(1, (arrival / config.utilisation + (seen.lag * 1_000) / config.delayObjectiveMs) / rate);
  // A pin whose worker died is restarted and drained even without lag: only a clean release lets it sleep.
  const unsettled = lease !== undefined && !owned && !lease.asleep;
  const recentlyBusy = memory !== undefined && nowMs - memory.busyAtMs < config.idleToZeroMs;
  // One whose timer is near is not put to sleep for so short a time.
  const timerMs = seen.timerAtMs === undefined ? Number.POSITIVE_INFINITY : seen.timerAtMs - nowMs;
  const timerDue = timerMs <= 0 || (owned && timerMs < config.idleToZeroMs);
  const busy = seen.lag > 0 || timerDue || (owned && recentlyBusy);
  const wanted = config.minWorkers > 0 || busy || unsettled || kept;
  return { pin: seen.pin, wanted, mayStay: true, share, lag: seen.lag };
}

function remember(seen: PinObservation, before: PinMemory | undefined, nowMs: number): PinMemory | undefined {
  if (seen.endTotal === undefined || seen.lag === "unknown") return before;
  const seconds = before === undefined ? 0 : (nowMs - before.atMs) / 1_000;
  const arrived = before === undefined ? 0 : Math.max(0, seen.endTotal - before.endTotal);
  const rate = seconds > 0 ? arrived / seconds : 0;
  const arrivalPerSecond =
    before === undefined || seconds === 0 ? (before?.arrivalPerSecond ?? 0) : (before.arrivalPerSecond + rate) / 2;
  const busyAtMs = before === undefined || seen.lag > 0 || arrived > 0 ? nowMs : before.busyAtMs;
  return { endTotal: seen.endTotal, atMs: nowMs, arrivalPerSecond, busyAtMs };
}

function learn(observation: ScalingObservation, memory: ScalingMemory): number {
  const rates = observation.workers.map((row) => row.recordsPerBusySecond).filter((rate) => rate > 0);
  if (rates.length === 0) return memory.recordsPerBusySecond;
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  return memory.recordsPerBusySecond === 0 ? mean : (memory.recordsPerBusySecond + mean) / 2;
}

function workerRate(learnt: number, { workerRecordsPerSecond }: ScalingConfig): number {
  if (workerRecordsPerSecond.fixed || learnt === 0) return workerRecordsPerSecond.value;
  return learnt;
}
