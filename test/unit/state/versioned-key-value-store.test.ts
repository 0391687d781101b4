import { describe, expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { historySerde } from "../../../lib/state/history.ts";
import type { StoreSpec } from "../../../lib/state/store.ts";
import { PUT_DROPPED, PUT_IS_NEWEST } from "../../../lib/state/store.ts";
import { VersionedKeyValueStore } from "../../../lib/state/versioned-key-value-store.ts";
import { commit, rowsOf, TextChangelog } from "./store-support.ts";

function open(changes: Partial<StoreSpec> = {}): VersionedKeyValueStore {
  const spec = {
    name: "v",
    type: "versioned",
    keySerde: string(),
    valueSerde: json(),
    logged: true,
    historyRetentionMs: 100,
    ...changes,
  };
  return new VersionedKeyValueStore(spec as unknown as StoreSpec, { sink: new ByteSink() });
}

const valueAt = (store: VersionedKeyValueStore, timeMs: number) => store.getAsOf("a", timeMs)?.value;

describe("a put", () => {
  test("says until when its version is valid", () => {
    const store = open();
    expect(store.put("a", 1, 50)).toBe(PUT_IS_NEWEST);
    expect(store.put("a", 2, 30)).toBe(50);
    expect(store.put("a", 3, 30)).toBe(50);
    expect(store.put("a", 4, 130)).toBe(PUT_IS_NEWEST);
    expect(store.put("a", 5, 30), "the oldest that may be put").toBe(50);
    expect(store.put("a", 6, 29)).toBe(PUT_DROPPED);
    expect([store.get("a"), valueAt(store, 30), valueAt(store, 129)]).toEqual([{ value: 4, timestampMs: 130 }, 5, 1]);
  });

  test("that deletes ends what was valid before, and is a version itself", () => {
    const store = open();
    store.put("a", 1, 10);
    store.put("a", null, 20);
    expect([store.get("a"), valueAt(store, 19), valueAt(store, 20)]).toEqual([undefined, 1, undefined]);
    expect(store.put("a", 2, 15)).toBe(20);
    expect([...store.versions()].map(([key, row, to]) => [key, row.value, row.timestampMs, to])).toEqual([
      ["a", 2, 15, 20],
      ["a", 1, 10, 15],
    ]);
  });

  test("is in the changelog each time, also when it came too late; no key is written once only", () => {
    const store = open();
    for (const [value, timestampMs] of [
      [1, 200],
      [2, 200],
      [3, 99],
      [null, 210],
    ] as const)
      store.put("a", value, timestampMs);
    expect(commit(store)).toEqual(["a=1@200", "a=2@200", "a=3@99", "a=-@210"]);
    expect(commit(store)).toEqual([]);
  });

  test("of a value that cannot be written fails at once, and changes nothing", () => {
    const store = open({ valueSerde: int64() as never });
    store.put("a", 1, 10);
    expect(() => store.put("a", 1.5, 20)).toThrow(expect.objectContaining({ code: "SERIALIZATION_FAILED" }));
    expect(store.get("a")).toEqual({ value: 1, timestampMs: 10 });
    expect(commit(store)).toHaveLength(1);
  });
});

describe("a read as of a time", () => {
  test("before the history answers the newest version only", () => {
    const store = open();
    store.put("a", 1, 10);
    store.put("b", 1, 10);
    store.put("a", 2, 150);
    expect([store.getAsOf("b", 20)?.value, valueAt(store, 20), valueAt(store, 50)]).toEqual([1, undefined, 1]);
  });
});

test("a history that comes back from the changelog is encoded once, not once per put", () => {
  let writes = 0;
  const plain = json();
  const valueSerde = {
    ...plain,
    write: (...args: Parameters<typeof plain.write>) => {
      writes++;
      plain.write(...args);
    },
  };
  const store = open({ valueSerde, historyRetentionMs: 1_000 });
  for (let timeMs = 0; timeMs < 500; timeMs++) {
    const value = Buffer.from(String(timeMs));
    store.row("a", value, 0, value.length, timeMs);
  }
  expect([store.rowCount, valueAt(store, 123), store.get("a")?.value, writes]).toEqual([1, 123, 499, 500]);
  store.seal(new TextChangelog());
  store.put("a", 5, 600);
  store.acknowledge();
  expect(valueAt(store, 499)).toBe(499);
});

test("what no read can find is forgotten with the next put of its key", () => {
  const store = open();
  for (let timeMs = 0; timeMs <= 1_000; timeMs += 50) store.put("a", timeMs, timeMs);
  expect([...store.versions()].map(([, row]) => row.timestampMs)).toEqual([1_000, 950, 900]);
  store.put("a", null, 1_010);
  commit(store);
  expect(store.rowCount).toBe(1);
});

test("a range sees the newest versions, in the order of the keys' bytes", () => {
  const store = open();
  for (const key of ["c", "a", "b"]) store.put(key, key, 5);
  store.put("b", null, 6);
  expect([...store.range(undefined, "b")].map(([key]) => key)).toEqual(["a"]);
  expect([...store.range("b", undefined)].map(([key]) => key)).toEqual(["c"]);
});

test("an abort takes back versions, times and what was to be logged", () => {
  const store = open();
  store.put("a", 1, 10);
  commit(store);
  store.put("a", 2, 500);
  store.seal(new TextChangelog());
  store.put("a", 3, 5);
  store.drop();
  expect([store.get("a"), store.storeTimeMs, store.put("a", 4, 5)]).toEqual([{ value: 1, timestampMs: 10 }, 10, 10]);
  expect(commit(store)).toEqual(["a=4@5"]);
});

test("a frozen row is the whole history, in bytes that stay readable", () => {
  const store = open();
  store.put("a", 1, 10);
  store.put("a", null, 20);
  commit(store);
  const [row] = rowsOf(store.freeze("all"));
  expect(row?.startsWith("a=")).toBe(true);
  const sink = new ByteSink();
  store.put("a", 2, 15);
  historySerde(json()).write(
    {
      versions: [
        { timestampMs: 20, value: null },
        { timestampMs: 10, value: 1 },
      ],
    } as never,
    sink,
  );
  const golden = "01000000020000000000000014ffffffff000000000000000a0000000131";
  expect(sink.view().toString("hex")).toBe(golden);
  const read = historySerde(json()).read(Buffer.from(golden, "hex"), 0, golden.length / 2);
  expect(read.versions).toEqual([
    { timestampMs: 20, value: null },
    { timestampMs: 10, value: 1 },
  ]);
  expect(() => historySerde(json()).read(Buffer.from([2]), 0, 1)).toThrow(
    expect.objectContaining({ code: "SCHEMA_UNKNOWN" }),
  );
});

test("without a history retention there is no such store", () => {
  expect(() => open({ historyRetentionMs: undefined as never })).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID" }),
  );
});
