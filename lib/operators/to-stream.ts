import type { Operator } from "../topology/operator.ts";

/**
 * Turns the changes of a table into records: the new value goes on, the old one is forgotten, a deletion is a null value.
 *
 * @source Kafka Streams `KTableImpl.toStream`
 */
export const toStream: Operator = Object.freeze<Operator>({
  kind: "to-stream",
  create:
    ({ next }) =>
    (cursor) => {
      cursor.oldValue = null;
      cursor.hasOldValue = false;
      cursor.isNewest = true;
      next(cursor);
    },
});
