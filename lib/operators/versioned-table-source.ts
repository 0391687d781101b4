import { ByteSink } from "../core/byte-sink.ts";
import type { VersionedStore } from "../state/store.ts";
import { PUT_DROPPED, PUT_IS_NEWEST } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";

/** What `versionedTableSource` needs. */
export interface VersionedTableSourceProps {
  readonly kept: KeyedStore;
  /** Whether somebody below asks for old values. */
  readonly sendsOldValues: boolean;
}

/**
 * Reads a topic as a table with history: every record is a version of its key. One that comes out of order is put into its
 * place and forwarded, marked as not the newest; one that is older than the history is dropped.
 *
 * @source Kafka Streams `KTableSource` (KIP-914)
 * @example
 * versionedTableSource({ kept: { store: "prices", keySerde: string(), sourceKeyed: true }, sendsOldValues: true });
 */
export function versionedTableSource({ kept, sendsOldValues }: VersionedTableSourceProps): Operator {
  return Object.freeze<Operator>({
    kind: "versioned-table-source",
    create: ({ next, store: open, dropped }) => {
      const store = open<VersionedStore>(kept.store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        const keyText = cursor.keyText(kept.keySerde, scratch);
        const before = sendsOldValues ? (store.get(keyText)?.value ?? null) : null;
        const validToMs = store.put(keyText, cursor.value, cursor.timestampMs);
        if (validToMs === PUT_DROPPED) return dropped("late");
        // Not setChange: the value's bytes stay, so that a sink can copy them.
        cursor.oldValue = before;
        cursor.hasOldValue = sendsOldValues;
        cursor.isNewest = validToMs === PUT_IS_NEWEST;
        next(cursor);
      };
    },
  });
}
