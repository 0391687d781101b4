import { describe, expect, test } from "vitest";
import { SortedRows, type ViewRow } from "../../../lib/snapshot/rows.ts";
import { SegmentCache } from "../../../lib/snapshot/segment-cache.ts";
import type { Manifest } from "../../../lib/snapshot/types.ts";
import { openSnapshotView, type StoreView } from "../../../lib/snapshot/view.ts";
import type { StoreSpec } from "../../../lib/state/store.ts";
import { windowKey } from "../../../lib/state/window-key.ts";
import { countsSpec, emptyStore, encodeAndPublish, fill, heldPin, request, windowsSpec } from "./snapshot-support.ts";

type Rows = Parameters<typeof fill>[1];

/** A view of a store whose commits each became one segment. */
async function viewOf(spec: StoreSpec, commits: readonly Rows[]) {
  const world = await heldPin();
  const store = emptyStore(spec);
  let manifest: Manifest | undefined;
  for (const [i, rows] of commits.entries()) {
    fill(store, rows);
    const frozen = store.freeze(i === 0 ? "all" : "changed");
    const change = { kind: i === 0 ? ("full" as const) : ("delta" as const), rows: frozen };
    const outcome = await encodeAndPublish(world, request({ store, change, next: i + 1, previous: manifest }));
    if (outcome.kind !== "published") return expect.fail("not published");
    manifest = outcome.manifest;
  }
  const cache = new SegmentCache(1_000_000);
  const view = openSnapshotView({ manifest: manifest as Manifest, objects: world.objects, cache });
  return { ...world, cache, view, rows: view.store(spec.name, 3) as StoreView };
}

const text = (row: ViewRow | undefined) =>
  row === undefined
    ? undefined
    : `${row.bytes.toString("utf8", row.valueStart, row.valueStart + row.valueLength)}@${row.timestampMs}`;

describe("a key-value store in a snapshot", () => {
  const commits: Rows[] = [
    [
      { key: "a", value: 1 },
      { key: "b", value: 2 },
      { key: "d", value: 4 },
    ],
    [
      { key: "b", value: 20, at: 2 },
      { key: "c", value: 3, at: 2 },
      { key: "d", value: null, at: 2 },
    ],
    [{ key: "a", value: 100, at: 3 }],
  ];

  test.for([
    { key: "a", want: "100@3" },
    { key: "b", want: "20@2" },
    { key: "c", want: "3@2" },
    { key: "d", want: undefined },
    { key: "none", want: undefined },
    { key: "", want: undefined },
  ])("get '$key' is $want: the newest segment wins, a tombstone hides", async ({ key, want }) => {
    const { rows } = await viewOf(countsSpec, commits);
    expect(text(await rows.get(key))).toBe(want);
  });

  test.for([
    { from: undefined, to: undefined, limit: undefined, want: ["a", "b", "c"] },
    { from: "b", to: "c", limit: undefined, want: ["b", "c"] },
    { from: "aa", to: "bb", limit: undefined, want: ["b"] },
    { from: undefined, to: undefined, limit: 2, want: ["a", "b"] },
    { from: "d", to: undefined, limit: undefined, want: [] },
  ])("range $from to $to, limit $limit, is $want", async ({ from, to, limit, want }) => {
    const { rows } = await viewOf(countsSpec, commits);
    expect((await rows.range(from, to, limit)).map(({ keyText }) => keyText)).toEqual(want);
  });

  test("a changelog tail goes on top, in the order of the log", async () => {
    const { rows } = await viewOf(countsSpec, commits);
    const tail = new SortedRows();
    const put = (key: string, value: string | undefined, at: number) =>
      tail.row(key, Buffer.from(value ?? ""), 0, value?.length ?? -1, at);
    put("z", "26", 4);
    put("c", undefined, 4);
    put("a", "7", 4);
    put("a", "8", 5);
    const fresh = rows.withTail(tail, -1);
    expect((await fresh.range(undefined, undefined)).map((row) => `${row.keyText}=${text(row)}`)).toEqual([
      "a=8@5",
      "b=20@2",
      "z=26@4",
    ]);
    expect(text(await fresh.get("a"))).toBe("8@5");
    expect(await fresh.get("c")).toBeUndefined();
    expect(text(await rows.get("a"))).toBe("100@3");
  });
});

