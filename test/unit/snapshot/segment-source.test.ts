import { expect, test } from "vitest";
import type { ByteRange, ObjectStore } from "../../../lib/ports/object-store.ts";
import { bytes } from "../../../lib/serde/bytes.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { restoreStores } from "../../../lib/snapshot/restore.ts";
import { countsSpec, emptyStore, encodeAndPublish, fill, heldPin, request, rowsOf } from "./snapshot-support.ts";

/** Every range that is read, and the largest number of reads under way at once. */
function watched(inner: ObjectStore) {
  const objects = Object.create(inner) as ObjectStore;
  const ranges: ByteRange[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  objects.readRange = async (path, range) => {
    ranges.push(range);
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    const answer = await inner.readRange(path, range);
    atOnce--;
    return answer;
  };
  return { objects, ranges, mostAtOnce: () => mostAtOnce };
}

test("segments that lie side by side in one object are read with one request", async () => {
  const world = await heldPin();
  const specs = ["a", "b", "c"].map((name) => ({ ...countsSpec, name }));
  const filled = specs.map((spec) => fill(emptyStore(spec), [{ key: spec.name, value: spec.name }]));
  const asked = filled.map((store) => request({ store, change: { kind: "full", rows: store.freeze("all") }, next: 1 }));
  const all = { ...(asked[0] as (typeof asked)[number]), stores: asked.flatMap(({ stores }) => stores) };
  const outcome = await encodeAndPublish(world, all);
  if (outcome.kind !== "published") return expect.fail("not published");
  const { objects, ranges } = watched(world.objects);
  const restored = specs.map(emptyStore);
  const stores = new Map(specs.map(({ name }, i) => [`${name}:3` as const, restored[i] as (typeof restored)[number]]));
  await restoreStores({ manifest: outcome.manifest, stores, objects });
  expect(restored.map(rowsOf)).toEqual(filled.map(rowsOf));
  expect(ranges.length).toBe(1);
});

test("a segment of many megabytes is read in parts, a few at once", async () => {
  const world = await heldPin();
  const spec = { ...countsSpec, valueSerde: bytes() as Serde<unknown> };
  let state = 1;
  const noise = () => {
    const body = Buffer.alloc(256 * 1024);
    for (let i = 0; i < body.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      body[i] = state >>> 24;
    }
    return body;
  };
  const store = fill(
    emptyStore(spec),
    Array.from({ length: 100 }, (_, i) => ({ key: `key-${i}`, value: noise() })),
  );
  const outcome = await encodeAndPublish(
    world,
    request({ store, change: { kind: "full", rows: store.freeze("all") }, next: 1 }),
  );
  if (outcome.kind !== "published") return expect.fail("not published");
  const { objects, ranges, mostAtOnce } = watched(world.objects);
  const restored = emptyStore(spec);
  const report = await restoreStores({
    manifest: outcome.manifest,
    stores: new Map([["counts:3", restored]]),
    objects,
  });
  expect(restored.rowCount).toBe(100);
  expect(restored.sizeBytes).toBe(store.sizeBytes);
  expect(ranges.length).toBe(Math.ceil(report.bytes / (8 * 1024 * 1024)));
  expect(mostAtOnce()).toBeGreaterThan(1);
  expect(mostAtOnce()).toBeLessThanOrEqual(4);
});
