import { describe, expect, test } from "vitest";
import type { Serde } from "../../../lib/serde/serde.ts";
import { commit, keyValueStore, rowsOf, TextChangelog } from "./store-support.ts";

describe("the changelog of a commit", () => {
  test("has one record per key, the last value, in the order of first change", () => {
    const store = keyValueStore();
    store.put("b", 1, 10);
    store.put("a", 2, 11);
    store.put("b", 3, 12);
    expect(commit(store)).toEqual(["b=3@12", "a=2@11"]);
  });

  test("has a tombstone for a deleted key, also when the key never existed", () => {
    const store = keyValueStore();
    store.put("known", 1, 10);
    commit(store);
    store.put("known", null, 11);
    store.put("unknown", undefined, 12);
    expect(commit(store)).toEqual(["known=-@11", "unknown=-@12"]);
    expect(store.rowCount).toBe(0);
  });

  test("is empty for a store without logging, which still returns to its committed state", () => {
    const store = keyValueStore({ logged: false });
    store.put("a", 1, 10);
    expect(commit(store)).toEqual([]);
    store.put("a", 2, 11);
    store.drop();
    expect(store.get("a")).toMatchObject({ value: 1, timestampMs: 10 });
  });
});

describe("layers", () => {
  test("an open layer is visible on top of a sealed one, and a drop forgets both", () => {
    const store = keyValueStore();
    store.put("a", "committed", 1);
    commit(store);
    store.put("a", "sealed", 2);
    store.seal(new TextChangelog());
    store.put("a", "open", 3);
    expect(store.get("a")).toMatchObject({ value: "open", timestampMs: 3 });
    store.drop();
    expect(store.get("a")).toMatchObject({ value: "committed", timestampMs: 1 });
  });

  test("acknowledging commits the sealed value, not the one put since", () => {
    const store = keyValueStore();
    store.put("a", "sealed", 2);
    store.seal(new TextChangelog());
    store.put("a", "open", 3);
    store.acknowledge();
    expect(rowsOf(store.freeze("all"))).toEqual(['a="sealed"@2']);
    expect(store.get("a")).toMatchObject({ value: "open" });
  });

  test("a value that was changed in place, put or not, comes back from its bytes after a drop", () => {
    const store = keyValueStore();
    store.put("read", { n: 1 }, 1);
    store.put("put", { n: 1 }, 1);
    commit(store);
    (store.get("read")?.value as { n: number }).n = 99;
    const value = store.get("put")?.value as { n: number };
    value.n = 99;
    store.put("put", value, 2);
    store.drop();
    expect([store.get("read")?.value, store.get("put")?.value]).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test("refuses to seal while a sealed layer waits", () => {
    const store = keyValueStore();
    store.seal(new TextChangelog());
    expect(() => store.seal(new TextChangelog())).toThrow(/INVARIANT_BROKEN.*at most one sealed layer/);
  });

  test("refuses a restored row while a layer is open", () => {
    const store = keyValueStore();
    store.put("a", 1, 1);
    expect(() => store.row("b", Buffer.from("1"), 0, 1, 1)).toThrow(/INVARIANT_BROKEN/);
  });

  test("a value that cannot be encoded names store and serde, and a drop repairs everything", () => {
    const valueSerde: Serde<unknown> = {
      id: "odd",
      write: (value, sink) => {
        sink.uint8(65);
        if (value === 13) throw new Error("13 is not odd enough");
      },
      read: () => "A",
    };
    const store = keyValueStore({ valueSerde });
    store.put("a", 1, 1);
    commit(store);
    store.put("a", 2, 2);
    store.put("bad", 13, 2);
    store.put("c", 3, 2);
    expect(() => store.seal(new TextChangelog())).toThrow(/SERIALIZATION_FAILED.*store counts.*odd.*13 is not/);
    store.drop();
    expect([store.get("a"), store.get("bad"), store.get("c")]).toMatchObject(
      [{ value: "A", timestampMs: 1 }, {}, {}].map((row, i) => (i === 0 ? row : undefined)),
    );
    store.put("c", 4, 3);
    expect(commit(store)).toEqual(["c=A@3"]);
  });

  test("stored bytes that the serde does not read are a schema error, not a crash", () => {
    const store = keyValueStore();
    store.row("a", Buffer.from("not json"), 0, 8, 1);
    expect(() => store.get("a")).toThrow(/SCHEMA_UNKNOWN.*store counts is not json/);
  });
});

describe("range", () => {
  test.for([
    { from: undefined, to: undefined, want: ["", "a", "ab", "b", "\u00ff"] },
    { from: "a", to: "b", want: ["a", "ab", "b"] },
    { from: "a\u0000", to: undefined, want: ["ab", "b", "\u00ff"] },
    { from: undefined, to: "a", want: ["", "a"] },
    { from: "c", to: "a", want: [] },
  ])("from $from to $to answers both ends in byte order", ({ from, to, want }) => {
    const store = keyValueStore();
    for (const keyText of ["b", "\u00ff", "a", "", "ab", "deleted"]) store.put(keyText, 1, 1);
    store.put("deleted", null, 2);
    expect([...store.range(from, to)].map(([keyText]) => keyText)).toEqual(want);
  });

  test("sees keys that came and went since the last range", () => {
    const store = keyValueStore();
    const keys = () => [...store.range(undefined, undefined)].map(([keyText]) => keyText);
    store.put("b", 1, 1);
    expect(keys()).toEqual(["b"]);
    store.put("a", 1, 1);
    store.put("c", 1, 1);
    expect(keys()).toEqual(["a", "b", "c"]);
    store.drop();
    store.put("c", 1, 1);
    expect(keys()).toEqual(["c"]);
  });
});

describe("freeze", () => {
  test("later commits do not change a frozen view, however late it is written", () => {
    const store = keyValueStore();
    for (const keyText of ["a", "b", "c"]) store.put(keyText, 1, 1);
    commit(store);
    const all = store.freeze("all");
    store.put("a", 2, 2);
    store.put("b", null, 2);
    store.put("d", 2, 2);
    commit(store);
    expect(rowsOf(all)).toEqual(["a=1@1", "b=1@1", "c=1@1"]);
    expect(rowsOf(store.freeze("changed"))).toEqual(["a=2@2", "b=-@2", "d=2@2"]);
    expect(rowsOf(store.freeze("all"))).toEqual(["a=2@2", "c=1@1", "d=2@2"]);
  });

  test("an earlier view stays right when the next one is taken", () => {
    const store = keyValueStore();
    store.put("a", 1, 1);
    commit(store);
    const first = store.freeze("changed");
    store.put("a", 2, 2);
    commit(store);
    const second = store.freeze("changed");
    store.put("a", 3, 3);
    commit(store);
    expect([rowsOf(first), rowsOf(second)]).toEqual([["a=1@1"], ["a=2@2"]]);
  });

  test("a tombstone is written once: the next changes have none", () => {
    const store = keyValueStore();
    store.put("a", null, 1);
    commit(store);
    expect(rowsOf(store.freeze("changed"))).toEqual(["a=-@1"]);
    expect(store.freeze("changed").count).toBe(0);
  });

  test("writes in slices of about the bytes asked for", () => {
    const store = keyValueStore();
    for (let i = 0; i < 10_000; i++) store.put(String(i).padStart(5, "0"), i, 1);
    commit(store);
    const frozen = store.freeze("all");
    const keys: string[] = [];
    let slices = 0;
    let most = 0;
    for (let more = true; more; slices++) {
      const before = keys.length;
      more = frozen.writeSlice({ row: (keyText) => void keys.push(keyText) }, 1_000);
      most = Math.max(most, keys.length - before);
    }
    expect(keys).toEqual([...keys].sort());
    expect(keys.length).toBe(10_000);
    expect(most).toBeLessThan(100);
    expect(slices).toBeGreaterThan(100);
  });

  test("a discarded view keeps nothing", () => {
    const store = keyValueStore();
    store.put("a", 1, 1);
    commit(store);
    const frozen = store.freeze("all");
    frozen.discard();
    expect(rowsOf(frozen)).toEqual([]);
  });
});

test("a restored row whose bytes say null is a deletion", () => {
  const store = keyValueStore();
  for (const text of ['"here"', "null"]) store.row("a", Buffer.from(text), 0, text.length, 1);
  expect([store.get("a"), store.rowCount]).toEqual([undefined, 0]);
});

test("memory of values stays within a few times what is stored, though a cold key is in every slab", () => {
  const store = keyValueStore();
  const pad = "x".repeat(100);
  for (let round = 0; round < 400; round++) {
    for (let i = 0; i < 600; i++) store.put(`hot-${i}`, `${round}-${pad}`, round);
    store.put(`cold-${round}`, `${round}-${pad}`, round);
    commit(store);
  }
  for (let round = 0; round < 400; round++) expect(store.get(`cold-${round}`)?.value).toBe(`${round}-${pad}`);
  store.drop(); // values are decoded from their moved bytes
  for (let round = 0; round < 400; round++) expect(store.get(`cold-${round}`)?.value).toBe(`${round}-${pad}`);
  expect(store.valueMemoryBytes).toBeLessThan(4 * store.sizeBytes + 3 * 64 * 1024);
});
