import { expect } from "vitest";
import type { KeyValueStore, SessionStore, StoreRow, TaskStore, WindowStore } from "../../../lib/state/store.ts";
import { keyOf, type ModelKey, sessionStart, timeOf } from "./store-model.ts";

/** A store of any type by the keys of the model. */
export interface StoreAccess {
  get(key: ModelKey): StoreRow | undefined;
  put(key: ModelKey, value: unknown, timestampMs: number): void;
  rows(): Iterable<readonly [ModelKey, StoreRow]>;
}

export function accessTo(store: TaskStore): StoreAccess {
  switch (store.spec.type) {
    case "keyValue":
    case "timestampedKeyValue":
    case "fkSubscriptions":
    case "suppressBuffer":
    case "timeOrderedBuffer":
    case "joinSideList":
      return toKeyValues(store as TaskStore & KeyValueStore);
    case "window":
    case "timestampedWindow":
      return toWindows(store as TaskStore & WindowStore);
    case "session":
      return toSessions(store as TaskStore & SessionStore);
    case "versioned":
      throw new Error("a store with history has a model of its own: versioned-store.test.ts");
    case "joinWindow":
      throw new Error("a join window store has no rows to replace: it has a model of its own");
  }
}

function toKeyValues(store: KeyValueStore): StoreAccess {
  return {
    get: (key) => store.get(keyOf(key)),
    put: (key, value, timestampMs) => store.put(keyOf(key), value, timestampMs),
    rows: function* () {
      for (const [keyText, row] of store.range(undefined, undefined)) yield [`${keyText}|0`, row];
    },
  };
}

function toWindows(store: WindowStore): StoreAccess {
  return {
    get: (key) => {
      const row = store.get(keyOf(key), timeOf(key));
      // The way by key, which has an index of its own.
      expect([...store.fetch(keyOf(key), timeOf(key), timeOf(key))]).toEqual(
        row === undefined ? [] : [[timeOf(key), row]],
      );
      return row;
    },
    put: (key, value, timestampMs) => store.put(keyOf(key), timeOf(key), value, timestampMs),
    rows: function* () {
      for (const [keyText, startMs, row] of store.fetchAll(-100, 100)) yield [`${keyText}|${startMs}`, row];
    },
  };
}

function toSessions(store: SessionStore): StoreAccess {
  return {
    get: (key) => store.get(keyOf(key), sessionStart(timeOf(key)), timeOf(key)),
    put: (key, value, timestampMs) => store.put(keyOf(key), sessionStart(timeOf(key)), timeOf(key), value, timestampMs),
    rows: function* () {
      const rows = [...store.fetchAll(-100, 1_000)];
      // Sessions with one end have one start here.
      expect(rows).toEqual(rows.toSorted(([a, , aEnd], [b, , bEnd]) => aEnd - bEnd || (a < b ? -1 : 1)));
      for (const [keyText, , endMs, row] of rows) yield [`${keyText}|${endMs}`, row];
    },
  };
}
