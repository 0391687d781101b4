import { cpus, loadavg } from "node:os";
import type { CorePlan } from "../cores.ts";
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
  readonly cores: CorePlan | undefined;
  readonly javaVersion: string;
  /** Load per core before the bench began. */
  readonly load: number;
  readonly requireRatio: number | undefined;
}

/** Processes that want to run, per core, over the last minute; 0 where the system does not say. */
export function machineLoad(): number {
  return (loadavg()[0] ?? 0) / cpus().length;
}

/** The result of all runs: a table and ratios for people, everything for programs. */
export function reportOf(runs: readonly RunFigures[], conditions: RunConditions): ScenarioResult {
  const { workload, requireRatio } = conditions;
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
      machine: machine(conditions),
      problems,
    },
    passed: problems.length === 0 && !below,
  };
}

function ratioLine(name: string, { ratio, worst, perCpuSecond }: Ratios): string {
  const cpu = perCpuSecond === undefined ? "" : `, per CPU second ${formatFigure(perCpuSecond)}`;
  return `ratio to ${name}: ${formatFigure(ratio)} (our slowest to its fastest round ${formatFigure(worst)}${cpu})`;
}

function machine({ cores, javaVersion, load }: RunConditions) {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "",
    cores: processors.length,
    pinning: cores ?? null,
    loadPerCoreBefore: load,
    node: process.version,
    java: javaVersion,
  };
}
