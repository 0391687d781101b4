import type { Duration } from "../core/duration.ts";

/** Which clock a punctuator follows: that of the records, or that of the wall. @source Kafka Streams `PunctuationType` */
export type PunctuationType = "streamTime" | "wallClockTime";

/** When a punctuator is called. */
export interface ScheduleOptions {
  readonly interval: Duration;
  readonly type: PunctuationType;
  /**
   * A time of its clock, in milliseconds since the epoch, at which it is called first, and which its other calls are whole intervals
   * away from: with `interval: "1d"` and 3 hours past a midnight, every night at three. One that has passed stands for the next tick.
   *
   * @source Kafka Streams `ProcessingContext.schedule(startTime, …)` (KIP-1146)
   */
  readonly startMs?: number;
  /**
   * Keeps the next due time across restarts under this name. A punctuator that `init` schedules keeps it without a name too:
   * it is then known by its place among the others.
   */
  readonly name?: string;
  /**
   * What happens to ticks that passed unfired: one call for all of them (`fireOnce`, the default, as in Kafka Streams), one
   * call for each, with its own due time (`fireAll`), or none for those that passed while the application did not run (`skip`).
   */
  readonly missed?: "skip" | "fireOnce" | "fireAll";
}

/** A scheduled punctuator. @source Kafka Streams `Cancellable` */
export interface Cancellable {
  /** Never calls it again. Its due time is forgotten: scheduled anew, it starts anew. */
  cancel(): void;
}
