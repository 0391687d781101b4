import type { Windowed } from "../serde/windowed.ts";
import type { KeyValueStore, SessionStore, WindowStore } from "../state/store.ts";
import type { OperatorContext } from "../topology/operator.ts";
import type { KeyHolder, RowReader, TableRows } from "./table-rows.ts";
import { sessionRows, storedRows, TIME_BYTES, windowedRows } from "./table-rows.ts";

/** Puts a row under a key in the table's serde; null deletes it. */
export type RowPut = (keyText: string, holder: KeyHolder, value: unknown) => void;

/** A store that a node keeps the rows of a table in, whatever keys the table has. */
export interface TableStore {
  readonly rows: TableRows;
  readonly open: (context: OperatorContext) => { readonly get: RowReader; readonly put: RowPut };
}

/** Rows by key. */
export function keyedTableStore(store: string): TableStore {
  const rows = storedRows(store);
  return {
    rows,
    open: (context) => {
      const kept = context.store<KeyValueStore>(store);
      return {
        get: rows.open(context),
        put: (keyText, { timestampMs }, value) => kept.put(keyText, value, timestampMs),
      };
    },
  };
}

/** Rows of a table whose keys are windowed: they expire as those of its aggregation do. */
export function windowedTableStore(store: string): TableStore {
  const rows = windowedRows(store);
  return {
    rows,
    open: (context) => {
      const kept = context.store<WindowStore>(store);
      return {
        get: rows.open(context),
        put: (keyText, { key, timestampMs }, value) => {
          const { startMs } = (key as Windowed<unknown>).window;
          kept.put(keyText.slice(0, -TIME_BYTES), startMs, value, timestampMs);
        },
      };
    },
  };
}

/** Rows of a table of sessions. */
export function sessionTableStore(store: string): TableStore {
  const rows = sessionRows(store);
  return {
    rows,
    open: (context) => {
      const kept = context.store<SessionStore>(store);
      return {
        get: rows.open(context),
        put: (keyText, { key, timestampMs }, value) => {
          const { startMs, endMs } = (key as Windowed<unknown>).window;
          kept.put(keyText.slice(0, -2 * TIME_BYTES), startMs, endMs, value, timestampMs);
        },
      };
    },
  };
}
