import type { RecordQueue } from "./record-queue.ts";

/** How a task waits for inputs that have nothing. */
export interface InputPatience {
  /** How long an input that has nothing on the log either is waited for, from when it was seen to be empty: `max.task.idle.ms`. */
  readonly maxIdleMs: number;
  /** Wall-clock time. */
  readonly nowMs: () => number;
}

/**
 * Chooses the input whose record a task takes next: the one with the lowest timestamp at its head. While an input has records on the log
 * that were not fetched, nothing is chosen; and while one has none, not before it was waited for.
 *
 * @source Kafka Streams `PartitionGroup.readyToProcess` (KIP-695)
 */
export class InputChoice<I extends { readonly queue: RecordQueue }> {
  private readonly inputs: readonly I[];
  private readonly patience: InputPatience;
  /** By input: until when it is waited for; undefined while it has records. */
  private readonly deadlinesMs: (number | undefined)[] = [];
  /** When a record that is there may be taken although an input has none; undefined when none waits for that. */
  waitsUntilMs: number | undefined;

  constructor(inputs: readonly I[], patience: InputPatience) {
    this.inputs = inputs;
    this.patience = patience;
  }

  /** @hotPath once per record */
  next(): I | undefined {
    const { inputs } = this;
    if (inputs.length === 1) {
      const only = inputs[0] as I;
      return only.queue.head === undefined ? undefined : only;
    }
    this.waitsUntilMs = undefined;
    let best: I | undefined;
    let untilMs = 0;
    for (let at = 0; at < inputs.length; at++) {
      const input = inputs[at] as I;
      const { queue } = input;
      if (queue.head === undefined) {
        if (!queue.caughtUp) {
          this.deadlinesMs[at] = undefined;
          return undefined;
        }
        untilMs = Math.max(untilMs, this.waitFor(at));
      } else {
        this.deadlinesMs[at] = undefined;
        if (best === undefined || queue.headTimestampMs < best.queue.headTimestampMs) best = input;
      }
    }
    if (best === undefined || untilMs === 0) return best;
    this.waitsUntilMs = untilMs;
    return undefined;
  }

  /** Until when to wait for an input that has nothing; 0 when it was waited for long enough. */
  private waitFor(at: number): number {
    const { maxIdleMs } = this.patience;
    if (maxIdleMs === 0) return 0;
    const nowMs = this.patience.nowMs();
    const deadlineMs = this.deadlinesMs[at] ?? nowMs + maxIdleMs;
    this.deadlinesMs[at] = deadlineMs;
    return nowMs < deadlineMs ? deadlineMs : 0;
  }
}
