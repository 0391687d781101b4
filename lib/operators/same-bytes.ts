import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";

/**
 * Whether two keys are one: they are when their bytes are.
 *
 * @example
 * sameBytes(json())({ city: "Oslo" }, { city: "Oslo" }); // true
 */
export function sameBytes(serde: Serde<unknown>): (a: unknown, b: unknown) => boolean {
  const [left, right] = [new ByteSink(64), new ByteSink(64)];
  return (a, b) => {
    if (a === b) return true;
    left.reset();
    right.reset();
    serde.write(a, left);
    serde.write(b, right);
    return left.view().equals(right.view());
  };
}
