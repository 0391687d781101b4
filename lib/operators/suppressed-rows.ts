import type { Serde } from "../serde/serde.ts";
import type { ChangeBuffer } from "../state/store.ts";
import type { TableRows } from "./table-rows.ts";

/**
 * Rows of a table whose changes are held back: of a key that waits the row before its first update.
 *
 * @source Kafka Streams `KTableSuppressProcessorSupplier.view`
 * @example
 * suppressedRows("held", string(), storedRows("users")).stores; // ["held", "users"]
 */
export function suppressedRows(store: string, valueSerde: Serde<unknown>, rows: TableRows): TableRows {
  return {
    stores: [store, ...rows.stores],
    open: (context) => {
      const buffer = context.store<ChangeBuffer>(store);
      const read = rows.open(context);
      return (keyText, holder) => {
        const change = buffer.waiting(keyText);
        if (change === undefined) return read(keyText, holder);
        const { prior } = change;
        // Kafka Streams does not keep the prior row's timestamp either.
        return prior === null ? undefined : { value: valueSerde.read(prior, 0, prior.length), timestampMs: -1 };
      };
    },
  };
}
