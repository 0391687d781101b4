import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";

/**
 * Where a partition starts that the application has never read: at its first record, behind its last, at the first record that is
 * younger than a duration, or nowhere: then the application stops and says so. What has a position goes on there, whatever this says.
 *
 * @source Kafka Streams `AutoOffsetReset` (KIP-1106)
 */
export type AutoOffsetReset = "earliest" | "latest" | "none" | { readonly byDuration: Duration };

/** An `AutoOffsetReset` that was checked, as a topology holds it. Text, so that it compares: `by_duration:<ms>`. */
export type OffsetReset = "earliest" | "latest" | "none" | `by_duration:${number}`;

const BY_DURATION = "by_duration:";

/**
 * Checks where an input is to start.
 *
 * @param what The option, for the message.
 * @throws {StreamError} `CONFIG_INVALID`
 */
export function checkedOffsetReset(given: AutoOffsetReset, what: string): OffsetReset {
  if (typeof given === "object") return `${BY_DURATION}${durationMs(given.byDuration, `byDuration of ${what}`)}`;
  if (given === "earliest" || given === "latest" || given === "none") return given;
  throw new StreamError(
    "CONFIG_INVALID",
    `${what} is ${JSON.stringify(given)}: write "earliest", "latest", "none" or { byDuration }`,
  );
}

/** How far back an input starts that starts by duration, in ms; undefined for the others. */
export function resetDurationMs(reset: OffsetReset): number | undefined {
  return reset.startsWith(BY_DURATION) ? Number(reset.slice(BY_DURATION.length)) : undefined;
}
