import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";

/**
 * Keeps the results of both sides of a join of tables, and forwards them as they are.
 *
 * @source Kafka Streams `KTableKTableJoinMerger`
 * @example
 * tableMerge({ store: "carts-with-users", keySerde: string(), sourceKeyed: true });
 */
export function tableMerge({ store, keySerde }: KeyedStore): Operator {
  return Object.freeze<Operator>({
    kind: "table-merge",
    forwardsRows: true,
    create: ({ next, store: open }) => {
      const kept = open<KeyValueStore>(store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        kept.put(cursor.keyText(keySerde, scratch), cursor.value, cursor.timestampMs);
        next(cursor);
      };
    },
  });
}