describe("a window store in a snapshot", () => {
  const commits: Rows[] = [
    [
      { key: "a", value: 1, start: 10 },
      { key: "a", value: 2, start: 20 },
      { key: "b", value: 3, start: 10 },
    ],
    [
      { key: "a", value: 4, start: 30, at: 2 },
      { key: "ab", value: 5, start: 20, at: 2 },
      { key: "a", value: 20, start: 20, at: 2 },
    ],
  ];
  const seen = (rows: readonly { recordKeyText: string; windowStartMs: number }[]) =>
    rows.map(({ recordKeyText, windowStartMs }) => `${recordKeyText}@${windowStartMs}`);

  test("fetches the windows of one key in time order, and not those of keys that begin with it", async () => {
    const { rows } = await viewOf(windowsSpec, commits);
    expect(seen(await rows.fetch("a", 20, 30))).toEqual(["a@20", "a@30"]);
    expect(seen(await rows.fetch("a", 0, Number.POSITIVE_INFINITY))).toEqual(["a@10", "a@20", "a@30"]);
    expect((await rows.fetch("a", 20, 20)).map(text)).toEqual(["20@2"]);
    expect(await rows.fetch("a", 21, 21)).toEqual([]);
  });

  test("fetches the windows of all keys by start, then key", async () => {
    const { rows } = await viewOf(windowsSpec, commits);
    expect(seen(await rows.fetchAll(10, 20))).toEqual(["a@10", "b@10", "a@20", "ab@20"]);
  });

  test("hides windows that expire with the stream time of the tail", async () => {
    const { rows } = await viewOf(windowsSpec, commits);
    const tail = new SortedRows();
    tail.row(windowKey("a", 120), Buffer.from("9"), 0, 1, 120);
    const fresh = rows.withTail(tail, 120);
    expect(seen(await fresh.fetch("a", 0, 1_000))).toEqual(["a@30", "a@120"]);
    expect(await fresh.fetch("b", 10, 10)).toEqual([]);
  });
});

test("a store or partition that the manifest does not know is undefined", async () => {
  const { view } = await viewOf(countsSpec, [[{ key: "a", value: 1 }]]);
  expect([view.store("none", 3), view.store("counts", 4)]).toEqual([undefined, undefined]);
});

describe("the segment cache", () => {
  test("reads a segment once, however many ask at the same time", async () => {
    const { objects, view } = await viewOf(countsSpec, [[{ key: "a", value: 1 }]]);
    let reads = 0;
    const counting = Object.create(objects) as typeof objects;
    counting.readRange = (path, range) => {
      reads++;
      return objects.readRange(path, range);
    };
    const again = openSnapshotView({ manifest: view.manifest, objects: counting, cache: new SegmentCache(1_000) });
    await Promise.all([1, 2, 3].map(() => again.store("counts", 3)?.get("a")));
    await again.store("counts", 3)?.get("b");
    expect(reads).toBe(1);
  });

  test("forgets a read that failed, so that the next one may succeed", async () => {
    const { objects, view } = await viewOf(countsSpec, [[{ key: "a", value: 1 }]]);
    let down = true;
    const flaky = Object.create(objects) as typeof objects;
    flaky.readRange = (path, range) => (down ? Promise.reject(new Error("down")) : objects.readRange(path, range));
    const rows = openSnapshotView({ manifest: view.manifest, objects: flaky, cache: new SegmentCache(1_000) }).store(
      "counts",
      3,
    );
    await expect(rows?.get("a")).rejects.toThrow("down");
    down = false;
    expect(text(await rows?.get("a"))).toBe("1@1");
  });

  test("lets the least recently used go when there are too many bytes", async () => {
    const commits = ["a", "b", "c"].map((key): Rows => [{ key, value: "x".repeat(200) }]);
    const { objects, view } = await viewOf(countsSpec, commits);
    const cache = new SegmentCache(600);
    await openSnapshotView({ manifest: view.manifest, objects, cache }).store("counts", 3)?.get("zzz");
    expect(cache.sizeBytes).toBeGreaterThan(200);
    expect(cache.sizeBytes).toBeLessThanOrEqual(600);
  });
});
