import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import { ofValue } from "./arity.ts";
import { touchesOwnKey } from "./keyed-store.ts";
import type { TableSourceProps } from "./table-source.ts";

/** What `tableMapValues` needs. */
export interface TableMapValuesProps<K, V, V2> extends TableSourceProps {
  readonly mapper: (value: V, key: K) => V2;
}

/**
 * Maps the new and, where somebody asks, the old value of a change. The mapper never sees null: tombstones stay tombstones.
 *
 * @source Kafka Streams `KTableMapValues`
 * @example
 * tableMapValues({ mapper: (value: string) => value.length, kept: undefined, sendsOldValues: false });
 */
export function tableMapValues<K, V, V2>({ mapper, kept, sendsOldValues }: TableMapValuesProps<K, V, V2>): Operator {
  const map = ofValue(mapper);
  const mapped = (value: unknown, cursor: Cursor): V2 | null =>
    value === null || value === undefined ? null : (map(value as V, cursor) ?? null);
  const touches = kept && sendsOldValues ? touchesOwnKey(kept) : undefined;
  return Object.freeze<Operator>({
    kind: "table-map-values",
    forwardsRows: kept !== undefined,
    ...(touches && { touches }),
    create: ({ next, store: open }) => {
      const store = kept === undefined ? undefined : open<KeyValueStore>(kept.store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        const { value, oldValue, hasOldValue } = cursor;
        const after = mapped(value, cursor);
        let before: unknown = null;
        if (store !== undefined && kept !== undefined) {
          const keyText = cursor.keyText(kept.keySerde, scratch);
          if (sendsOldValues) before = store.get(keyText)?.value ?? null;
          store.put(keyText, after, cursor.timestampMs);
        } else if (sendsOldValues && hasOldValue) before = mapped(oldValue, cursor);
        if (sendsOldValues) cursor.setChange(after, before);
        else cursor.setValue(after);
        next(cursor);
      };
    },
  });
}
