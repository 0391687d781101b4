import { StreamError } from "./errors.ts";

/** A span of time: milliseconds, or a number with a unit. */
export type Duration = number | `${number}${DurationUnit}`;

/** Units of a written duration. */
export type DurationUnit = "ms" | "s" | "m" | "h" | "d";

const unitMs: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const written = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Milliseconds of a duration: a whole number, zero or more.
 *
 * @param what Names the setting in the error, for example `"grace of timeWindows"`.
 * @throws {StreamError} `CONFIG_INVALID` for anything else
 * @example
 * durationMs("1.5s", "size"); // 1500
 */
export function durationMs(duration: Duration, what: string): number {
  const ms = typeof duration === "number" ? duration : parse(duration);
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw new StreamError(
    "CONFIG_INVALID",
    `${what} is ${JSON.stringify(duration)}: write whole milliseconds or a number with ms, s, m, h or d, such as "5s"`,
    { details: { setting: what, value: String(duration) } },
  );
}

function parse(text: string): number {
  const match = written.exec(text);
  if (match === null) return Number.NaN;
  const ms = Number(match[1]) * unitMs[match[2] as DurationUnit];
  // 0.07 * 1000 is 70.00000000000001: what is whole but for that was meant to be.
  const whole = Math.round(ms);
  return Math.abs(ms - whole) < 1e-6 ? whole : ms;
}
