import type { Operator } from "../topology/operator.ts";

/**
 * Forwards records that have a key: stands before a repartition topic, because a null key has no partition.
 *
 * @source Kafka Streams `OptimizableRepartitionNode`
 */
export const dropNullKeys: Operator = Object.freeze<Operator>({
  kind: "drop-null-keys",
  create:
    ({ next }) =>
    (cursor) => {
      if (!cursor.keyIsNull) next(cursor);
    },
});
