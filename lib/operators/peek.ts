import type { Operator } from "../topology/operator.ts";
import { wantsBoth } from "./arity.ts";

/**
 * Calls an action and forwards the record unchanged. The action runs again when a transaction is tried again.
 *
 * @source Kafka Streams `KStreamPeek`
 * @example
 * peek((key: string, value: number) => seen.push([key, value]));
 */
export function peek<K, V>(action: (key: K, value: V) => void): Operator {
  const byKey = action as (key: K) => void;
  const both = wantsBoth(action);
  return Object.freeze<Operator>({
    kind: "peek",
    create:
      ({ next }) =>
      (cursor) => {
        if (both) action(cursor.key as K, cursor.value as V);
        else byKey(cursor.key as K);
        next(cursor);
      },
  });
}
