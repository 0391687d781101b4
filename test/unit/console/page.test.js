import { describe, expect, test } from "vitest";
import { ago, bytes, count, duration, ranges, short, windowSpan } from "../../../lib/console/page/format.js";
import { bandPath, linePath, nearest, niceTop, stack } from "../../../lib/console/page/scale.js";

describe("numbers", () => {
  test.for([
    [null, "–"],
    [undefined, "–"],
    [Number.NaN, "–"],
    [0, "0"],
    [1_234_567.6, "1,234,568"],
  ])("count(%s) is %s", ([value, want]) => expect(count(value)).toBe(want));

  test.for([
    [0, "0"],
    [2.5, "2.5"],
    [999, "999"],
    [999.6, "1.0k"],
    [1_250, "1.3k"],
    [9_949, "9.9k"],
    [9_950, "10k"],
    [34_400, "34k"],
    [999_500, "1.0M"],
    [12_345_678, "12M"],
  ])("short(%s) is %s", ([value, want]) => expect(short(value)).toBe(want));

  test.for([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1.0 KiB"],
    [3_250_586, "3.1 MiB"],
  ])("bytes(%s) is %s", ([value, want]) => expect(bytes(value)).toBe(want));

  test.for([
    [[], ""],
    [[3], "3"],
    [[0, 1], "0, 1"],
    [[0, 1, 2, 5, 7, 8, 9], "0–2, 5, 7–9"],
  ])("ranges(%s) is %s", ([values, want]) => expect(ranges(values)).toBe(want));
});

describe("times", () => {
  test.for([
    [-5, "0 ms"],
    [999, "999 ms"],
    [3_440, "3.4 s"],
    [59_960, "1 min 00 s"],
    [125_000, "2 min 05 s"],
    [3_600_000 * 3 + 12 * 60_000, "3 h 12 min"],
  ])("duration(%s) is %s", ([ms, want]) => expect(duration(ms)).toBe(want));

  test.for([
    [-20, "now"],
    [999, "now"],
    [4_900, "4 s ago"],
    [180_000, "3 min ago"],
    [7_200_000, "2 h ago"],
  ])("ago(%s) is %s", ([ms, want]) => expect(ago(ms)).toBe(want));

  const at = Date.UTC(2026, 10, 21, 14, 3, 5);
  test("a window of today names the time only", () => expect(windowSpan(at, at + 5_000, at)).toBe("14:03:05–10"));
  test("a window that ends in the next minute names it", () =>
    expect(windowSpan(at + 52_000, at + 57_000, at)).toBe("14:03:57–04:02"));
  test("a window of another day names the day", () =>
    expect(windowSpan(at, at + 5_000, at + 86_400_000)).toBe("2026-11-21 14:03:05–10"));
});

describe("charts", () => {
  const scales = { x: (value) => value, y: (value) => 100 - value };
  test.for([
    [0, 4, 4],
    [5, 4, 6],
    [7, 4, 8],
    [9, 4, 10],
    [3_849, 100, 4_000],
    [4_001, 100, 5_000],
    [0, 100, 100],
  ])("an axis for %s with at least %s ends at %s", ([value, least, want]) => expect(niceTop(value, least)).toBe(want));

  test("a line has a gap where nothing is known", () => {
    const points = [1, null, 3].map((value, atMs) => ({ atMs, value }));
    expect(linePath(points, scales)).toBe("M0.0 99.0h0.1M2.0 97.0h0.1");
  });

  test("a stepped line holds a value until the next point", () => {
    const points = [1, 3].map((value, atMs) => ({ atMs, value }));
    expect(linePath(points, { ...scales, step: true })).toBe("M0.0 99.0h0.1H1.0V97.0");
  });

  test("a stepped band is closed along the values of the earlier points", () => {
    const band = [
      { atMs: 0, low: 1, high: 2 },
      { atMs: 5, low: 3, high: 4 },
    ];
    expect(bandPath(band, { ...scales, step: true })).toBe("M0.0 98.0H5.0V96.0L5.0 99.0H0.0L0.0 99.0Z");
    expect(bandPath([], scales)).toBe("");
  });

  test("bands lie on each other; what is unknown takes no room", () => {
    expect(stack([2, null, 3])).toEqual([
      { low: 0, high: 2 },
      { low: 2, high: 2 },
      { low: 2, high: 5 },
    ]);
  });

  test.for([
    [-10, 0],
    [4, 0],
    [6, 10],
    [14, 10],
    [99, 20],
  ])("the sample nearest to %s is %s", ([at, want]) =>
    expect(nearest([{ atMs: 0 }, { atMs: 10 }, { atMs: 20 }], at)?.atMs).toBe(want));
});
