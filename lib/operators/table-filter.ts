import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import { wantsBoth } from "./arity.ts";
import { touchesOwnKey } from "./keyed-store.ts";
import type { TableSourceProps } from "./table-source.ts";

/** What `tableFilter` needs. */
export interface TableFilterProps<K, V> extends TableSourceProps {
  readonly predicate: (key: K, value: V) => boolean;
  /** True for `filter`, false for `filterNot`. */
  readonly keep: boolean;
}

/**
 * Keeps rows for which the predicate answers `keep`; a row that fails becomes a tombstone. The predicate never sees null.
 * Where old values are known, a change in which neither the old nor the new row passes is not forwarded, unless the table has
 * a history: the change may then belong to any time.
 *
 * @source Kafka Streams `KTableFilter`
 * @example
 * tableFilter({ predicate: (key: string, value: number) => value > 3, keep: true, kept: undefined, sendsOldValues: false });
 */
export function tableFilter<K, V>(props: TableFilterProps<K, V>): Operator {
  const { kept, sendsOldValues, versioned = false } = props;
  const passes = rowPasses(props);
  const touches = kept && sendsOldValues ? touchesOwnKey(kept) : undefined;
  return Object.freeze<Operator>({
    kind: "table-filter",
    forwardsRows: kept !== undefined,
    ...(touches && { touches }),
    create: ({ next, store: open }) => {
      const store = kept === undefined ? undefined : open<KeyValueStore>(kept.store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        const { value, oldValue, hasOldValue } = cursor;
        const after = passes(value, cursor) ? value : null;
        let before: unknown = null;
        if (store !== undefined && kept !== undefined && sendsOldValues) {
          before = store.get(cursor.keyText(kept.keySerde, scratch))?.value ?? null;
        } else if (sendsOldValues && hasOldValue && passes(oldValue, cursor)) before = oldValue;
        if (sendsOldValues && !versioned && before === null && after === null) return;
        if (store !== undefined && kept !== undefined) {
          store.put(cursor.keyText(kept.keySerde, scratch), after, cursor.timestampMs);
        }
        if (after === null) cursor.setValue(null);
        cursor.oldValue = before;
        cursor.hasOldValue = sendsOldValues;
        next(cursor);
      };
    },
  });
}

/** Whether a row passes, asked with its value and whoever has its key. A row that is not there does not. */
export function rowPasses<K, V>(
  filter: Pick<TableFilterProps<K, V>, "predicate" | "keep">,
): (value: unknown, holder: { readonly key: unknown }) => boolean {
  const { predicate, keep } = filter;
  const byKey = predicate as (key: K) => boolean;
  const both = wantsBoth(predicate);
  return (value, holder) => {
    if (value === null || value === undefined) return false;
    return (both ? predicate(holder.key as K, value as V) : byKey(holder.key as K)) === keep;
  };
}
