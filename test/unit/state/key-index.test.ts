import { expect, test } from "vitest";
import { KeyIndex } from "../../../lib/state/key-index.ts";
import { NO_ROW } from "../../../lib/state/rows.ts";

test("rows of a key are kept by time, then start, in whatever order they come and go", () => {
  const index = new KeyIndex();
  const rows = [
    [30, 40],
    [10, 20],
    [60, 60],
    [12, 40],
    [10, 20],
  ] as const;
  for (const [slot, [startMs, timeMs]] of rows.entries()) index.add("a", startMs, timeMs, slot);
  expect(index.of("a")?.slots).toEqual([1, 3, 0, 2]);
  expect(index.size).toBe(4);
  index.remove("a", 30, 40);
  index.remove("a", 31, 40);
  expect(index.of("a")?.slots).toEqual([1, 3, 2]);
  expect([index.get("a", 30, 40), index.get("a", 12, 40)]).toEqual([NO_ROW, 3]);
  expect(index.size).toBe(3);
});

test("a key whose last row goes is found again when it gets a new one", () => {
  const index = new KeyIndex();
  for (let timeMs = 0; timeMs < 3; timeMs++) {
    index.remove("a", timeMs - 1, timeMs - 1);
    expect(index.of("a")?.slots ?? []).toEqual([]);
    if (timeMs === 1) index.of("b");
    index.add("a", timeMs, timeMs, timeMs);
    expect(index.get("a", timeMs, timeMs)).toBe(timeMs);
  }
});

test("rows that expire are taken out before they are much more than those that live", () => {
  const index = new KeyIndex();
  const liveMs = 500;
  for (let timeMs = 0; timeMs < 20_000; timeMs++) {
    index.add(`key-${timeMs}`, timeMs, timeMs, timeMs);
    index.add("hot", timeMs, timeMs, timeMs);
    index.expire(timeMs - liveMs);
    expect(index.size).toBeLessThan(4 * liveMs + 2 * 1024);
  }
  expect(index.get("key-19500", 19_500, 19_500)).toBe(19_500);
  expect(index.get("key-10000", 10_000, 10_000)).toBe(NO_ROW);
  expect(index.of("key-10000")).toBeUndefined();
  expect(index.of("hot")?.slots.slice(-liveMs)).toEqual(Array.from({ length: liveMs }, (_, at) => 19_500 + at));
});
