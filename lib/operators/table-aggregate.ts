import { ByteSink } from "../core/byte-sink.ts";
import type { Change } from "../serde/changed.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import { touchesOwnKey } from "./keyed-store.ts";
import { OwnValues } from "./own-values.ts";

/** What `tableAggregate` needs. */
export interface TableAggregateProps<K, V, A> extends KeyedStore {
  /** Adds a row to a group; `aggregate` is null when the group has none. */
  readonly add: (key: K, value: V, aggregate: A | null) => A | null;
  /** Takes a row from a group that has an aggregate. */
  readonly subtract: (key: K, value: V, aggregate: A) => A | null;
}

/**
 * Aggregates the rows of a table by group: subtracts the old value of a change, then adds the new one, and gives one result
 * with the largest timestamp of the group so far. From a group without aggregate nothing is subtracted. A null result
 * deletes the group.
 *
 * @source Kafka Streams `KTableAggregate`, `KTableReduce`
 * @example
 * tableAggregate({
 *   store: "counts", keySerde: string(), sourceKeyed: true,
 *   add: (key: string, value: string, count: number | null) => (count ?? 0) + 1,
 *   subtract: (key: string, value: string, count: number) => count - 1,
 * });
 */
export function tableAggregate<K, V, A>(props: TableAggregateProps<K, V, A>): Operator {
  const { keySerde, add, subtract } = props;
  const touches = touchesOwnKey(props);
  return Object.freeze<Operator>({
    kind: "table-aggregate",
    forwardsRows: true,
    ...(touches && { touches }),
    create: (context) => {
      const { next, store: open } = context;
      const store = open<KeyValueStore>(props.store);
      const scratch = new ByteSink(64);
      const [ofAdder, ofSubtractor] = [new OwnValues(context, store), new OwnValues(context, store)];
      return (cursor) => {
        const { newValue, oldValue } = cursor.value as Change<V>;
        const key = cursor.key as K;
        const keyText = cursor.keyText(keySerde, scratch);
        const row = store.get(keyText);
        const before = row === undefined ? null : (row.value as A);
        const { timestampMs } = cursor;
        if (row !== undefined && row.timestampMs > timestampMs) cursor.timestampMs = row.timestampMs;
        let after = before;
        if (before !== null && oldValue !== null) {
          const given = ofSubtractor.of(before);
          after = ofSubtractor.made(subtract(key, oldValue, given) ?? null, given, before);
          // What the subtractor has answered is nobody's but the adder's.
          if (newValue !== null) after = ofAdder.made(add(key, newValue, after) ?? null, after);
        } else if (newValue !== null) {
          const given = ofAdder.of(before);
          after = ofAdder.made(add(key, newValue, given) ?? null, given, before);
        }
        // A deleted row has no timestamp: the changelog then gets the record's.
        store.put(keyText, after, after === null ? timestampMs : cursor.timestampMs);
        cursor.setChange(after, before);
        next(cursor);
      };
    },
  });
}
