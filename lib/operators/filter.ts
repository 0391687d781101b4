import type { Operator } from "../topology/operator.ts";
import { wantsBoth } from "./arity.ts";

/**
 * Forwards records for which the predicate answers `keep`; drops the others.
 *
 * @param keep True for `filter`, false for `filterNot`.
 * @source Kafka Streams `KStreamFilter`
 * @example
 * filter((key: string, value: string) => value.startsWith("a"), true);
 */
export function filter<K, V>(predicate: (key: K, value: V) => boolean, keep: boolean): Operator {
  const keyOnly = predicate as (key: K) => boolean;
  return Object.freeze<Operator>({
    kind: "filter",
    create: ({ next }) =>
      wantsBoth(predicate)
        ? (cursor) => {
            if (predicate(cursor.key as K, cursor.value as V) === keep) next(cursor);
          }
        : (cursor) => {
            if (keyOnly(cursor.key as K) === keep) next(cursor);
          },
  });
}
