import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { string } from "../../../lib/serde/string.ts";
import type { RowBucket } from "../../../lib/state/bucket.ts";
import { RowLayers } from "../../../lib/state/row-layers.ts";
import { NO_ROW, Rows } from "../../../lib/state/rows.ts";

const spec = { name: "s", type: "timestampedWindow", keySerde: string(), valueSerde: string(), logged: true } as const;

test("a slot is found by its key and bucket until it is removed, whatever comes and goes", () => {
  const step = fc.record({ bucket: fc.nat(2), key: fc.nat(60), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const rows = new Rows();
      const buckets = [rows.open("a", 0), rows.open("b", 1), rows.open("c", 2)];
      const known = new Map<string, { bucket: RowBucket; keyText: string; slot: number }>();
      for (const { bucket: number, key, remove } of steps) {
        const bucket = buckets[number] as RowBucket;
        const keyText = `key-${key}`;
        const id = `${number}/${keyText}`;
        if (remove && known.has(id)) {
          rows.remove(known.get(id)?.slot as number);
          known.delete(id);
        } else if (!known.has(id)) known.set(id, { bucket, keyText, slot: rows.add(bucket, keyText) });
        for (const each of known.values()) expect(rows.find(each.bucket, each.keyText)).toBe(each.slot);
        if (!known.has(id)) expect(rows.find(bucket, keyText)).toBe(NO_ROW);
      }
      for (const bucket of buckets) {
        const keys = rows.slotsOf(bucket).map((slot) => rows.keyText(slot));
        const expected = [...known.values()].filter((each) => each.bucket === bucket).map(({ keyText }) => keyText);
        expect(keys.toSorted()).toEqual(expected.toSorted());
        expect([...bucket.order.ascending(undefined)]).toEqual(expected.toSorted());
        expect(bucket.size).toBe(expected.length);
      }
    }),
    { numRuns: 30 },
  );
});

test("many keys with one hash apart by one character are all found", () => {
  const rows = new Rows();
  const bucket = rows.open("", 0);
  const slots = Array.from({ length: 20_000 }, (_, i) => rows.add(bucket, `user-${i}`));
  slots.forEach((slot, i) => {
    if (i % 3 === 0) rows.remove(slot);
  });
  slots.forEach((slot, i) => {
    expect(rows.find(bucket, `user-${i}`)).toBe(i % 3 === 0 ? NO_ROW : slot);
  });
});

test.for([
  { freezes: true, atMost: 100 },
  { freezes: false, atMost: 4_000 },
])("windows that expire give their memory to new ones: %j", ({ freezes, atMost }) => {
  const layers = new RowLayers(spec, { sink: new ByteSink() });
  const live: RowBucket[] = [];
  for (let startMs = 0; startMs < 20_000; startMs += 10) {
    const bucket = layers.rows.open("", startMs);
    live.push(bucket);
    for (let key = 0; key < 5; key++) layers.put(layers.slotOf(bucket, `k${key}`), "a longer value", startMs);
    layers.seal({ row: () => {} }, -1);
    layers.acknowledge();
    if (live.length > 5) layers.dropBucket(live.shift() as RowBucket, () => {});
    if (freezes && startMs % 50 === 0) layers.freeze("changed").discard();
  }
  expect(layers.rows.used).toBeLessThan(atMost);
  expect(layers.rowCount).toBe(25);
  expect(layers.valueMemoryBytes).toBeLessThan(256 * 1024);
});

test("windows that expire one by one are each looked at a few times, however many still wait to be freed", () => {
  const layers = new RowLayers(spec, { sink: new ByteSink() });
  const { rows } = layers;
  const slotsOf = rows.slotsOf.bind(rows);
  let looks = 0;
  rows.slotsOf = (bucket) => {
    looks++;
    return slotsOf(bucket);
  };
  for (let startMs = 0; startMs < 5_000; startMs++) {
    const bucket = rows.open("", startMs);
    layers.put(layers.slotOf(bucket, "k"), "v", startMs);
    layers.seal({ row: () => {} }, -1);
    layers.acknowledge();
    layers.dropBucket(bucket, () => {});
  }
  expect(looks).toBeLessThan(15_000);
  expect(rows.used).toBeLessThan(3_000);
});
