import { describe, expect, test } from "vitest";
import { History } from "../../../lib/state/history.ts";

/** Puts values, null for a deletion, and says what was valid at each time from 0 to 9. */
function timeline(...puts: readonly (readonly [value: string | null, timestampMs: number])[]): string {
  const history = new History();
  for (const [value, timestampMs] of puts) history.put({ value, timestampMs });
  return Array.from({ length: 10 }, (_, timeMs) => history.asOf(timeMs)?.value ?? "-").join("");
}

describe("a version that is deleted at its own time", () => {
  test("leaves no trace when nothing ends there: what is put before it goes on", () => {
    expect(timeline(["a", 5], [null, 5], ["b", 3])).toBe("---bbbbbbb");
    expect(timeline(["x", 1], [null, 2], ["a", 5], [null, 5], ["b", 3])).toBe("-x-bbbbbbb");
    expect(timeline(["a", 5], [null, 5], ["a", 5], [null, 5], ["b", 3])).toBe("---bbbbbbb");
  });

  test("is known as the end of the version before it", () => {
    expect(timeline(["x", 1], ["a", 5], [null, 5], ["b", 3])).toBe("-xxbb-----");
  });

  test("is known as the end of what was put, or deleted, late before it", () => {
    expect(timeline(["a", 5], ["x", 1], [null, 5], ["b", 3])).toBe("-xxbb-----");
    expect(timeline(["a", 5], [null, 1], [null, 5], ["b", 3])).toBe("---bb-----");
    expect(timeline(["x", 1], ["a", 5], [null, 1], [null, 5], ["b", 3])).toBe("---bb-----");
  });

  test("is known when it had been deleted before it was put", () => {
    expect(timeline([null, 5], ["a", 5], [null, 5], ["b", 3])).toBe("---bb-----");
    expect(timeline([null, 5], ["a", 5], ["b", 3])).toBe("---bbaaaaa");
  });

  test("is forgotten when a newer one follows", () => {
    const history = new History();
    for (const [value, timestampMs] of [
      [null, 5],
      ["a", 5],
      ["b", 7],
    ] as const)
      history.put({ value, timestampMs });
    expect(history.versions).toEqual([
      { value: "b", timestampMs: 7 },
      { value: "a", timestampMs: 5 },
    ]);
  });
});

test("says when the next newer version begins", () => {
  const history = new History();
  expect(history.put({ value: "a", timestampMs: 5 })).toBeUndefined();
  expect(history.put({ value: null, timestampMs: 2 })).toBe(5);
  expect(history.put({ value: "b", timestampMs: 3 })).toBe(5);
  expect(history.put({ value: "c", timestampMs: 2 })).toBe(3);
  expect(history.put({ value: "d", timestampMs: 5 })).toBeUndefined();
});

test("finds what was valid at any time among many, however they came, by looking at a few", () => {
  let looked = 0;
  const history = new History();
  const count = 4_096;
  for (let n = 0; n < count; n++) {
    // 1237 is prime: all times once, in no order.
    const timestampMs = ((n * 1_237) % count) * 2;
    history.put({
      value: timestampMs,
      get timestampMs() {
        looked++;
        return timestampMs;
      },
    });
  }
  looked = 0;
  const times = [-1, 0, 1, 2, 4_095, 8_189, 8_190, 9_999];
  expect(times.map((timeMs) => history.asOf(timeMs)?.value)).toEqual([undefined, 0, 0, 2, 4_094, 8_188, 8_190, 8_190]);
  expect(looked).toBeLessThan(times.length * 15);
});
