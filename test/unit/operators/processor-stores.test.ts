import { describe, expect, test } from "vitest";
import { int64, type KeyValueStore, Stores, type StreamsBuilder, string } from "../../../lib/index.ts";
import { TopologyHost } from "../../support/task-host.ts";

const text = { key: string(), value: string() };

/** Runs a topology on one record. */
function pipe(define: (builder: StreamsBuilder) => void): void {
  new TopologyHost(define).pipe("in", { key: "A", value: "x", timestampMs: 7 });
}

describe("stores in the hands of a processor", () => {
  /** Runs on a key-value store that holds a=1, b=2, c=3. */
  function withRows(look: (store: KeyValueStore<string, number>) => unknown): unknown {
    const rows = Stores.keyValue("rows", { key: string(), value: int64() });
    let seen: unknown;
    pipe((builder) => {
      builder.stream("in", text).process(
        (context) => {
          const store = context.getStateStore(rows);
          return {
            process: () => {
              store.putAll([
                ["a", 1],
                ["b", 2],
                ["c", 3],
              ]);
              seen = look(store);
            },
          };
        },
        { stores: [rows] },
      );
    });
    return seen;
  }

  test.for<[string, (store: KeyValueStore<string, number>) => unknown, unknown]>([
    ["get", (store) => [store.get("a"), store.get("x")], [1, undefined]],
    ["delete", (store) => [store.delete("a"), store.delete("a"), store.get("a")], [1, undefined, undefined]],
    [
      "putIfAbsent",
      (store) => [store.putIfAbsent("a", 9), store.putIfAbsent("x", 9), store.get("x")],
      [1, undefined, 9],
    ],
    ["put null", (store) => [store.put("a", null), store.get("a")], [undefined, undefined]],
    [
      "range",
      (store) => [...store.range("b", undefined)],
      [
        ["b", 2],
        ["c", 3],
      ],
    ],
    [
      "reverseRange",
      (store) => [...store.reverseRange(undefined, "b")],
      [
        ["b", 2],
        ["a", 1],
      ],
    ],
    ["a reverse range between keys", (store) => [...store.reverseRange("aa", "bb")], [["b", 2]]],
    ["reverseAll", (store) => [...store.reverseAll()].map(([key]) => key), ["c", "b", "a"]],
    ["prefixScan", (store) => [...store.prefixScan("b")], [["b", 2]]],
    [
      "all while rows go",
      (store) => [...store.all()].map(([key]) => [key, store.delete(key)]),
      [
        ["a", 1],
        ["b", 2],
        ["c", 3],
      ],
    ],
    ["its name and size as of the last commit", (store) => [store.name, store.approximateNumEntries()], ["rows", 0]],
  ])("%s", ([, look, expected]) => {
    expect(withRows(look)).toEqual(expected);
  });

  test("windows, forward and backward, of one key and of all", () => {
    const events = Stores.timestampedWindow("events", { ...text, windowSize: 10, retention: 100 });
    const seen: Record<string, unknown> = {};
    pipe((builder) => {
      builder.stream("in", text).process(
        (context) => {
          const store = context.getStateStore(events);
          return {
            process: () => {
              store.put("a", { value: "one", timestampMs: 5 }, 0);
              store.put("a", { value: "two", timestampMs: 15 }, 10);
              store.put("b", { value: "three", timestampMs: 12 }, 10);
              store.put("b", null, 20);
              seen["point"] = [store.fetch("a", 10), store.fetch("a", 20)];
              seen["fetch"] = [...store.fetch("a", 0, 10)].map(([startMs]) => startMs);
              seen["backwardFetch"] = [...store.backwardFetch("a", 0, 10)].map(([startMs]) => startMs);
              seen["all"] = [...store.all()].map(([{ key, window }, { value }]) => [key, window.endMs, value]);
              seen["backwardAll"] = [...store.backwardAll()].map(([{ key }]) => key);
              seen["keys"] = [...store.fetchAll(0, 20, { from: "b" })].map(([{ key }]) => key);
              seen["backwardKeys"] = [...store.backwardFetchAll(0, 20, { to: "a" })].map(
                ([{ window }]) => window.startMs,
              );
            },
          };
        },
        { stores: [events] },
      );
    });
    expect(seen).toEqual({
      point: [{ value: "two", timestampMs: 15 }, undefined],
      fetch: [0, 10],
      backwardFetch: [10, 0],
      all: [
        ["a", 10, "one"],
        ["a", 20, "two"],
        ["b", 20, "three"],
      ],
      backwardAll: ["b", "a", "a"],
      keys: ["b"],
      backwardKeys: [10, 0],
    });
  });
});

test("a session store finds sessions of all keys, or of some", () => {
  const visits = Stores.session("visits", { key: string(), value: int64(), retention: "1h" });
  const seen: Record<string, unknown> = {};
  pipe((builder) => {
    builder.stream("in", text).process(
      (context) => {
        const store = context.getStateStore(visits);
        const found = (sessions: ReturnType<typeof store.findAllSessions>) =>
          sessions.map(([{ key, window }, value]) => [key, window.startMs, window.endMs, value]);
        return {
          process: () => {
            store.put({ key: "b", window: { startMs: 0, endMs: 10 } }, 1);
            store.put({ key: "a", window: { startMs: 0, endMs: 10 } }, 2);
            store.put({ key: "c", window: { startMs: 30, endMs: 40 } }, 3);
            seen["all"] = found(store.findAllSessions(0, 100));
            seen["between"] = found(store.findAllSessions(11, 30));
            seen["early"] = found(store.findAllSessions(0, 29, { from: "b", to: "c" }));
          },
        };
      },
      { stores: [visits] },
    );
  });
  const [a, b, c] = [
    ["a", 0, 10, 2],
    ["b", 0, 10, 1],
    ["c", 30, 40, 3],
  ];
  expect(seen).toEqual({ all: [a, b, c], between: [c], early: [b] });
});
