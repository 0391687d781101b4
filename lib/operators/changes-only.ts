import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { Operator } from "../topology/operator.ts";
import { sameBytes } from "./same-bytes.ts";
import type { TableStore } from "./table-store.ts";

/** What `changesOnly` needs. */
export interface ChangesOnlyProps {
  /** Holds what was forwarded last. */
  readonly kept: TableStore;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  /** Whether somebody below asks for old values. */
  readonly sendsOldValues: boolean;
}

/**
 * Forwards a change of a table only if its value has other bytes than the one that was forwarded last for the key; a deletion
 * only if there is something to delete. Versions of a table with history that come out of order are dropped.
 *
 * What was forwarded last is kept as a copy: the object of an aggregate may go on changing.
 *
 * @example
 * changesOnly({ kept: keyedTableStore("levels"), keySerde: string(), valueSerde: int64(), sendsOldValues: false });
 */
export function changesOnly({ kept, keySerde, valueSerde, sendsOldValues }: ChangesOnlyProps): Operator {
  return Object.freeze<Operator>({
    kind: "changes-only",
    create: (context) => {
      const { next, dropped } = context;
      const store = kept.open(context);
      const scratch = new ByteSink(64);
      const isSame = sameBytes(valueSerde);
      return (cursor) => {
        if (!cursor.isNewest) return dropped("out-of-order");
        const keyText = cursor.keyText(keySerde, scratch);
        const before = store.get(keyText, cursor)?.value ?? null;
        const after = cursor.value ?? null;
        if (before === null ? after === null : after !== null && isSame(before, after)) return dropped("unchanged");
        store.put(keyText, cursor, after === null ? null : copyOf(after, valueSerde));
        // Not setChange: the value's bytes stay, so that a sink can copy them.
        cursor.oldValue = before;
        cursor.hasOldValue = sendsOldValues;
        next(cursor);
      };
    },
  });
}

function copyOf(value: unknown, serde: Serde<unknown>): unknown {
  if (typeof value !== "object") return value;
  const sink = new ByteSink(64);
  serde.write(value, sink);
  return serde.read(sink.bytes, 0, sink.length);
}
