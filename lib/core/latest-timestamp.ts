/**
 * The latest time that a record may have, in milliseconds: in the year 144,683. What is computed from it, such as the end of a
 * window, is still exact, and snapshots can hold it.
 */
export const LATEST_TIMESTAMP_MS = 2 ** 52 - 1;

/** Whether a number can be the time of a record, or, when it is negative, say that there is none. */
export function isTimestamp(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms <= LATEST_TIMESTAMP_MS;
}
