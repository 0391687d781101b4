import type { Operator } from "../topology/operator.ts";
import { wantsBoth } from "./arity.ts";

/**
 * Replaces the key; the value, which nobody has to decode, the timestamp and the headers stay.
 *
 * @source Kafka Streams `KStreamImpl.selectKey`
 * @example
 * selectKey((key: string, value: { city: string }) => value.city);
 */
export function selectKey<K, V, K2>(selector: (key: K, value: V) => K2): Operator {
  const byKey = selector as (key: K) => K2;
  const both = wantsBoth(selector);
  return Object.freeze<Operator>({
    kind: "select-key",
    create:
      ({ next }) =>
      (cursor) => {
        cursor.setKey(both ? selector(cursor.key as K, cursor.value as V) : byKey(cursor.key as K));
        next(cursor);
      },
  });
}
