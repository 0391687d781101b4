import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import type { SuppressProps } from "../operators/suppress.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { Named } from "./stream.ts";

/** How much may wait. What is not given has no limit. */
export interface BufferLimits extends Named {
  /** Keys at most. */
  readonly maxRecords?: number;
  /** Bytes at most, of keys, values and headers. */
  readonly maxBytes?: number;
}

/** Limits of a buffer that may let changes go before their time. */
export interface EagerBufferLimits extends BufferLimits {
  /** What a full buffer does: emit the oldest changes early (default), or stop with `BUFFER_FULL`. */
  readonly whenFull?: SuppressProps["whenFull"];
}

/** What `KTable.suppress` holds back, and for how long; made by `Suppressed`. `K` are the keys that it fits. */
export interface Suppression<in K> extends Pick<SuppressProps, "waitsBy" | "maxRecords" | "maxBytes" | "whenFull"> {
  /** Undefined: the grace of the windows. */
  readonly waitMs: number | undefined;
  readonly name: string | undefined;
  /** For the compiler only. */
  readonly fits?: (key: K) => void;
}

function limited({ maxRecords, maxBytes, name }: BufferLimits) {
  for (const [limit, value] of Object.entries({ maxRecords, maxBytes })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new StreamError(
      "CONFIG_INVALID",
      `${limit} of a suppress buffer is ${value}: must be a whole number above 0`,
      {
        details: { [limit]: value },
      },
    );
  }
  const unbounded = Number.POSITIVE_INFINITY;
  return { maxRecords: maxRecords ?? unbounded, maxBytes: maxBytes ?? unbounded, name };
}

/**
 * What to hold back of a table's changes.
 *
 * @source Kafka Streams `Suppressed` and its `BufferConfig` (KIP-328)
 */
export const Suppressed = Object.freeze({
  /**
   * Only the final result of each window: it is emitted when the window takes no more records. Windows that were deleted by then
   * are not emitted. A full buffer stops with `BUFFER_FULL`: to emit early would not be final.
   *
   * @throws {StreamError} `CONFIG_INVALID` for a limit that is not a whole number above 0
   * @example
   * perMinute.suppress(Suppressed.untilWindowCloses({ maxBytes: 50_000_000 }));
   */
  untilWindowCloses(limits: BufferLimits = {}): Suppression<Windowed<unknown>> {
    const whenFull = "shutDownWhenFull";
    return Object.freeze({ ...limited(limits), waitsBy: "windowEnd", waitMs: undefined, whenFull } as const);
  },

  /**
   * At most one change per key and time span: the newest is emitted when stream time has gone on by `limit` since the first.
   *
   * @throws {StreamError} `CONFIG_INVALID` for a limit that is not a whole number above 0
   * @example
   * users.suppress(Suppressed.untilTimeLimit("5m", { maxRecords: 10_000, whenFull: "emitEarlyWhenFull" }));
   */
  untilTimeLimit(limit: Duration, limits: EagerBufferLimits = {}): Suppression<unknown> {
    const waitMs = durationMs(limit, "limit of untilTimeLimit");
    const { whenFull = "emitEarlyWhenFull" } = limits;
    return Object.freeze({ ...limited(limits), waitsBy: "timestamp", waitMs, whenFull } as const);
  },
});
