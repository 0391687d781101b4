import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import type { Header } from "../../../lib/records/reader.ts";
import { json } from "../../../lib/serde/json.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { FoundRows } from "../../../lib/state/found-rows.ts";
import { joinWindowKey } from "../../../lib/state/join-window-key.ts";
import { JoinWindowStore } from "../../../lib/state/join-window-store.ts";
import type { RowSink } from "../../../lib/state/store.ts";
import { commit, rowsOf, TextChangelog } from "./store-support.ts";

function joinStore(retentionMs = 100): JoinWindowStore {
  const keySerde = string() as Serde<unknown>;
  const spec = { name: "left", type: "joinWindow", keySerde, valueSerde: json(), logged: true, retentionMs } as const;
  return new JoinWindowStore(spec, { sink: new ByteSink() });
}

function put(store: JoinWindowStore, key: string, at: { ms: number; n: number }, value: unknown = at.n): void {
  store.put(key, at.n, { value, timestampMs: at.ms, headers: [] });
}

function found(store: JoinWindowStore, key: string, fromMs = 0, toMs = 10_000): readonly unknown[] {
  const rows = new FoundRows();
  store.find(key, fromMs, toMs, rows);
  return rows.values.slice(0, rows.count);
}

test("a changelog key is key, timestamp and sequence number", () => {
  const store = joinStore();
  put(store, "A", { ms: 5_000, n: 0x01020304 }, "x");
  expect(commit(store)).toEqual(['A\0\0\0\0\0\0\u0013\u0088\u0001\u0002\u0003\u0004="x"@5000']);
});

test("records of a key come by timestamp, then arrival, both ends included; duplicates stay", () => {
  const store = joinStore(10_000);
  for (const [n, ms] of [30, 10, 20, 10, 40].entries()) put(store, "a", { ms, n });
  put(store, "ab", { ms: 20, n: 9 });
  expect(found(store, "a")).toEqual([1, 3, 2, 0, 4]);
  expect(found(store, "a", 10, 30)).toEqual([1, 3, 2, 0]);
  expect(found(store, "a", 11, 29)).toEqual([2]);
  expect(found(store, "b")).toEqual([]);
});

describe("expiry with a retention of 100 ms", () => {
  test.for([
    { timeMs: 299, visible: true },
    { timeMs: 300, visible: false },
  ])("a record at 200 ms is visible at stream time $timeMs: $visible", ({ timeMs, visible }) => {
    const store = joinStore();
    put(store, "a", { ms: 200, n: 1 });
    put(store, "b", { ms: timeMs, n: 2 });
    expect(found(store, "a")).toEqual(visible ? [1] : []);
  });

  test("memory is freed some time after", () => {
    const store = joinStore();
    for (let n = 0; n < 1_000; n++) {
      put(store, `k${n}`, { ms: n * 10, n });
      commit(store);
    }
    expect(store.rowCount).toBeLessThan(20);
    expect(store.rowCount).toBeGreaterThanOrEqual(10);
  });

  test("many records of one key expire together", { timeout: 10_000 }, () => {
    const store = joinStore(100_000);
    for (let n = 0; n < 150_000; n++) put(store, "a", { ms: n, n });
    commit(store);
    put(store, "a", { ms: 400_000, n: 150_000 });
    commit(store);
    expect([found(store, "a", 0, 500_000), store.rowCount]).toEqual([[150_000], 1]);
  });

  test("a record that comes too late is logged and not kept", () => {
    const store = joinStore();
    put(store, "a", { ms: 300, n: 1 });
    put(store, "a", { ms: 200, n: 2 });
    expect(found(store, "a")).toEqual([1]);
    expect([...commit(store)].sort()).toEqual([
      `${joinWindowKey("a", 200, 2)}=2@200`,
      `${joinWindowKey("a", 300, 1)}=1@300`,
    ]);
    expect(store.rowCount).toBe(1);
  });
});

test("a null value is logged, moves no time and is not kept", () => {
  const store = joinStore();
  put(store, "a", { ms: 900, n: 1 }, null);
  expect(store.storeTimeMs).toBe(-1);
  expect(commit(store)).toEqual([`${joinWindowKey("a", 900, 1)}=-@900`]);
  expect(store.rowCount).toBe(0);
});

test("headers go to the changelog with their record", () => {
  const store = joinStore();
  const headers: readonly Header[] = [{ key: "n", value: Buffer.from("1") }];
  store.put("a", 1, { value: 1, timestampMs: 5, headers });
  put(store, "a", { ms: 6, n: 2 });
  const seen: (readonly Header[] | undefined)[] = [];
  const changelog: RowSink = { row: (_key, _bytes, _start, _length, _timestampMs, each) => seen.push(each) };
  store.seal(changelog);
  expect(seen).toEqual([headers, undefined]);
});

