import { describe, expect, test } from "vitest";
import type { ObjectStore } from "../../../lib/ports/object-store.ts";
import { loadSnapshot, loadSnapshotAt } from "../../../lib/snapshot/load.ts";
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

/** A store with a full and a delta segment in two objects. */
async function twoSegments() {
  const world = await heldPin();
  const store = emptyStore(countsSpec);
  fill(
    store,
    Array.from({ length: 3_000 }, (_, i) => ({ key: `key-${i}`, value: `value ${i}` })),
  );
  let manifest: Manifest | undefined;
  for (const next of [1, 2]) {
    const change =
      next === 1
        ? { kind: "full" as const, rows: store.freeze("all") }
        : { kind: "delta" as const, rows: store.freeze("changed") };
    const outcome = await encodeAndPublish(world, request({ store, change, next, previous: manifest }));
    if (outcome.kind !== "published") return expect.fail("not published");
    manifest = outcome.manifest;
    if (next === 1)
      fill(store, [
        { key: "key-7", value: null, at: 2 },
        { key: "key-8", value: "new", at: 2 },
      ]);
  }
  return { ...world, store, manifest: manifest as Manifest };
}

function damage(bytes: Uint8Array): void {
  const at = Math.floor(bytes.length / 3);
  bytes[at] = (bytes[at] as number) ^ 1;
}

/** An object store that damages some answers. */
function damaging(
  inner: ObjectStore,
  damages: (path: string, read: number) => boolean,
): ObjectStore & { reads: number } {
  const objects = Object.create(inner) as ObjectStore & { reads: number };
  objects.reads = 0;
  objects.readRange = async (path, range) => {
    const bytes = await inner.readRange(path, range);
    if (bytes !== undefined && damages(path, objects.reads++)) damage(bytes);
    return bytes;
  };
  return objects;
}

describe("restoring", () => {
  test("gives back rows, sizes and what does not count as changed", async () => {
    const { objects, manifest, store } = await twoSegments();
    const restored = emptyStore(countsSpec);
    const report = await restoreStores({ manifest, stores: new Map([["counts:3", restored]]), objects });
    expect(rowsOf(restored)).toEqual(rowsOf(store));
    expect([restored.rowCount, restored.sizeBytes, restored.changedCount]).toEqual([
      store.rowCount,
      store.sizeBytes,
      0,
    ]);
    expect(report.rows).toBe(3_002);
  });

  test("counts only what comes after it as changed", async () => {
    const { objects, manifest } = await twoSegments();
    const restored = emptyStore(countsSpec);
    await restoreStores({ manifest, stores: new Map([["counts:3", restored]]), objects });
    restored.row("key-1", Buffer.from('"tail"'), 0, 6, 9);
    expect(restored.changedCount).toBe(1);
  });

  test("leaves a store alone that the manifest does not know", async () => {
    const { objects, manifest } = await twoSegments();
    const other = emptyStore({ ...countsSpec, name: "other" });
    const report = await restoreStores({ manifest, stores: new Map([["other:3", other]]), objects });
    expect([other.rowCount, report.rows]).toEqual([0, 0]);
  });

  test("refuses a store that holds rows", async () => {
    const { objects, manifest, store } = await twoSegments();
    const stores = new Map([["counts:3" as const, store]]);
    await expect(restoreStores({ manifest, stores, objects })).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
  });

  test("does not bring windows back that have expired at the manifest's stream time", async () => {
    const world = await heldPin();
    const store = fill(emptyStore(windowsSpec), [
      { key: "a", value: 1, start: 100 },
      { key: "a", value: 2, start: 180 },
    ]);
    const asked = request({ store, change: { kind: "full", rows: store.freeze("all") }, next: 1 });
    const later = { ...asked, stores: asked.stores.map((one) => ({ ...one, storeTimeMs: 200 })) };
    const outcome = await encodeAndPublish(world, later);
    if (outcome.kind !== "published") return expect.fail("not published");
    const restored = emptyStore(windowsSpec);
    await restoreStores({
      manifest: outcome.manifest,
      stores: new Map([["windows:3", restored]]),
      objects: world.objects,
    });
    expect([restored.rowCount, restored.storeTimeMs]).toEqual([1, 200]);
  });
});

describe("damage", () => {
  test("of a read is repaired by one more", async () => {
    const { objects, manifest, store } = await twoSegments();
    const flaky = damaging(objects, (_path, read) => read === 0);
    const restored = emptyStore(countsSpec);
    await restoreStores({ manifest, stores: new Map([["counts:3", restored]]), objects: flaky });
    expect(rowsOf(restored)).toEqual(rowsOf(store));
    expect(flaky.reads).toBe(3);
  });

  test("of an object is an error that names it", async () => {
    const { objects, manifest } = await twoSegments();
    const [base] = manifest.stores["counts:3"]?.segments ?? [];
    const broken = damaging(objects, (path) => path === base?.path);
    const stores = new Map([["counts:3" as const, emptyStore(countsSpec)]]);
    await expect(restoreStores({ manifest, stores, objects: broken })).rejects.toMatchObject({
      code: "CORRUPT_SNAPSHOT",
      details: { path: base?.path },
    });
  });

  test("of a manifest is repaired by one more read, or an error that names the object", async () => {
    const { objects, leases } = await twoSegments();
    const pointer = (await leases.read(0))?.pointer ?? expect.fail("no pointer");
    expect((await loadSnapshot({ objects: damaging(objects, (_path, read) => read === 0), pointer })).version).toBe(2);
    await expect(loadSnapshot({ objects: damaging(objects, () => true), pointer })).rejects.toMatchObject({
      code: "CORRUPT_SNAPSHOT",
      details: { path: pointer.path },
    });
  });

  test("a missing object is named", async () => {
    const { objects, leases, manifest } = await twoSegments();
    const pointer = (await leases.read(0))?.pointer ?? expect.fail("no pointer");
    for (const { path } of manifest.stores["counts:3"]?.segments ?? []) await objects.delete(path);
    await expect(loadSnapshot({ objects, pointer })).rejects.toThrow(/CORRUPT_SNAPSHOT.*missing/);
    const stores = new Map([["counts:3" as const, emptyStore(countsSpec)]]);
    await expect(restoreStores({ manifest, stores, objects })).rejects.toThrow(/CORRUPT_SNAPSHOT.*missing/);
  });
});

test("a path alone leads to manifest and pointer", async () => {
  const { objects, leases, manifest } = await twoSegments();
  const pointer = (await leases.read(0))?.pointer ?? expect.fail("no pointer");
  expect(await loadSnapshotAt({ objects, path: pointer.path })).toEqual({ manifest, pointer });
});
