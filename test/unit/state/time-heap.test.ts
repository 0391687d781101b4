import fc from "fast-check";
import { expect, test } from "vitest";
import { TimeHeap } from "../../../lib/state/time-heap.ts";

test("gives keys by time, then by bytes, whatever the order they came in", () => {
  const entry = fc.tuple(fc.nat({ max: 5 }), fc.constantFrom("", "a", "ab", "b", "\u00ff"));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.nat({ max: 20 }), (entries, early) => {
      const heap = new TimeHeap();
      const want: (readonly [number, string])[] = [];
      const takeFirst = (): void => {
        want.sort(([a, x], [b, y]) => a - b || (x < y ? -1 : x > y ? 1 : 0));
        const [timeMs, keyText] = want.shift() as readonly [number, string];
        expect(heap.firstMs).toBe(timeMs);
        expect(heap.take()).toBe(keyText);
      };
      entries.forEach(([timeMs, keyText], index) => {
        heap.add(keyText, timeMs);
        want.push([timeMs, keyText]);
        if (index % 3 === 2 && index < early) takeFirst();
        expect(heap.size).toBe(want.length);
      });
      while (want.length > 0) takeFirst();
      expect(heap.firstMs).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test("clear forgets everything", () => {
  const heap = new TimeHeap();
  heap.add("a", 1);
  heap.clear();
  expect([heap.size, heap.firstMs]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test("is crowded with more than twice what it was filled with, and a thousand", () => {
  const heap = new TimeHeap();
  const keys = Array.from({ length: 3_000 }, (_, n) => [`k${n}`, n] as const);
  heap.refill(keys);
  const added = 4_024;
  for (let n = 0; n < added; n++) heap.add("again", n);
  expect([heap.size, heap.isCrowded]).toEqual([7_024, false]);
  heap.add("again", 0);
  expect(heap.isCrowded).toBe(true);
  heap.refill(keys.slice(0, 2));
  expect([heap.size, heap.firstKey, heap.isCrowded]).toEqual([2, "k0", false]);
});
