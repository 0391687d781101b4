import { expect, test } from "vitest";
import { firstDifference, rowSet } from "./compare.ts";
import type { VectorFile, VectorOutput } from "./vector-file.ts";

const a: VectorOutput = [0, "out", "A", 1, 5];
const b: VectorOutput = [0, "out", "B", 1, 5];
const a2: VectorOutput = [0, "out", "A", 2, 5];
const later: VectorOutput = [1, "out", "A", 1, 5];
const steps = [
  { op: "advanceWallClock", ms: 1 },
  { op: "advanceWallClock", ms: 1 },
] as const;
const outputTopics = { out: { key: "string", value: "int64" } } as const;

const rows: readonly {
  name: string;
  compare: VectorFile["compare"];
  expected: readonly VectorOutput[];
  actual: readonly VectorOutput[];
  step?: number | undefined;
  same: boolean;
}[] = [
  { name: "the same records", compare: "strict", expected: [a, b], actual: [a, b], same: true },
  {
    name: "another order of keys, strictly",
    compare: "strict",
    expected: [a, b],
    actual: [b, a],
    step: 0,
    same: false,
  },
  { name: "another order of keys, per key", compare: "perKey", expected: [a, b], actual: [b, a], same: true },
  { name: "another order of one key", compare: "perKey", expected: [a, a2], actual: [a2, a], step: 0, same: false },
  { name: "another step, per key", compare: "perKey", expected: [a], actual: [later], step: 0, same: false },
  { name: "another step, as a multiset", compare: "multiset", expected: [a, a2], actual: [a2, later], same: true },
  { name: "one record more, as a multiset", compare: "multiset", expected: [a], actual: [a, a], same: false },
  {
    name: "a record that is missing at the end",
    compare: "strict",
    expected: [a, later],
    actual: [a],
    step: 1,
    same: false,
  },
  {
    name: "another timestamp",
    compare: "strict",
    expected: [a],
    actual: [[0, "out", "A", 1, 6]],
    step: 0,
    same: false,
  },
  {
    name: "a header",
    compare: "strict",
    expected: [a],
    actual: [[...a, [["h", null]]] as never],
    step: 0,
    same: false,
  },
];

test.for(rows)("$name: conforms $same", ({ compare, expected, actual, step, same }) => {
  const difference = firstDifference({ compare, steps, outputTopics, outputs: expected }, actual);
  if (same) expect(difference).toBeUndefined();
  else expect(difference).toMatchObject({ step, topic: "out" });
});

test("rows of stores compare as sets", () => {
  expect(
    rowSet([
      ["A", 1],
      ["B", 2],
    ]),
  ).toEqual(
    rowSet([
      ["B", 2],
      ["A", 1],
    ]),
  );
  expect(rowSet([["A", 1]])).not.toEqual(rowSet([["A", 2]]));
});
