import type { LeaseRow, PlanChange, WorkerRow } from "../ports/lease-table.ts";

/** Records between the end of a pin's inputs and its position; a failed look is unknown, never 0. */
export type Lag = number | "unknown";

/** What a tick saw of one pin. */
export interface PinObservation {
  readonly pin: number;
  readonly lag: Lag;
  /** Sum of the ends of its inputs, for the arrival rate; undefined when unknown. */
  readonly endTotal: number | undefined;
  /** Sum of its positions: whether it moves; undefined when unknown. */
  readonly positionTotal: number | undefined;
  /** When its first punctuator is due by wall-clock time. */
  readonly timerAtMs?: number | undefined;
}

/** Everything that a decision stands on. Times are the coordinator's own. */
export interface ScalingObservation {
  readonly nowMs: number;
  readonly pins: readonly PinObservation[];
  readonly leases: readonly LeaseRow[];
  readonly workers: readonly WorkerRow[];
  /** Ids for workers that may be started. */
  readonly freshWorkers: readonly string[];
}

/** What a coordinator remembers from tick to tick; kept in a document, so that the next invocation goes on. */
export interface ScalingMemory {
  /** How long this coordinator has watched a worker's beat stand still. */
  readonly beats: Readonly<Record<string, { readonly beat: number; readonly silentMs: number }>>;
  /** Looks in a row at which a worker was given up that never beat, with none in between that began to. */
  readonly lostStarts: number;
  /** When it last looked. */
  readonly lookedAtMs: number;
  readonly pins: Readonly<Record<string, PinMemory>>;
  /** Leases of living workers that do not know of them, since which beat. */
  readonly unheld: Readonly<Record<string, { readonly epoch: number; readonly beat: number }>>;
  /** Pins that stopped with a typed error, and for how long they are left alone. */
  readonly stuck: Readonly<Record<string, StuckPin>>;
  /** Workers needed, over the scale-in window: each entry with more than those after it. */
  readonly needed: readonly { readonly atMs: number; readonly workers: number }[];
  /** Learnt records per busy second of a worker; 0 before the first. */
  readonly recordsPerBusySecond: number;
}

/** What is remembered of a pin. */
export interface PinMemory {
  readonly endTotal: number;
  readonly atMs: number;
  readonly arrivalPerSecond: number;
  /** Last time with lag or arrivals. */
  readonly busyAtMs: number;
}

/** What is remembered of a pin that stopped. Durations are of the coordinator's own looks, like silence of beats. */
export interface StuckPin {
  /** Code of the error. */
  readonly code: string;
  /** Length of this hold-off, and what is left of it. */
  readonly holdMs: number;
  readonly leftMs: number;
  /** Since it was last reported. */
  readonly calmMs: number;
  /** A worker still reports it. */
  readonly isReported: boolean;
  /** `PinObservation.positionTotal` when it stopped. */
  readonly positionTotal: number;
}

/** Settings of scaling. */
export interface ScalingConfig {
  readonly mode: "off" | "dryRun" | "on";
  readonly minWorkers: number;
  readonly maxWorkers: number;
  /** Backlog is to be gone within this. */
  readonly delayObjectiveMs: number;
  /** Share of a worker's rate that arrivals may use. */
  readonly utilisation: number;
  /** Fewer workers only after this long without the need for more. */
  readonly scaleInWindowMs: number;
  readonly idleToZeroMs: number;
  /** Without a moved beat for this long a worker is dead. */
  readonly deadAfterMs: number;
  /** A worker that never beat may take this long to start; twice as long for each that was given up before it. */
  readonly startGraceMs: number;
  /** Records per second of one worker when nothing is learnt yet, and an upper bound when `fixed`. */
  readonly workerRecordsPerSecond: { readonly value: number; readonly fixed: boolean };
}

/** What a tick decided: changes in the order in which they are to be applied. */
export interface ScalingDecision {
  readonly changes: readonly PlanChange[];
  readonly starts: readonly string[];
  /** One sentence per thing that changed, for the log and the console. */
  readonly reasons: readonly string[];
  readonly memory: ScalingMemory;
  readonly neededWorkers: number;
}

/** Memory before the first tick. */
export const emptyScalingMemory: ScalingMemory = {
  beats: {},
  lostStarts: 0,
  lookedAtMs: 0,
  pins: {},
  unheld: {},
  stuck: {},
  needed: [],
  recordsPerBusySecond: 0,
};
