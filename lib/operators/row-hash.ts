import { ByteSink } from "../core/byte-sink.ts";
import { Murmur3 } from "../serde/murmur3.ts";
import type { Serde } from "../serde/serde.ts";

/**
 * Hashes values as their serde writes them. Always written anew: a source's bytes may differ from those of the value that a
 * store gives back.
 *
 * @example
 * rowHash(json())({ user: "ann" }).length; // 16
 */
export function rowHash(valueSerde: Serde<unknown>): (value: unknown) => string {
  const scratch = new ByteSink(256);
  const murmur3 = new Murmur3();
  return (value) => {
    scratch.reset();
    valueSerde.write(value, scratch);
    return murmur3.hash(scratch.bytes, 0, scratch.length);
  };
}
