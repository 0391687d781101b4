import { describe, expect, test } from "vitest";
import { isStreamError } from "../../../lib/core/errors.ts";
import { loadSnapshot } from "../../../lib/snapshot/load.ts";
import { restoreStores } from "../../../lib/snapshot/restore.ts";
import type { Manifest } from "../../../lib/snapshot/types.ts";
import {
  countsSpec,
  emptyStore,
  encodeAndPublish,
  fill,
  heldPin,
  request,
  rowsOf,
  windowsSpec,
} from "./snapshot-support.ts";

type World = Awaited<ReturnType<typeof heldPin>>;

async function published(world: World, options: Parameters<typeof request>[0]): Promise<Manifest> {
  const outcome = await encodeAndPublish(world, request(options));
  if (outcome.kind !== "published") return expect.fail(`not published: ${outcome.kind}`);
  expect(await loadSnapshot({ objects: world.objects, pointer: outcome.pointer })).toEqual(outcome.manifest);
  return outcome.manifest;
}

describe("a published snapshot", () => {
  test("is one object, the pointer leads to its manifest, and the manifest says what it covers", async () => {
    const world = await heldPin();
    const store = fill(emptyStore(countsSpec), [
      { key: "a", value: 1 },
      { key: "b", value: 2 },
    ]);
    const manifest = await published(world, { store, change: { kind: "full", rows: store.freeze("all") }, next: 7 });
    const paths: string[] = [];
    for await (const { path } of world.objects.list("")) paths.push(path);
    expect(paths).toEqual(["app/g1/pin-0/0000000000000001-000000000001-w7.snap"]);
    expect(await world.leases.read(0)).toMatchObject({
      version: 1,
      pointer: { path: paths[0], version: 1, epoch: 1, publishedAtMs: 1_700_000_000_007 },
    });
    expect(manifest).toMatchObject({ position: '{"transaction":7}', version: 1, epoch: 1, writer: "w7" });
    expect(manifest.stores["counts:3"]).toMatchObject({
      type: "timestampedKeyValue",
      keySerde: "string",
      valueSerde: "json",
      changelog: { topic: "app-counts-changelog", topicId: "00ff", next: 7 },
      segments: [{ path: paths[0], kind: "full", rows: 2, tombstones: 0, minKey: "YQ==", maxKey: "Yg==" }],
    });
  });

  test("keeps no rows in memory", async () => {
    const store = fill(emptyStore(countsSpec), [{ key: "a", value: 1 }]);
    const rows = store.freeze("all");
    await published(await heldPin(), { store, change: { kind: "full", rows }, next: 1 });
    const left: string[] = [];
    rows.writeTo({ row: (keyText) => left.push(keyText) });
    expect(left).toEqual([]);
  });

  test("extends the one before by what changed, and older segments keep their path", async () => {
    const world = await heldPin();
    const store = fill(emptyStore(countsSpec), [
      { key: "a", value: 1 },
      { key: "b", value: 2 },
    ]);
    const first = await published(world, { store, change: { kind: "full", rows: store.freeze("all") }, next: 1 });
    fill(store, [
      { key: "a", value: null, at: 2 },
      { key: "c", value: 3, at: 2 },
    ]);
    const second = await published(world, {
      store,
      change: { kind: "delta", rows: store.freeze("changed") },
      next: 3,
      previous: first,
    });
    const [base, delta] = second.stores["counts:3"]?.segments ?? [];
    expect(base).toEqual(first.stores["counts:3"]?.segments[0]);
    expect(delta).toMatchObject({ kind: "delta", rows: 2, tombstones: 1 });
    const restored = emptyStore(countsSpec);
    await restoreStores({ manifest: second, stores: new Map([["counts:3", restored]]), objects: world.objects });
    expect(rowsOf(restored)).toEqual(rowsOf(store));
  });

  test("keeps a store that did not change, but covers its changelog further", async () => {
    const world = await heldPin();
    const store = fill(emptyStore(countsSpec), [{ key: "a", value: 1 }]);
    const first = await published(world, { store, change: { kind: "full", rows: store.freeze("all") }, next: 1 });
    const second = await published(world, { store, change: { kind: "keep" }, next: 9, previous: first });
    expect(second.stores["counts:3"]).toEqual({
      ...first.stores["counts:3"],
      changelog: { ...first.stores["counts:3"]?.changelog, next: 9 },
    });
  });

  test("carries a store that the topology no longer has over, untouched", async () => {
    const world = await heldPin();
    const old = fill(emptyStore({ ...countsSpec, name: "retired" }), [{ key: "a", value: 1 }]);
    const first = await published(world, { store: old, change: { kind: "full", rows: old.freeze("all") }, next: 1 });
    const store = emptyStore(countsSpec);
    const second = await published(world, {
      store,
      change: { kind: "full", rows: store.freeze("all") },
      next: 5,
      previous: first,
    });
    expect(second.stores["retired:3"]).toEqual(first.stores["retired:3"]);
  });

  test("of an empty store has no segment", async () => {
    const world = await heldPin();
    const store = emptyStore(countsSpec);
    const manifest = await published(world, { store, change: { kind: "full", rows: store.freeze("all") }, next: 4 });
    expect(manifest.stores["counts:3"]?.segments).toEqual([]);
  });

  test("lets go of segments in which every window has expired, without a rewrite", async () => {
    const world = await heldPin();
    const store = fill(emptyStore(windowsSpec), [{ key: "a", value: 1, start: 100 }]);
    const first = await published(world, { store, change: { kind: "full", rows: store.freeze("all") }, next: 1 });
    fill(store, [{ key: "a", value: 2, start: 150 }]);
    const delta = async (next: number, previous: Manifest) =>
      published(world, { store, change: { kind: "delta", rows: store.freeze("changed") }, next, previous });
    const second = await delta(2, first);
    fill(store, [{ key: "a", value: 3, start: 200 }]);
    const third = await delta(3, second);
    expect(second.stores["windows:3"]?.segments.map(({ storeTimeMs }) => storeTimeMs)).toEqual([100, 150]);
    expect(third.stores["windows:3"]?.segments.map(({ storeTimeMs }) => storeTimeMs)).toEqual([150, 200]);
    const restored = emptyStore(windowsSpec);
    await restoreStores({ manifest: third, stores: new Map([["windows:3", restored]]), objects: world.objects });
    expect(rowsOf(restored)).toEqual(rowsOf(store));
    expect(restored.storeTimeMs).toBe(200);
  });

  test("is encoded in slices, and records go on changing the store in between", async () => {
    const world = await heldPin();
    const store = emptyStore(countsSpec);
    fill(
      store,
      Array.from({ length: 30_000 }, (_, i) => ({ key: `key-${i}`, value: "v".repeat(20) })),
    );
    const want = rowsOf(store);
    const rows = store.freeze("all");
    let commits = 0;
    const yieldNow = async () => {
      await world.yieldNow();
      fill(store, [
        { key: `key-${commits++ * 7}`, value: commits, at: 99 },
        { key: `new-${commits}`, value: 1, at: 99 },
      ]);
    };
    const outcome = await encodeAndPublish(
      { ...world, yieldNow },
      request({ store, change: { kind: "full", rows }, next: 1 }),
    );
    const restored = emptyStore(countsSpec);
    if (outcome.kind !== "published") return expect.fail("not published");
    await restoreStores({
      manifest: outcome.manifest,
      stores: new Map([["counts:3", restored]]),
      objects: world.objects,
      yieldNow: world.yieldNow,
    });
    expect(rowsOf(restored)).toEqual(want);
    expect(commits).toBeGreaterThan(20);
    expect(rowsOf(store)).not.toEqual(want);
  });
});

