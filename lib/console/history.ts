import type { ConsoleSample, ConsoleState } from "./state.ts";

/** The point that a state adds to the charts. */
export function sampleOf(state: ConsoleState): ConsoleSample {
  const count = (status: string): number => state.workers.filter((worker) => worker.status === status).length;
  return {
    atMs: state.nowMs,
    inPerSecond: state.input.perSecond,
    processedPerSecond: state.processed.perSecond,
    lagByPartition: state.lagByPartition,
    ready: count("ready"),
    starting: count("starting"),
    draining: count("draining"),
  };
}

/**
 * The last samples, so that a page that opens late or reloads has the past as well.
 */
export class History {
  private readonly capacity: number;
  private kept: ConsoleSample[] = [];

  /** @param capacity How many samples to keep; a positive integer. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  add(sample: ConsoleSample): void {
    this.kept.push(sample);
    // Cut in halves: one copy per `capacity` samples, not one per sample.
    if (this.kept.length >= this.capacity * 2) this.kept = this.kept.slice(-this.capacity);
  }

  /** The newest samples, oldest first. */
  samples(): readonly ConsoleSample[] {
    return this.kept.slice(-this.capacity);
  }
}
