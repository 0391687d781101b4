import { expect, test } from "vitest";
import {
  bySide,
  type RunFigures,
  ratiosOf,
  resultTable,
  type SideFigures,
  wrongOutput,
} from "../../../bench/throughput/result.ts";
import { shapes } from "../../../bench/throughput/shapes.ts";
import { type Workload, workloadOf } from "../../../bench/throughput/workload.ts";

function run(side: string, recordsPerSecond: number, more: Partial<RunFigures> = {}): RunFigures {
  return {
    side,
    seconds: 1,
    secondsToFirst: 0.5,
    recordsPerSecond,
    warmUp: undefined,
    recordsPerCpuSecond: undefined,
    memoryBytes: undefined,
    output: { records: 10, total: 10, wrong: 0, digest: "a" },
    ...more,
  };
}

const options = {
  json: false,
  quick: false,
  tuned: false,
  perCommit: false,
  pin: true,
  records: 10,
  keys: 2,
  rounds: undefined,
  requireRatio: undefined,
  store: "memory",
  bootstrap: undefined,
} as const;
const [keyedCount, hopping] = shapes.map((shape) => workloadOf(shape, options));

test("compares medians, and our slowest round with their fastest", () => {
  const sides = bySide([run("a", 900), run("b", 100), run("a", 500), run("b", 250), run("a", 1_000), run("b", 300)]);
  const ratios = ratiosOf(sides.get("a") as SideFigures, sides.get("b") as SideFigures);
  expect(ratios.ratio).toBe(900 / 250);
  expect(ratios.worst).toBe(500 / 300);
});

test("shows a dash for a figure that the system does not give", () => {
  expect(resultTable(bySide([run("a", 900)]))).toMatch(/^a\s+900 \(900 – 900\)\s+–\s+0.5 \(0.5 – 0.5\)\s+–$/m);
});

test.for([
  [{ records: 10, total: 10, wrong: 0 }, undefined],
  [{ records: 11, total: 10, wrong: 1 }, /11 output records/],
  [{ records: 9, total: 9, wrong: 0 }, /9 output records/],
  [{ records: 10, total: 9, wrong: 0 }, /counts sum to 9/],
  [{ records: 10, total: 10, wrong: 2 }, /2 out of order/],
] as const)("judges the output %j", ([output, message]) => {
  const judged = run("a", 1, { output: { ...output, digest: "" } });
  const problem = wrongOutput(judged, keyedCount as Workload, judged);
  if (message === undefined) expect(problem).toBeUndefined();
  else expect(problem).toMatch(message);
});

test.for([
  [{ records: 10, digest: "a" }, undefined],
  [{ records: 9, digest: "a" }, /b: 9 output records with digest a; a wrote 10 with a/],
  [{ records: 10, digest: "c" }, /b: 10 output records with digest c; a wrote 10 with a/],
] as const)("judges the output %j of other shapes by that of the first run", ([output, message]) => {
  const judged = run("b", 1, { output: { total: 0, wrong: 0, ...output } });
  const problem = wrongOutput(judged, hopping as Workload, run("a", 1));
  if (message === undefined) expect(problem).toBeUndefined();
  else expect(problem).toMatch(message);
});

const perCommit = { ...options, perCommit: true };

test.for([
  [{ records: 7, total: 10, wrong: 0 }, undefined],
  [{ records: 7, total: 9, wrong: 0 }, /counts sum to 9/],
  [{ records: 7, total: 10, wrong: 1 }, /1 out of order/],
] as const)("judges the counts %j of one update per key and commit", ([output, message]) => {
  const judged = run("a", 1, { output: { ...output, digest: "" } });
  const problem = wrongOutput(judged, workloadOf(shapes[0] as (typeof shapes)[number], perCommit), judged);
  if (message === undefined) expect(problem).toBeUndefined();
  else expect(problem).toMatch(message);
});

test("compares the last records of all keys where there is one update per key and commit", () => {
  const workload = workloadOf(shapes[1] as (typeof shapes)[number], perCommit);
  const judged = (digest: string) => run("b", 1, { output: { records: 3, total: 0, wrong: 0, digest } });
  expect(wrongOutput(judged("a"), workload, run("a", 1))).toBeUndefined();
  expect(wrongOutput(judged("c"), workload, run("a", 1))).toMatch(/digest c; a wrote 10 with a/);
});

test("has a number of records, and a smaller one for a quick look, for every shape", () => {
  for (const shape of shapes) {
    const { records } = workloadOf(shape, { ...options, records: undefined });
    expect(workloadOf(shape, { ...options, records: undefined, quick: true }).records).toBeLessThan(records / 5);
  }
});
