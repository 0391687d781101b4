import { describe, expect, test } from "vitest";
import { FoundRows } from "../../../lib/state/found-rows.ts";
import { sessionKey } from "../../../lib/state/session-key.ts";
import type { SessionRowStore } from "../../../lib/state/session-store.ts";
import { commit, rowsOf, sessionStore, TextChangelog } from "./store-support.ts";

function found(
  store: SessionRowStore,
  keyText: string,
  earliestEndMs: number,
  latestStartMs: number,
): readonly string[] {
  const sessions = new FoundRows();
  store.find(keyText, earliestEndMs, latestStartMs, sessions);
  return sessions.values.slice(0, sessions.count).map(String);
}

test("a changelog key is key, end and start", () => {
  const store = sessionStore();
  store.put("A", 5_000, 7_000, 1, 7_003);
  expect(commit(store)).toEqual([`${sessionKey("A", 5_000, 7_000)}=1@7003`]);
});

describe("what is written between two commits", () => {
  test("a session that came and went leaves nothing: no record, no row", () => {
    const store = sessionStore();
    store.put("a", 1, 1, "x", 1);
    store.remove("a", 1, 1, 2);
    store.put("a", 1, 2, "y", 2);
    expect(commit(store)).toEqual([`${sessionKey("a", 1, 2)}="y"@2`]);
    expect([store.changedCount, store.rowCount]).toEqual([1, 1]);
  });

  test("the removal of a committed session is written", () => {
    const store = sessionStore();
    store.put("a", 1, 1, "x", 1);
    commit(store);
    store.remove("a", 1, 1, 2);
    expect(commit(store)).toEqual([`${sessionKey("a", 1, 1)}=-@2`]);
  });

  test("the removal of a session whose commit is under way is written", () => {
    const store = sessionStore();
    store.put("a", 1, 1, "x", 1);
    store.seal(new TextChangelog());
    store.remove("a", 1, 1, 2);
    store.acknowledge();
    expect(commit(store)).toEqual([`${sessionKey("a", 1, 1)}=-@2`]);
    expect(store.rowCount).toBe(0);
  });

  test("a committed session that is removed and put again is written as a deletion and a row", () => {
    const store = sessionStore();
    store.put("a", 1, 5, "x", 5);
    commit(store);
    store.remove("a", 1, 5, 3);
    store.put("a", 1, 5, "y", 3);
    expect(commit(store)).toEqual([`${sessionKey("a", 1, 5)}=-@3`, `${sessionKey("a", 1, 5)}="y"@3`]);
    store.put("a", 1, 5, "z", 4);
    expect(commit(store)).toEqual([`${sessionKey("a", 1, 5)}="z"@4`]);
  });

  test("the removal of a session that does not exist leaves no trace", () => {
    const store = sessionStore();
    store.remove("a", 1, 1, 2);
    expect(commit(store)).toEqual([]);
  });

  test("an abort gives removed sessions back and forgets new ones", () => {
    const store = sessionStore();
    store.put("a", 1, 1, "x", 1);
    commit(store);
    store.remove("a", 1, 1, 2);
    store.put("a", 1, 2, "y", 2);
    store.seal(new TextChangelog());
    store.remove("a", 1, 2, 3);
    store.put("a", 1, 3, "z", 3);
    store.drop();
    expect(found(store, "a", 0, 9)).toEqual(["x"]);
    expect(commit(store)).toEqual([]);
  });
});

describe("find", () => {
  const store = sessionStore({ retentionMs: 1_000 });
  for (const [startMs, endMs] of [
    [30, 40],
    [10, 20],
    [60, 60],
    [12, 40],
  ] as const) {
    store.put("a", startMs, endMs, `${startMs}-${endMs}`, endMs);
  }
  store.put("ab", 10, 60, "another key", 60);

  test.for([
    { earliestEnd: 20, latestStart: 60, want: ["10-20", "12-40", "30-40", "60-60"] },
    { earliestEnd: 21, latestStart: 60, want: ["12-40", "30-40", "60-60"] },
    { earliestEnd: 20, latestStart: 29, want: ["10-20", "12-40"] },
    { earliestEnd: 61, latestStart: 99, want: [] },
    { earliestEnd: 0, latestStart: 9, want: [] },
  ])("answers sessions that end from $earliestEnd on and start up to $latestStart, by end, then start", (row) => {
    expect(found(store, "a", row.earliestEnd, row.latestStart)).toEqual(row.want);
  });

  test("answers nothing for a key without sessions", () => {
    expect(found(store, "b", 0, 99)).toEqual([]);
  });
});

