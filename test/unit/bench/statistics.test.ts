import { expect, test } from "vitest";
import { parsePsTime } from "../../../bench/process-figures.ts";
import { spreadOf } from "../../../bench/statistics.ts";
import { formatFigure, formatTable } from "../../../bench/table.ts";

test.for([
  [[3], { median: 3, min: 3, max: 3 }],
  [[1, 3], { median: 2, min: 1, max: 3 }],
  [[9, 1, 5], { median: 5, min: 1, max: 9 }],
  [[10, 9, 2, 1], { median: 5.5, min: 1, max: 10 }],
] as const)("spreads %j", ([values, spread]) => {
  expect(spreadOf(values)).toEqual(spread);
});

test("refuses to spread nothing", () => {
  expect(() => spreadOf([])).toThrow("at least one");
});

test.for([
  ["  0:01.50\n", 1_500],
  ["12:00", 720_000],
  ["1:00:01", 3_601_000],
  ["", undefined],
  ["x:y", undefined],
] as const)("reads the processor time %j", ([text, ms]) => {
  expect(parsePsTime(text)).toBe(ms);
});

test("aligns the first column left and figures right", () => {
  expect(
    formatTable([
      ["side", "rate"],
      ["millrace", formatFigure(1_234_567.8)],
    ]),
  ).toBe("side           rate\nmillrace  1,234,568");
});
