import { ByteSink } from "../core/byte-sink.ts";
import type { Change } from "../serde/changed.ts";
import { OwnValues } from "../state/own-values.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import { touchesOwnKey } from "./keyed-store.ts";

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
    create: ({ next, store: open }) => {
      const store = open<KeyValueStore>(props.store);
      const scratch = new ByteSink(64);
      const own = new OwnValues(store);
      return (cursor) => {
        const { newValue, oldValue } = cursor.value as Change<V>;
        const key = cursor.key as K;
        const keyText = cursor.keyText(keySerde, scratch);
        const row = store.get(keyText);
        const before = row === undefined ? null : (row.value as A);
        const { timestampMs } = cursor;
        if (row !== undefined && row.timestampMs > timestampMs) cursor.timestampMs = row.timestampMs;
        const given = own.of(before);
        const rest =
          given !== null && oldValue !== null ? own.made(subtract(key, oldValue, given) ?? null, given) : given;
        const after = newValue === null ? rest : own.made(add(key, newValue, rest) ?? null, rest);
        // A deleted row has no timestamp: the changelog then gets the record's.
        store.put(keyText, after, after === null ? timestampMs : cursor.timestampMs);
        cursor.setChange(after, before);
        next(cursor);
      };
    },
  });
}