describe("publishing", () => {
  const oneRow = () => {
    const store = fill(emptyStore(countsSpec), [{ key: "a", value: 1 }]);
    return { store, change: { kind: "full" as const, rows: store.freeze("all") }, next: 1 };
  };

  test("goes on when its own object is there already: an answer was lost", async () => {
    const world = await heldPin();
    let lost = 0;
    const objects = forwarding(world.objects);
    objects.create = async (path, body) => {
      await world.objects.create(path, body);
      lost++;
      return world.objects.create(path, body);
    };
    expect(await encodeAndPublish({ ...world, objects }, request(oneRow()))).toMatchObject({ kind: "published" });
    expect(lost).toBe(1);
  });

  test("stops when something else is at its path: paths are unique, so something is very wrong", async () => {
    const world = await heldPin();
    const asked = request(oneRow());
    await world.objects.create("app/g1/pin-0/0000000000000001-000000000001-w1.snap", Buffer.from("else"));
    await expect(encodeAndPublish(world, asked)).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
    expect((await world.leases.read(0))?.version).toBe(0);
  });

  test("moves no pointer when the lease is another's: the object is garbage", async () => {
    const world = await heldPin();
    await world.leases.release(0, { worker: "w", epoch: 1, asleep: false });
    await world.leases.claim(0, "other");
    const outcome = await encodeAndPublish(world, request(oneRow()));
    expect(outcome).toMatchObject({ kind: "moved", row: { owner: "other", epoch: 2, version: 0, pointer: undefined } });
  });

  test("moves no pointer when another version was published since", async () => {
    const world = await heldPin();
    await published(world, { ...oneRow(), writer: "first" });
    const outcome = await encodeAndPublish(world, request({ ...oneRow(), writer: "second" }));
    expect(outcome).toMatchObject({ kind: "moved", row: { version: 1 } });
  });

  test("says published when the pointer is its own though the answer says lost", async () => {
    const world = await heldPin();
    const leases = forwarding(world.leases);
    leases.publishPointer = async (pin, held) => {
      await world.leases.publishPointer(pin, held);
      return world.leases.publishPointer(pin, held);
    };
    expect(await encodeAndPublish({ ...world, leases }, request(oneRow()))).toMatchObject({
      kind: "published",
      row: { version: 1 },
    });
  });

  test("writes the object before the pointer, and no pointer when that fails", async () => {
    const world = await heldPin();
    const objects = forwarding(world.objects);
    objects.create = async () => {
      throw new Error("the line is cut");
    };
    await expect(encodeAndPublish({ ...world, objects }, request(oneRow()))).rejects.toThrow("the line is cut");
    expect((await world.leases.read(0))?.pointer).toBeUndefined();
  });

  test("ends with an error when the pointer is refused again and again though nothing moved", async () => {
    const world = await heldPin();
    const leases = forwarding(world.leases);
    let tries = 0;
    leases.publishPointer = async (pin) => {
      tries++;
      return { kind: "lost", row: await world.leases.read(pin) };
    };
    const failed = encodeAndPublish({ ...world, leases }, request(oneRow()));
    await expect(failed).rejects.toSatisfy((error) => isStreamError(error, "LEASE_TABLE_UNAVAILABLE"));
    expect(tries).toBe(3);
  });
});

/** The same port with methods that can be replaced one by one. */
function forwarding<T extends object>(port: T): T {
  return Object.create(port, {}) as T;
}
