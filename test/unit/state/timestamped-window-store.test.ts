import { describe, expect, test } from "vitest";
import { windowKey } from "../../../lib/state/window-key.ts";
import { commit, rowsOf, TextChangelog, windowStore } from "./store-support.ts";

test("a changelog key is key, window start and sequence number 0", () => {
  const store = windowStore();
  store.put("A", 5_000, { n: 1 }, 5_003);
  expect(commit(store)).toEqual([`${windowKey("A", 5_000)}={"n":1}@5003`]);
});

describe("expiry with a retention of 100 ms", () => {
  test.for([
    { storeTimeMs: 199, visible: true },
    { storeTimeMs: 200, visible: false },
    { storeTimeMs: 201, visible: false },
  ])("a window at 100 ms is visible at stream time $storeTimeMs: $visible", ({ storeTimeMs, visible }) => {
    const store = windowStore();
    store.put("a", 100, 1, 100);
    store.put("b", storeTimeMs, 1, storeTimeMs);
    expect(store.get("a", 100) !== undefined).toBe(visible);
    expect([...store.fetch("a", 0, 1_000)].length).toBe(visible ? 1 : 0);
    commit(store);
    expect(store.rowCount).toBe(visible ? 2 : 1);
  });

  test("a put into an expired window is logged, as in Kafka Streams, and not kept", () => {
    const store = windowStore();
    store.put("a", 300, 1, 300);
    store.put("a", 200, 1, 301);
    store.put("a", 200, null, 302);
    expect(store.get("a", 200)).toBeUndefined();
    const late = windowKey("a", 200);
    expect(commit(store)).toEqual([`${windowKey("a", 300)}=1@300`, `${late}=1@301`, `${late}=-@302`]);
    expect(rowsOf(store.freeze("all"))).toEqual([`${windowKey("a", 300)}=1@300`]);
  });

  test("an aborted transaction logs no puts into expired windows", () => {
    const store = windowStore();
    store.put("a", 300, 1, 300);
    commit(store);
    store.put("a", 200, 1, 301);
    store.drop();
    expect(commit(store)).toEqual([]);
  });

  test("an aborted jump of stream time gives expired windows back", () => {
    const store = windowStore();
    store.put("a", 100, "kept", 100);
    commit(store);
    store.put("a", 100, "changed", 101);
    store.put("b", 5_000, 1, 5_000);
    store.seal(new TextChangelog());
    expect(store.get("a", 100)).toBeUndefined();
    store.drop();
    expect(store.storeTimeMs).toBe(100);
    expect(store.get("a", 100)).toMatchObject({ value: "kept", timestampMs: 100 });
  });

  test("expired windows are in no frozen view taken later, but stay in one taken before", () => {
    const store = windowStore();
    store.put("a", 100, 1, 100);
    commit(store);
    const before = store.freeze("all");
    store.put("a", 100, 2, 101);
    commit(store);
    store.put("b", 5_000, 1, 5_000);
    commit(store);
    expect(store.changedCount).toBe(1);
    expect(rowsOf(store.freeze("changed"))).toEqual([`${windowKey("b", 5_000)}=1@5000`]);
    expect(rowsOf(before)).toEqual([`${windowKey("a", 100)}=1@100`]);
    expect(rowsOf(store.freeze("all"))).toEqual([`${windowKey("b", 5_000)}=1@5000`]);
  });

  test("rows of expired windows are dropped at restore", () => {
    const store = windowStore();
    store.storeTimeMs = 300;
    store.row(windowKey("old", 200), Buffer.from("1"), 0, 1, 1);
    store.row(windowKey("new", 201), Buffer.from("1"), 0, 1, 1);
    expect(store.rowCount).toBe(1);
    store.row(windowKey("newer", 400), Buffer.from("1"), 0, 1, 1);
    expect(store.storeTimeMs).toBe(400);
    expect([...store.fetchAll(0, 1_000)].map(([keyText]) => keyText)).toEqual(["newer"]);
  });
});

describe("fetch", () => {
  test("answers the windows of one key in time order, both ends included, whatever the order of puts", () => {
    const store = windowStore({ retentionMs: 10_000 });
    for (const startMs of [30, 10, 40, 20, 25]) store.put("a", startMs, startMs, startMs);
    store.put("ab", 20, 0, 0);
    expect([...store.fetch("a", 20, 30)].map(([startMs, row]) => [startMs, row.value])).toEqual([
      [20, 20],
      [25, 25],
      [30, 30],
    ]);
  });

  test("of all keys goes by start, then key", () => {
    const store = windowStore({ retentionMs: 10_000 });
    for (const [keyText, startMs] of [
      ["b", 10],
      ["a", 20],
      ["a", 10],
      ["c", 15],
    ] as const)
      store.put(keyText, startMs, 1, 1);
    expect([...store.fetchAll(10, 20)].map(([keyText, startMs]) => `${keyText}${startMs}`)).toEqual([
      "a10",
      "b10",
      "c15",
      "a20",
    ]);
  });
});

test("a changelog key that is too short for a window is a schema error", () => {
  expect(() => windowStore().row("short", Buffer.alloc(0), 0, 0, 0)).toThrow(/SCHEMA_UNKNOWN.*windows/);
});

test.for([undefined, 0, -5])("a retention of %s is refused and the store is named", (retentionMs) => {
  expect(() => windowStore({ retentionMs } as never)).toThrow(/TOPOLOGY_INVALID.*windows/);
});
