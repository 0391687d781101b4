import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import { touchesOwnKey } from "./keyed-store.ts";

/**
 * Counts records per key: decodes neither key nor value. Null keys and null values are dropped. The result's timestamp is
 * the largest of the key so far. The first result of a key has the old value 0.
 *
 * @source Kafka Streams `KStreamAggregate`, `KGroupedStreamImpl.count`
 * @example
 * count({ store: "counts", keySerde: string(), sourceKeyed: true });
 */
export function count(props: KeyedStore): Operator {
  const { keySerde } = props;
  const touches = touchesOwnKey(props);
  return Object.freeze<Operator>({
    kind: "count",
    forwardsRows: true,
    ...(touches && { touches }),
    create: ({ next, store: open, dropped }) => {
      const store = open<KeyValueStore>(props.store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        if (cursor.valueIsNull) return dropped("null-value");
        const keyText = cursor.keyText(keySerde, scratch);
        const row = store.get(keyText);
        const before = row === undefined ? 0 : (row.value as number);
        if (row !== undefined && row.timestampMs > cursor.timestampMs) cursor.timestampMs = row.timestampMs;
        store.put(keyText, before + 1, cursor.timestampMs);
        cursor.setChange(before + 1, before);
        next(cursor);
      };
    },
  });
}
