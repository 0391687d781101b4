import type { Serde } from "../serde/serde.ts";
import type { KeyValueStore, SessionStore, TaskStore, VersionedStore, WindowStore } from "../state/store.ts";

/** A row of a key-value store. */
export interface TestRow<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestampMs: number;
}

/** One version of a row in a versioned store. */
export interface TestVersionedRow<K, V> extends TestRow<K, V> {
  /** When a newer version, or a deletion, took its place; undefined for the newest. */
  readonly validToMs: number | undefined;
}

/** A row of a window store. */
export interface TestWindowRow<K, V> extends TestRow<K, V> {
  readonly windowStartMs: number;
}

/** A row of a session store: the session's first and last record. */
export interface TestSessionRow<K, V> {
  readonly key: K;
  readonly startMs: number;
  /** Inclusive. */
  readonly endMs: number;
  readonly value: V;
}

/** The rows of a key-value store, in the order of their key bytes. */
export function keyValueRowsOf<K, V>(store: TaskStore): readonly TestRow<K, V>[] {
  const rows = [...(store as TaskStore & KeyValueStore).range(undefined, undefined)];
  return rows.map(([keyText, row]) => ({
    key: keyOf<K>(store, keyText),
    value: row.value as V,
    timestampMs: row.timestampMs,
  }));
}

/** The visible rows of a window store, by window start, then key. */
export function windowRowsOf<K, V>(store: TaskStore): readonly TestWindowRow<K, V>[] {
  const rows = [...(store as TaskStore & WindowStore).fetchAll(0, Number.MAX_SAFE_INTEGER)];
  return rows.map(([keyText, windowStartMs, row]) => ({
    key: keyOf<K>(store, keyText),
    windowStartMs,
    value: row.value as V,
    timestampMs: row.timestampMs,
  }));
}

/** The visible rows of a session store, by end, start, then key. */
export function sessionRowsOf<K, V>(store: TaskStore): readonly TestSessionRow<K, V>[] {
  const rows = [...(store as TaskStore & SessionStore).fetchAll(0, Number.MAX_SAFE_INTEGER)];
  return rows.map(([keyText, startMs, endMs, row]) => ({
    key: keyOf<K>(store, keyText),
    startMs,
    endMs,
    value: row.value as V,
  }));
}

/** The versions that a versioned store keeps, in the order of their key bytes, newest first. */
export function versionedRowsOf<K, V>(store: TaskStore): readonly TestVersionedRow<K, V>[] {
  const rows = [...(store as TaskStore & VersionedStore).versions()];
  return rows.map(([keyText, row, validToMs]) => ({
    key: keyOf<K>(store, keyText),
    value: row.value as V,
    timestampMs: row.timestampMs,
    validToMs,
  }));
}

function keyOf<K>(store: TaskStore, keyText: string): K {
  const bytes = Buffer.from(keyText, "latin1");
  return (store.spec.keySerde as Serde<K>).read(bytes, 0, bytes.length);
}
