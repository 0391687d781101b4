import type { Operator } from "../topology/operator.ts";
import { wantsBoth } from "./arity.ts";

/** A key and a value. */
export type Pair<K, V> = readonly [key: K, value: V];

/**
 * Replaces key and value; timestamp and headers stay.
 *
 * @source Kafka Streams `KStreamMap`
 * @example
 * map((key: string, value: number) => [key.toUpperCase(), value + 1] as const);
 */
export function map<K, V, K2, V2>(mapper: (key: K, value: V) => Pair<K2, V2>): Operator {
  const byKey = mapper as (key: K) => Pair<K2, V2>;
  const both = wantsBoth(mapper);
  return Object.freeze<Operator>({
    kind: "map",
    create:
      ({ next }) =>
      (cursor) => {
        const pair = both ? mapper(cursor.key as K, cursor.value as V) : byKey(cursor.key as K);
        cursor.setKey(pair[0]);
        cursor.setValue(pair[1]);
        next(cursor);
      },
  });
}
