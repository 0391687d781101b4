import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import { touchesOwnKey } from "./keyed-store.ts";

/** How a table is kept. */
export interface TableSourceProps {
  /** Undefined: the table is not materialised and knows no old values. */
  readonly kept: KeyedStore | undefined;
  /** Whether somebody below asks for old values. */
  readonly sendsOldValues: boolean;
  /** Whether changes come from a table with history. */
  readonly versioned?: boolean;
}

/**
 * Reads a topic as a table: every record is an upsert, a null value deletes. Null keys are dropped; every other record is
 * forwarded, changed or not. The last offset wins, whatever the timestamps.
 *
 * @source Kafka Streams `KTableSource`
 * @example
 * tableSource({ kept: { store: "users", keySerde: string(), sourceKeyed: true }, sendsOldValues: true });
 */
export function tableSource({ kept, sendsOldValues }: TableSourceProps): Operator {
  if (kept === undefined) return unkept;
  const touches = touchesOwnKey(kept);
  return Object.freeze<Operator>({
    kind: "table-source",
    forwardsRows: true,
    ...(touches && sendsOldValues && { touches }),
    create: ({ next, store: open, dropped }) => {
      const store = open<KeyValueStore>(kept.store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        const keyText = cursor.keyText(kept.keySerde, scratch);
        // Read before the put: the row belongs to the store.
        const before = sendsOldValues ? (store.get(keyText)?.value ?? null) : null;
        store.put(keyText, cursor.value, cursor.timestampMs);
        // Not setChange: the value's bytes stay, so that a sink can copy them.
        cursor.oldValue = before;
        cursor.hasOldValue = sendsOldValues;
        next(cursor);
      };
    },
  });
}

const unkept: Operator = Object.freeze<Operator>({
  kind: "table-source",
  create:
    ({ next, dropped }) =>
    (cursor) => {
      if (cursor.keyIsNull) return dropped("null-key");
      next(cursor);
    },
});
