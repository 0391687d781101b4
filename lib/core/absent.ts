/**
 * Whether there is no value: a tombstone, or the side of a change that is not there.
 *
 * @example
 * isAbsent(0); // false
 */
export function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
