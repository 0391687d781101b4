import type { Serde } from "../serde/serde.ts";

/**
 * The length of a restored value, -1 where its bytes say null: a topic of the user's may have such, and a table takes them as a
 * deletion.
 *
 * @hotPath once per restored row
 */
export function valueLengthOf(serde: Serde<unknown>, bytes: Buffer, start: number, length: number): number {
  return length > 0 && serde.isNull?.(bytes, start, start + length) === true ? -1 : length;
}
