import fc from "fast-check";
import { expect, test } from "vitest";
import { JavaTreeSet } from "../../../lib/topology/java-tree-set.ts";

test("is sorted and has every item once", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 60 }), { maxLength: 80 }), (numbers) => {
      const set = new JavaTreeSet<number>((a, b) => a - b);
      for (const each of numbers) set.add(each);
      expect(set.items()).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    }),
  );
});

test("an item whose place in the order has changed stays where it was", () => {
  const set = new JavaTreeSet<{ size: number }>((a, b) => a.size - b.size);
  const [first, second, third] = [{ size: 1 }, { size: 2 }, { size: 3 }];
  for (const each of [first, second, third]) set.add(each);
  first.size = 9;
  set.add({ size: 8 });
  expect(set.items()).toEqual([{ size: 9 }, { size: 2 }, { size: 3 }, { size: 8 }]);
});
