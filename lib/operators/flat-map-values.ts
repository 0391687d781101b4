import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import { wantsBoth } from "./arity.ts";

/**
 * Replaces a value by any number of values of the same key, timestamp and headers, in the order given.
 *
 * @source Kafka Streams `KStreamFlatMapValues`
 * @example
 * flatMapValues((line: string) => line.split(" "));
 */
export function flatMapValues<K, V, V2>(mapper: (value: V, key: K) => Iterable<V2>): Operator {
  const byValue = mapper as (value: V) => Iterable<V2>;
  const both = wantsBoth(mapper);
  return Object.freeze<Operator>({
    kind: "flat-map-values",
    create: ({ next }) => {
      const registers = new CursorRegisters();
      return (cursor) => {
        const values = both ? mapper(cursor.value as V, cursor.key as K) : byValue(cursor.value as V);
        registers.save(cursor);
        for (const value of values) {
          registers.restore(cursor);
          cursor.setValue(value);
          next(cursor);
        }
      };
    },
  });
}
