import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import { touchesOwnKey } from "./keyed-store.ts";
import { OwnValues } from "./own-values.ts";

/** Makes the aggregate of a key that has none. */
export type Initializer<A> = () => A;

/** Adds a value to an aggregate. A null result deletes the row and is forwarded as a tombstone. */
export type Aggregator<K, V, A> = (key: K, value: V, aggregate: A) => A | null;

/** What `aggregate` needs. */
export interface AggregateProps<K, V, A> extends KeyedStore {
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
}

/**
 * Aggregates the values of a key. Null keys and null values are dropped. Every record gives a result, changed or not, with
 * the largest timestamp of the key so far. The first result of a key, and the first after a deletion, has the initializer's
 * value as old value.
 *
 * @source Kafka Streams `KStreamAggregate`
 * @example
 * aggregate({
 *   store: "sums", keySerde: string(), sourceKeyed: true,
 *   initializer: () => 0, aggregator: (key: string, value: number, sum: number) => sum + value,
 * });
 */
export function aggregate<K, V, A>(props: AggregateProps<K, V, A>): Operator {
  const { keySerde, initializer, aggregator } = props;
  const touches = touchesOwnKey(props);
  return Object.freeze<Operator>({
    kind: "aggregate",
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
        const before = row === undefined ? initializer() : (row.value as A);
        const { timestampMs } = cursor;
        if (row !== undefined && row.timestampMs > timestampMs) cursor.timestampMs = row.timestampMs;
        const given = row === undefined ? before : own.of(before);
        const after = own.made(aggregator(cursor.key as K, value, given) ?? null, given, row && before);
        // A deleted row has no timestamp: the changelog then gets the record's.
        store.put(keyText, after, after === null ? timestampMs : cursor.timestampMs);
        cursor.setChange(after, before);
        next(cursor);
      };
    },
  });
}
