import type { Duration } from "../core/duration.ts";

/** Which clock a punctuator follows: that of the records, or that of the wall. @source Kafka Streams `PunctuationType` */
export type PunctuationType = "streamTime" | "wallClockTime";

/** When a punctuator is called. */
export interface ScheduleOptions {
  readonly interval: Duration;
  readonly type: PunctuationType;
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
