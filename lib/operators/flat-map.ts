import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import { ofRecord } from "./arity.ts";
import type { Pair } from "./map.ts";

/**
 * Replaces a record by any number of records with the same timestamp and headers, in the order given.
 *
 * @source Kafka Streams `KStreamFlatMap`
 * @example
 * flatMap((key: string, value: string) => value.split(" ").map((word) => [word, key] as const));
 */
export function flatMap<K, V, K2, V2>(mapper: (key: K, value: V) => Iterable<Pair<K2, V2>>): Operator {
  const pairsOf = ofRecord(mapper);
  return Object.freeze<Operator>({
    kind: "flat-map",
    create: ({ next }) => {
      const registers = new CursorRegisters();
      return (cursor) => {
        const pairs = pairsOf(cursor);
        registers.save(cursor);
        for (const pair of pairs) {
          registers.restore(cursor);
          cursor.setKey(pair[0]);
          cursor.setValue(pair[1]);
          next(cursor);
        }
      };
    },
  });
}