test("an abort forgets what was put and gives expired records back", () => {
  const store = joinStore();
  put(store, "a", { ms: 100, n: 1 });
  commit(store);
  put(store, "a", { ms: 100, n: 2 });
  store.seal(new TextChangelog());
  put(store, "b", { ms: 5_000, n: 3 });
  expect(found(store, "a")).toEqual([]);
  store.drop();
  expect(found(store, "a")).toEqual([1]);
  expect(found(store, "b")).toEqual([]);
  put(store, "a", { ms: 100, n: 2 }, "again");
  expect(found(store, "a")).toEqual([1, "again"]);
});

test("rows come back from a changelog in the order of arrival, and from a snapshot", () => {
  const store = joinStore();
  put(store, "a", { ms: 50, n: 1 });
  put(store, "a", { ms: 40, n: 2 });
  put(store, "a", { ms: 50, n: 3 });
  const bytes = Buffer.from("123");
  commit(store);
  const restored = joinStore();
  for (const [ms, n] of [
    [50, 3],
    [50, 1],
    [40, 2],
  ] as const)
    restored.row(joinWindowKey("a", ms, n), bytes, n - 1, 1, ms);
  restored.row(joinWindowKey("a", 9_000, 4), bytes, 0, -1, 9_000);
  expect(found(restored, "a")).toEqual([2, 1, 3]);
  expect(restored.storeTimeMs).toBe(50);
  expect(rowsOf(restored.freeze("all"))).toEqual(rowsOf(store.freeze("all")));
  expect(() => restored.row("short", bytes, 0, 1, 1)).toThrow(expect.objectContaining({ code: "SCHEMA_UNKNOWN" }));
});

test("a store needs a retention", () => {
  const spec = { name: "left", type: "joinWindow", keySerde: json(), valueSerde: json(), logged: true } as const;
  expect(() => new JoinWindowStore(spec, { sink: new ByteSink() })).toThrow(
    "joinWindow store left needs a retention above 0 ms",
  );
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("put" as const), key: fc.constantFrom("", "a", "ab"), ms: fc.nat(400) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("seal" as const, "acknowledge" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("drop" as const, "freeze" as const) }) },
);

interface Kept {
  readonly key: string;
  readonly ms: number;
  readonly n: number;
}

/** A join window store as a person would write it who has all the time in the world. */
class Model {
  committed: readonly Kept[] = [];
  sealed: readonly Kept[] | undefined;
  open: readonly Kept[] = [];

  timeOf(rows: readonly Kept[]): number {
    return Math.max(-1, ...rows.map(({ ms }) => ms));
  }

  all(): readonly Kept[] {
    return [...this.committed, ...(this.sealed ?? []), ...this.open];
  }

  visible(key: string): readonly number[] {
    const rows = this.all();
    const timeMs = this.timeOf(rows);
    const live = rows.filter((row) => row.key === key && row.ms > timeMs - 100 && !this.wasLate(row));
    return live.sort((a, b) => a.ms - b.ms || a.n - b.n).map(({ n }) => n);
  }

  /** Late when it was put: never kept. */
  private wasLate(row: Kept): boolean {
    const before = this.all().filter(({ n }) => n <= row.n);
    return row.ms <= this.timeOf(before) - 100;
  }
}

test("is the naive model under puts, commits, aborts and freezes, and after a restore", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const store = joinStore();
      const model = new Model();
      const log: { keyText: string; value: Buffer; timestampMs: number }[] = [];
      let sealedRows: typeof log = [];
      let n = 0;
      const check = (one: JoinWindowStore): void => {
        for (const key of ["", "a", "ab"]) expect(found(one, key)).toEqual(model.visible(key));
      };
      for (const each of steps) {
        if (each.do === "put") {
          n++;
          put(store, each.key, { ms: each.ms, n });
          model.open = [...model.open, { key: each.key, ms: each.ms, n }];
        } else if (each.do === "seal" && model.sealed === undefined) {
          store.seal({
            row: (keyText, bytes, start, length, timestampMs) => {
              sealedRows.push({ keyText, value: Buffer.from(bytes.subarray(start, start + length)), timestampMs });
            },
          });
          model.sealed = model.open;
          model.open = [];
        } else if (each.do === "acknowledge") {
          store.acknowledge();
          model.committed = [...model.committed, ...(model.sealed ?? [])];
          model.sealed = undefined;
          log.push(...sealedRows);
          sealedRows = [];
        } else if (each.do === "drop") {
          store.drop();
          model.sealed = undefined;
          model.open = [];
          sealedRows = [];
        } else if (each.do === "freeze") store.freeze("changed").discard();
        check(store);
      }
      store.drop();
      model.sealed = undefined;
      model.open = [];
      const restored = joinStore();
      for (const { keyText, value, timestampMs } of log) restored.row(keyText, value, 0, value.length, timestampMs);
      restored.storeTimeMs = store.storeTimeMs;
      for (const key of ["", "a", "ab"]) expect(found(restored, key)).toEqual(found(store, key));
      check(restored);
    }),
    { numRuns: 300 },
  );
});
