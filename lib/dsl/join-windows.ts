import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import type { JoinWindowShape } from "../operators/join-side.ts";

/** Which records of two streams meet; made by `joinWindows`. */
export interface JoinWindows extends JoinWindowShape {
  readonly kind: "join";
}

/** How far apart records that meet may be. `before` and `after` go before `timeDifference`. */
export type JoinWindowsOptions = {
  /** How long after its window a record of a left or outer join still waits for a match. No default: it decides what is kept. */
  readonly grace: Duration;
} & (
  | { readonly timeDifference: Duration; readonly before?: Duration; readonly after?: Duration }
  | { readonly timeDifference?: undefined; readonly before: Duration; readonly after: Duration }
);

/**
 * Windows of a join of two streams: a right record meets a left one when its timestamp is in
 * `[left.timestamp - before, left.timestamp + after]`.
 *
 * @throws {StreamError} `CONFIG_INVALID` when a duration is not one, before or after is missing, or all are 0
 * @source Kafka Streams `JoinWindows.ofTimeDifferenceAndGrace`
 * @example
 * joinWindows({ timeDifference: "5m", grace: "1m" }); // at most five minutes apart
 * joinWindows({ before: 0, after: "1h", grace: "1m" }); // the right record comes up to an hour later
 */
export function joinWindows({ timeDifference, before, after, grace }: JoinWindowsOptions): JoinWindows {
  const beforeMs = given(before ?? timeDifference, "before");
  const afterMs = given(after ?? timeDifference, "after");
  const graceMs = durationMs(grace, "grace of joinWindows");
  if (beforeMs + afterMs + graceMs > 0) return Object.freeze<JoinWindows>({ kind: "join", beforeMs, afterMs, graceMs });
  throw new StreamError(
    "CONFIG_INVALID",
    "joinWindows keeps records for before + after + grace = 0 ms, so none would find another: raise one of them",
  );
}

function given(duration: Duration | undefined, what: string): number {
  if (duration !== undefined) return durationMs(duration, `${what} of joinWindows`);
  throw new StreamError("CONFIG_INVALID", `joinWindows has no ${what}: pass timeDifference, or before and after`);
}