describe("expiry with a retention of 100 ms", () => {
  test.for([
    { storeTimeMs: 199, visible: true },
    { storeTimeMs: 200, visible: false },
  ])("a session that ends at 100 ms is visible at stream time $storeTimeMs: $visible", ({ storeTimeMs, visible }) => {
    const store = sessionStore();
    store.put("a", 90, 100, "x", 100);
    store.put("b", storeTimeMs, storeTimeMs, "y", storeTimeMs);
    expect(found(store, "a", 0, 999)).toEqual(visible ? ["x"] : []);
    expect(store.get("a", 90, 100) !== undefined).toBe(visible);
    commit(store);
    expect(store.rowCount).toBe(visible ? 2 : 1);
    store.put("b", 400, 400, "z", 400);
    commit(store);
    expect(rowsOf(store.freeze("all"))).toEqual([`${sessionKey("b", 400, 400)}="z"@400`]);
  });

  test("a put into an expired session is ignored", () => {
    const store = sessionStore();
    store.put("a", 300, 300, "x", 300);
    store.put("a", 200, 200, "late", 301);
    expect(commit(store)).toEqual([`${sessionKey("a", 300, 300)}="x"@300`]);
  });

  test("rows of expired sessions are dropped at restore", () => {
    const store = sessionStore();
    store.storeTimeMs = 300;
    store.row(sessionKey("a", 150, 200), Buffer.from('"old"'), 0, 5, 1);
    store.row(sessionKey("a", 150, 201), Buffer.from('"new"'), 0, 5, 1);
    expect([...store.fetchAll(0, 999)].map(([key, start, end, row]) => [key, start, end, row.value])).toEqual([
      ["a", 150, 201, "new"],
    ]);
  });
});

test("sessions of all keys come by end, start, key", () => {
  const store = sessionStore();
  for (const [key, startMs, endMs] of [
    ["b", 1, 5],
    ["a", 2, 5],
    ["a", 1, 5],
    ["c", 0, 3],
  ] as const) {
    store.put(key, startMs, endMs, 1, endMs);
  }
  expect([...store.fetchAll(3, 5)].map(([key, startMs, endMs]) => `${key}${startMs}-${endMs}`)).toEqual([
    "c0-3",
    "a1-5",
    "b1-5",
    "a2-5",
  ]);
  expect([...store.fetchAll(4, 4)]).toEqual([]);
  store.remove("a", 1, 5, 6);
  store.put("aa", 1, 5, 1, 6);
  store.put("a", 0, 4, 1, 6);
  expect([...store.fetchAll(4, 5)].map(([key, startMs, endMs]) => `${key}${startMs}-${endMs}`)).toEqual([
    "a0-4",
    "aa1-5",
    "b1-5",
    "a2-5",
  ]);
});

test("sessions of all keys come and go while they are read", () => {
  const store = sessionStore();
  for (const endMs of [1, 2, 3]) store.put("a", endMs, endMs, endMs, endMs);
  const seen: unknown[] = [];
  for (const [, , endMs, { value }] of store.fetchAll(0, 9)) {
    seen.push(value);
    store.remove("a", 2, 2, endMs);
    store.put("a", 4, 4, 4, endMs);
  }
  expect(seen).toEqual([1, 3]);
});

test("a session that a freeze has forgotten can come again", () => {
  const store = sessionStore({ retentionMs: 1e9 });
  for (let endMs = 0; endMs < 50; endMs++) {
    store.remove("a", 0, endMs - 1, endMs);
    store.put("a", 0, endMs, endMs, endMs);
    commit(store);
  }
  store.freeze("changed").discard();
  expect(rowsOf(store.freeze("all"))).toEqual([`${sessionKey("a", 0, 49)}=49@49`]);
  store.remove("a", 0, 49, 50);
  store.put("a", 0, 48, "again", 50);
  commit(store);
  expect(found(store, "a", 0, 99)).toEqual(["again"]);
});

test("a changelog key that is too short for a session is a schema error", () => {
  expect(() => sessionStore().row("short", Buffer.alloc(0), 0, 0, 0)).toThrow(/SCHEMA_UNKNOWN.*sessions/);
});
