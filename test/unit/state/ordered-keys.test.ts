import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OrderedKeys } from "../../../lib/state/ordered-keys.ts";

/** Rows that count how often they are asked whether a key is there: what merging costs. */
class CountedRows extends Map<string, number> {
  asked = 0;

  override has(key: string): boolean {
    this.asked++;
    return super.has(key);
  }
}

function put(rows: Map<string, number>, order: OrderedKeys, key: string): void {
  if (rows.has(key)) return;
  rows.set(key, 1);
  order.add(key);
}

const timeKey = (timeMs: number): string => String(timeMs).padStart(8, "0");

describe("keys in order", () => {
  test("are those of the map, whatever came and went, in both directions and from any key", () => {
    const key = fc.integer({ min: 0, max: 40 }).map((n) => n.toString(36));
    const step = fc.oneof(
      fc.record({ put: key }),
      fc.record({ drop: key }),
      fc.record({ from: fc.option(key, { nil: undefined }) }),
      fc.record({ to: fc.option(key, { nil: undefined }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const rows = new Map<string, number>();
        const order = new OrderedKeys(rows);
        const here = (keys: Iterable<string>): string[] => [...keys].filter((each) => rows.has(each));
        for (const each of steps) {
          const sorted = [...rows.keys()].sort();
          if ("put" in each) put(rows, order, each.put);
          else if ("drop" in each) rows.delete(each.drop);
          else if ("from" in each) {
            const { from } = each;
            expect(here(order.ascending(from))).toEqual(sorted.filter((one) => from === undefined || one >= from));
          } else {
            const { to } = each;
            expect(here(order.descending(to))).toEqual(sorted.filter((one) => to === undefined || one <= to).reverse());
          }
        }
      }),
    );
  });

  test("do not change while they are read", () => {
    const rows = new Map([
      ["a", 1],
      ["c", 1],
    ]);
    const order = new OrderedKeys(rows);
    const seen: string[] = [];
    for (const key of order.ascending(undefined)) {
      seen.push(key);
      put(rows, order, `${key}x`);
    }
    expect(seen).toEqual(["a", "c"]);
    expect([...order.ascending(undefined)]).toEqual(["a", "ax", "c", "cx"]);
  });
});

describe("what it costs to keep up", () => {
  const KEYS = 20_000;

  test("a range after each of many puts: a few moves per key", () => {
    const rows = new CountedRows();
    const order = new OrderedKeys(rows);
    for (let n = 0; n < KEYS; n++) {
      // Somewhere in between: 7919 is prime.
      put(rows, order, timeKey((n * 7919) % KEYS));
      order.ascending(timeKey(n)).next();
    }
    expect(rows.asked).toBeLessThan(KEYS * 20);
  });

  test("a queue that is put at one end and taken from the other: the same", () => {
    const rows = new CountedRows();
    const order = new OrderedKeys(rows);
    for (let n = 0; n < KEYS; n++) {
      put(rows, order, timeKey(n));
      if (n < 1_000) continue;
      const first = order.ascending(undefined).next().value as string;
      expect(first).toBe(timeKey(n - 1_000));
      rows.delete(first);
    }
    expect(rows.asked).toBeLessThan(KEYS * 20);
  });

  test("keys that come and go while nobody asks are not remembered", () => {
    const rows = new CountedRows();
    const order = new OrderedKeys(rows);
    order.ascending(undefined).next();
    for (let n = 0; n < KEYS; n++) {
      put(rows, order, timeKey(n));
      if (n >= 10) rows.delete(timeKey(n - 10));
    }
    rows.asked = 0;
    expect([...order.ascending(undefined)].filter((key) => rows.has(key))).toHaveLength(10);
    expect(rows.asked).toBeLessThan(KEYS / 5);
  });
});
