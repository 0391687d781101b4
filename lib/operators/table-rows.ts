import type { Windowed } from "../serde/windowed.ts";
import type { KeyValueStore, SessionStore, StoreRow, VersionedStore, WindowStore } from "../state/store.ts";
import type { OperatorContext, TouchedRange } from "../topology/operator.ts";
import { ofValue } from "./arity.ts";

/** Who holds a key, decoded when asked for: a cursor, for example. */
export interface KeyHolder {
  readonly key: unknown;
  /** The time as of which a table with history is read. */
  readonly timestampMs: number;
}

/**
 * The row that a table has now under a key, or undefined.
 *
 * @param keyText The key in the table's serde.
 */
export type RowReader = (keyText: string, holder: KeyHolder) => StoreRow | undefined;

/** How a node reads the rows of a table that is computed elsewhere. Derived tables without a store are computed when read. */
export interface TableRows {
  /** Stores that the reading node is connected to. */
  readonly stores: readonly string[];
  readonly open: (context: OperatorContext) => RowReader;
  /** What reading a key touches; without it that cannot be told. */
  readonly touches?: (keyText: string) => readonly TouchedRange[];
}

/** Rows of a key-value store. */
export function storedRows(store: string): TableRows {
  return {
    stores: [store],
    open: (context) => {
      const rows = context.store<KeyValueStore>(store);
      return (keyText) => rows.get(keyText);
    },
    touches: (keyText) => [{ store, from: keyText, to: keyText }],
  };
}

/** Rows of a versioned store as they were at the time of the record that asks. */
export function rowsAsOf(store: string): TableRows {
  return {
    stores: [store],
    open: (context) => {
      const rows = context.store<VersionedStore>(store);
      return (keyText, { timestampMs }) => rows.getAsOf(keyText, timestampMs);
    },
  };
}

/** Bytes of a time behind the key in a windowed key: the window's start; of a session the end and the start. */
export const TIME_BYTES = 8;

/** Rows of a window store, under windowed keys. */
export function windowedRows(store: string): TableRows {
  return {
    stores: [store],
    open: (context) => {
      const rows = context.store<WindowStore>(store);
      return (keyText, { key }) => {
        const { startMs } = (key as Windowed<unknown>).window;
        return rows.get(keyText.slice(0, -TIME_BYTES), startMs);
      };
    },
  };
}

/** Rows of a session store, under windowed keys. */
export function sessionRows(store: string): TableRows {
  return {
    stores: [store],
    open: (context) => {
      const rows = context.store<SessionStore>(store);
      return (keyText, { key }) => {
        const { startMs, endMs } = (key as Windowed<unknown>).window;
        return rows.get(keyText.slice(0, -2 * TIME_BYTES), startMs, endMs);
      };
    },
  };
}

/** Rows that pass. */
export function filteredRows(rows: TableRows, passes: (value: unknown, holder: KeyHolder) => boolean): TableRows {
  return {
    ...rows,
    open: (context) => {
      const read = rows.open(context);
      return (keyText, holder) => {
        const row = read(keyText, holder);
        return row !== undefined && passes(row.value, holder) ? row : undefined;
      };
    },
  };
}

/** Rows with other values; a row that is mapped to null is none. */
export function mappedRows<K, V, V2>(rows: TableRows, mapper: (value: V, key: K) => V2): TableRows {
  const map = ofValue(mapper);
  return {
    ...rows,
    open: (context) => {
      const read = rows.open(context);
      return (keyText, holder) => {
        const row = read(keyText, holder);
        if (row === undefined) return undefined;
        const value = map(row.value as V, holder) ?? null;
        return value === null ? undefined : { value, timestampMs: row.timestampMs };
      };
    },
  };
}
