import type { Operator } from "../topology/operator.ts";
import { wantsBoth } from "./arity.ts";

/**
 * Replaces the value; key, timestamp and headers stay. Null values reach the mapper, and null results are forwarded.
 *
 * @source Kafka Streams `KStreamMapValues`
 * @example
 * mapValues((value: string) => value.length);
 */
export function mapValues<K, V, V2>(mapper: (value: V, key: K) => V2): Operator {
  const byValue = mapper as (value: V) => V2;
  return Object.freeze<Operator>({
    kind: "map-values",
    create: ({ next }) =>
      wantsBoth(mapper)
        ? (cursor) => {
            cursor.setValue(mapper(cursor.value as V, cursor.key as K));
            next(cursor);
          }
        : (cursor) => {
            cursor.setValue(byValue(cursor.value as V));
            next(cursor);
          },
  });
}
