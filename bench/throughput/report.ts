import { type Bench, machineOf } from "../bench.ts";
import type { ScenarioResult } from "../scenario.ts";
import { formatFigure } from "../table.ts";
import {
  bySide,
  type Ratios,
  type RunFigures,
  ratiosOf,
  resultTable,
  type SideFigures,
  wrongOutput,
} from "./result.ts";
import type { Workload } from "./workload.ts";

/** What a report says besides the figures: without it they cannot be judged. */
export interface RunConditions {
  /** What was run. */
  readonly name: string;
  readonly workload: Workload;
  readonly bench: Bench;
}

/** The result of all runs: a table and ratios for people, everything for programs. */
export function reportOf(runs: readonly RunFigures[], conditions: RunConditions): ScenarioResult {
  const { workload, bench } = conditions;
  const { requireRatio } = bench.options;
  const sides = bySide(runs);
  const ours = sides.get("millrace") as SideFigures;
  const ratios = Object.fromEntries(
    [...sides].filter(([name]) => name !== "millrace").map(([name, theirs]) => [name, ratiosOf(ours, theirs)]),
  );
  const ratio = Math.min(...Object.values(ratios).map((each) => each.ratio));
  const first = runs[0] as RunFigures;
  const problems = runs.map((run) => wrongOutput(run, workload, first)).filter((problem) => problem !== undefined);
  const below = requireRatio !== undefined && ratio < requireRatio;
  const lines = [
    resultTable(sides),
    "",
    ...Object.entries(ratios).map(([name, each]) => ratioLine(name, each)),
    ...problems.map((problem) => `WRONG OUTPUT ${problem}`),
    ...(below ? [`below the required ratio of ${requireRatio}`] : []),
  ];
  return {
    text: lines.join("\n"),
    json: {
      name: conditions.name,
      ratio,
      ratios,
      sides: Object.fromEntries(sides),
      workload,
      machine: machineOf(bench),
      problems,
    },
    passed: problems.length === 0 && !below,
  };
}

function ratioLine(name: string, { ratio, worst, perCpuSecond }: Ratios): string {
  const cpu = perCpuSecond === undefined ? "" : `, per CPU second ${formatFigure(perCpuSecond)}`;
  return `ratio to ${name}: ${formatFigure(ratio)} (our slowest to its fastest round ${formatFigure(worst)}${cpu})`;
}
