import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import { touchesOwnKey } from "./keyed-store.ts";
import { OwnValues } from "./own-values.ts";

/** Combines an aggregate with a value of the same type. A null result deletes the row. */
export type Reducer<V> = (aggregate: V, value: V) => V | null;

/**
 * Combines the values of a key; the first value, and the first after a deletion, is the aggregate as it is. Null keys and
 * null values are dropped.
 *
 * @source Kafka Streams `KStreamReduce`
 * @example
 * reduce({ store: "longest", keySerde: string(), sourceKeyed: true, reducer: (a: string, b: string) => (b.length > a.length ? b : a) });
 */
export function reduce<V>(props: KeyedStore & { readonly reducer: Reducer<V> }): Operator {
  const { keySerde, reducer } = props;
  const touches = touchesOwnKey(props);
  return Object.freeze<Operator>({
    kind: "reduce",
    forwardsRows: true,
    ...(touches && { touches }),
    create: (context) => {
      const { next, store: open, dropped } = context;
      const store = open<KeyValueStore>(props.store);
      const scratch = new ByteSink(64);
      const own = new OwnValues(context, store);
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        const value = cursor.value as V | null | undefined;
        if (value === null || value === undefined) return dropped("null-value");
        const keyText = cursor.keyText(keySerde, scratch);
        const row = store.get(keyText);
        const before = row === undefined ? null : (row.value as V);
        const { timestampMs } = cursor;
        if (row !== undefined && row.timestampMs > timestampMs) cursor.timestampMs = row.timestampMs;
        const given = own.of(before);
        const after = given === null ? value : own.made(reducer(given, value) ?? null, given, before);
        // A deleted row has no timestamp: the changelog then gets the record's.
        store.put(keyText, after, after === null ? timestampMs : cursor.timestampMs);
        cursor.setChange(after, before);
        next(cursor);
      };
    },
  });
}
