import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import type { SessionWindowShape } from "../operators/session-aggregate.ts";
import type { SlidingWindowShape } from "../operators/sliding-aggregate.ts";
import type { TimeWindowShape } from "../operators/window-aggregate.ts";

/** Tumbling or hopping windows; made by `timeWindows`. */
export interface TimeWindows extends TimeWindowShape {
  readonly kind: "time";
}

/** Sizes of time windows. */
export interface TimeWindowsOptions {
  readonly size: Duration;
  /** How far apart windows start; without it windows tumble: one starts where the last ends. */
  readonly advance?: Duration;
  /** How late a record may be and still count. No default: it decides what is lost and how long state is kept. */
  readonly grace: Duration;
}

/**
 * Windows `[start, start + size)` with starts at multiples of `advance` since the epoch.
 *
 * @throws {StreamError} `CONFIG_INVALID` unless 0 < advance ≤ size
 * @source Kafka Streams `TimeWindows.ofSizeAndGrace`
 * @example
 * timeWindows({ size: "5s", advance: "1s", grace: "1s" }); // each record counts in five windows
 */
export function timeWindows({ size, advance, grace }: TimeWindowsOptions): TimeWindows {
  const sizeMs = durationMs(size, "size of timeWindows");
  const advanceMs = advance === undefined ? sizeMs : durationMs(advance, "advance of timeWindows");
  const graceMs = durationMs(grace, "grace of timeWindows");
  if (sizeMs === 0 || advanceMs === 0 || advanceMs > sizeMs) {
    throw new StreamError(
      "CONFIG_INVALID",
      `timeWindows has size ${sizeMs} ms and advance ${advanceMs} ms: the advance must be above 0 and at most the size`,
      { details: { sizeMs, advanceMs } },
    );
  }
  return Object.freeze<TimeWindows>({ kind: "time", sizeMs, advanceMs, graceMs });
}

/** A start of unlimited windows. */
export interface UnlimitedWindowsOptions {
  /** Start in milliseconds since the epoch; 0 without it. Earlier records belong to no window. */
  readonly startMs?: number;
}

/**
 * One window that never closes: `[startMs, end of time)`, where time ends with `Number.MAX_SAFE_INTEGER`.
 *
 * @throws {StreamError} `CONFIG_INVALID` unless `startMs` is a whole number of 0 or more
 * @source Kafka Streams `UnlimitedWindows`
 * @example
 * unlimitedWindows({ startMs: Date.UTC(2026, 0, 1) });
 */
export function unlimitedWindows({ startMs = 0 }: UnlimitedWindowsOptions = {}): TimeWindows {
  if (!Number.isSafeInteger(startMs) || startMs < 0) {
    throw new StreamError(
      "CONFIG_INVALID",
      `unlimitedWindows starts at ${startMs} ms: must be a whole number from 0 on`,
      {
        details: { startMs },
      },
    );
  }
  const sizeMs = Number.MAX_SAFE_INTEGER - startMs;
  return Object.freeze<TimeWindows>({
    kind: "time",
    sizeMs,
    advanceMs: Number.POSITIVE_INFINITY,
    graceMs: 0,
    onlyStartMs: startMs,
  });
}

/** Sliding windows; made by `slidingWindows`. */
export interface SlidingWindows extends SlidingWindowShape {
  readonly kind: "sliding";
}

/** Sizes of sliding windows. */
export interface SlidingWindowsOptions {
  /** How far apart two records of a window may be. */
  readonly timeDifference: Duration;
  /** How late a record may be and still count. No default: it decides what is lost and how long state is kept. */
  readonly grace: Duration;
}

/**
 * Windows `[start, start + timeDifference]`, both ends inclusive, that lie where the records are: every set of records that a
 * window of this length can hold has one.
 *
 * @throws {StreamError} `CONFIG_INVALID` for what is no duration, or when both are 0
 * @source Kafka Streams `SlidingWindows.ofTimeDifferenceAndGrace`
 * @example
 * slidingWindows({ timeDifference: "5m", grace: "30s" });
 */
export function slidingWindows({ timeDifference, grace }: SlidingWindowsOptions): SlidingWindows {
  const differenceMs = durationMs(timeDifference, "timeDifference of slidingWindows");
  const graceMs = durationMs(grace, "grace of slidingWindows");
  if (differenceMs + graceMs > 0) return Object.freeze<SlidingWindows>({ kind: "sliding", differenceMs, graceMs });
  throw new StreamError(
    "CONFIG_INVALID",
    "slidingWindows keeps windows for 2 * timeDifference + grace = 0 ms, so none would hold two records: raise one of them",
  );
}

/** Session windows; made by `sessionWindows`. */
export interface SessionWindows extends SessionWindowShape {
  readonly kind: "session";
}

/** Sizes of session windows. */
export interface SessionWindowsOptions {
  /** Inactivity that ends a session: records at most this far apart belong together. */
  readonly gap: Duration;
  /** How late a record may be and still count. No default: it decides what is lost and how long state is kept. */
  readonly grace: Duration;
}

/**
 * Windows of activity, per key: `[first record, last record]`, both ends inclusive. A record that comes in between, or at most
 * `gap` beside, extends a session; one that is near two makes one of them.
 *
 * @throws {StreamError} `CONFIG_INVALID` unless gap > 0
 * @source Kafka Streams `SessionWindows.ofInactivityGapAndGrace`
 * @example
 * sessionWindows({ gap: "30m", grace: "5m" });
 */
export function sessionWindows({ gap, grace }: SessionWindowsOptions): SessionWindows {
  const gapMs = durationMs(gap, "gap of sessionWindows");
  const graceMs = durationMs(grace, "grace of sessionWindows");
  if (gapMs === 0) {
    throw new StreamError("CONFIG_INVALID", "sessionWindows has gap 0 ms: it must be above 0", { details: { gapMs } });
  }
  return Object.freeze<SessionWindows>({ kind: "session", gapMs, graceMs });
}
