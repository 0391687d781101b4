import { isAbsent } from "../core/absent.ts";
import type { Change } from "../serde/changed.ts";
import type { Serde } from "../serde/serde.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { Pair } from "./map.ts";
import { sameBytes } from "./same-bytes.ts";

/** What `tableSelect` needs. */
export interface TableSelectProps<K, V, K2, V2> {
  readonly selector: (key: K, value: V) => Pair<K2, V2>;
  /** Serde of the new keys: groups are the same when their bytes are. */
  readonly keySerde: Serde<unknown>;
  /** True for a table with history: versions that come out of order change no group. */
  readonly newestOnly?: boolean;
}

/**
 * Sends the old and the new value of a change to their groups: in one record when the group is the same, else the old one
 * first. A null key or value takes no part. Needs old values.
 *
 * @source Kafka Streams `KTableRepartitionMap`
 * @example
 * tableSelect({ selector: (key: string, value: { city: string }) => [value.city, value] as const, keySerde: string() });
 */
export function tableSelect<K, V, K2, V2>(props: TableSelectProps<K, V, K2, V2>): Operator {
  const { selector, keySerde, newestOnly = false } = props;
  const select = (key: unknown, value: unknown): Pair<K2, V2> | null => {
    if (isAbsent(value)) return null;
    const pair = selector(key as K, value as V);
    return isAbsent(pair[0]) || isAbsent(pair[1]) ? null : pair;
  };
  return Object.freeze<Operator>({
    kind: "table-select",
    create: ({ next, dropped }) => {
      const registers = new CursorRegisters();
      const sameKey = sameBytes(keySerde);
      const send = (cursor: Cursor, key: unknown, change: Change): void => {
        cursor.setKey(key);
        cursor.setValue(change);
        next(cursor);
      };
      return (cursor) => {
        if (newestOnly && !cursor.isNewest) return dropped("out-of-order");
        const { key, value, oldValue } = cursor;
        const after = select(key, value);
        const before = select(key, oldValue);
        if (before !== null && after !== null && sameKey(before[0], after[0])) {
          return send(cursor, before[0], { newValue: after[1], oldValue: before[1] });
        }
        registers.save(cursor);
        if (before !== null) send(cursor, before[0], { newValue: null, oldValue: before[1] });
        registers.restore(cursor);
        if (after !== null) send(cursor, after[0], { newValue: after[1], oldValue: null });
      };
    },
  });
}
