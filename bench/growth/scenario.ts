import { join } from "node:path";
import { type Bench, machineOf, withBench } from "../bench.ts";
import { type PaceFigures, runAtPace } from "../pace.ts";
import type { Scenario, ScenarioResult } from "../scenario.ts";
import { spreadOf } from "../statistics.ts";
import { formatFigure, formatTable } from "../table.ts";
import { loadInput } from "../throughput/load.ts";
import { runOnce } from "../throughput/one-run.ts";
import { type RunFigures, wrongOutput } from "../throughput/result.ts";
import { shapes } from "../throughput/shapes.ts";
import { millraceSide } from "../throughput/sides.ts";
import { everyUpdateOf, type Workload } from "../throughput/workload.ts";

/** Tasks of a worker, and the pins that hold them. */
interface Size {
  readonly tasks: number;
  readonly pins: number;
}

const sizes: readonly Size[] = [
  { tasks: 1, pins: 1 },
  { tasks: 10, pins: 10 },
  { tasks: 10, pins: 1 },
  { tasks: 100, pins: 100 },
  { tasks: 100, pins: 10 },
];
const keyCounts = [10_000, 1_000_000, 10_000_000] as const;
const pace = { rate: 1_000, keys: 10_000 } as const;

interface GrowthRun {
  readonly name: string;
  readonly figures: RunFigures;
}

interface CommitCost extends PaceFigures, Size {}

interface Growth {
  readonly byTasks: readonly (GrowthRun & Size)[];
  readonly byKeys: readonly (GrowthRun & { readonly keys: number })[];
  readonly commits: readonly CommitCost[];
  readonly problems: readonly string[];
}

/** What more tasks and more keys cost one worker, and what its commits cost the broker. */
export const growth: Scenario = {
  name: "growth",
  summary:
    "one worker with 1, 10 and 100 active tasks, and with 10 thousand to 10 million keys; broker time per commit",
  run: (options, say) =>
    withBench({ options, say }, async (bench) => {
      const problems: string[] = [];
      const byTasks = await growTasks(bench, problems);
      const commits = await payCommits(bench);
      const byKeys = await growKeys(bench, problems);
      return report({ byTasks, byKeys, commits, problems }, bench);
    }),
};

const RECORDS = 2_000_000;

function baseOf(bench: Bench): Workload {
  const [keyedCount] = shapes;
  const base = everyUpdateOf(keyedCount as (typeof shapes)[number], bench.options);
  return { ...base, records: bench.options.records ?? (bench.options.quick ? base.records : RECORDS) };
}

async function growTasks(bench: Bench, problems: string[]): Promise<Growth["byTasks"]> {
  const base = baseOf(bench);
  const rounds = bench.options.rounds ?? (bench.options.quick ? 1 : 3);
  const inputs = new Map<number, string>();
  for (const { tasks } of sizes) {
    if (inputs.has(tasks)) continue;
    const input = await loadInput(bench, { ...base, partitions: tasks }, `bench-input-${bench.id}-${tasks}`);
    inputs.set(tasks, input.topic);
  }
  const found: (GrowthRun & Size)[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes) {
      const name = `${size.tasks} tasks in ${size.pins} pins`;
      const workload = { ...base, partitions: size.tasks };
      const application = `grow-${bench.id}-${size.tasks}-${size.pins}-${round}`;
      const input = inputs.get(size.tasks) as string;
      const figures = await run(bench, { workload, application, input, pins: size.pins }, problems);
      bench.say(`round ${round}: ${name} ${formatFigure(figures.recordsPerSecond)} records/s`);
      found.push({ name, figures, ...size });
    }
  }
  return found;
}

/** At so few records a second nearly all of the broker's time is for commits; what records cost is not taken off. */
async function payCommits(bench: Bench): Promise<readonly CommitCost[]> {
  const base = { ...baseOf(bench), records: 0, keys: pace.keys };
  const times = bench.options.quick ? { warmUpSeconds: 6, seconds: 5 } : { warmUpSeconds: 20, seconds: 30 };
  const found: CommitCost[] = [];
  for (const { tasks, pins } of sizes.filter((size) => size.tasks > 1)) {
    const workload = { ...base, partitions: tasks };
    const application = `commits-${bench.id}-${tasks}-${pins}`;
    const side = millraceSide(bench.worker, workload, { pins });
    const figures = await runAtPace(bench, { workload, side, application, rate: pace.rate, ...times });
    const cost = { ...figures, tasks, pins };
    const brokerMs = formatFigure(perTaskCommit(cost) ?? Number.NaN);
    bench.say(
      `${tasks} tasks in ${pins} pins: ${formatFigure(figures.taskCommits)} task-commits, ${brokerMs} ms of the broker each`,
    );
    found.push(cost);
  }
  return found;
}

async function growKeys(bench: Bench, problems: string[]): Promise<Growth["byKeys"]> {
  const base = baseOf(bench);
  const found: (GrowthRun & { readonly keys: number })[] = [];
  for (const keys of bench.options.quick ? keyCounts.slice(0, 1) : keyCounts) {
    const records = bench.options.quick ? base.records : Math.max(base.records, 1.5 * keys);
    const workload = { ...base, keys, records };
    const { topic } = await loadInput(bench, workload, `bench-input-${bench.id}-keys-${keys}`);
    const application = `grow-${bench.id}-keys-${keys}`;
    const figures = await run(bench, { workload, application, input: topic }, problems);
    bench.say(`${formatFigure(keys)} keys: ${formatFigure(figures.recordsPerSecond)} records/s`);
    found.push({ name: `${formatFigure(keys)} keys`, figures, keys });
  }
  return found;
}

interface OwnRun {
  readonly workload: Workload;
  readonly application: string;
  readonly input: string;
  readonly pins?: number;
}

async function run(bench: Bench, { workload, application, input, pins }: OwnRun, problems: string[]) {
  const side = millraceSide(bench.worker, workload, pins === undefined ? {} : { pins });
  const { bootstrap, folder } = bench;
  const place = {
    bootstrap,
    application,
    input,
    other: "",
    output: `${application}-out`,
    folder: join(folder, application),
  };
  const figures = await runOnce({ bench, workload }, side, place);
  const problem = wrongOutput(figures, workload, figures);
  if (problem !== undefined) problems.push(`${application}: ${problem}`);
  return figures;
}

function report(growth: Growth, bench: Bench): ScenarioResult {
  const { byTasks, byKeys, commits, problems } = growth;
  const memory = (bytes: number | undefined) => (bytes === undefined ? "–" : formatFigure(bytes / (1 << 20)));
  const ratio = shareOf(byTasks, { tasks: 100, pins: 10 });
  const lines = [
    formatTable([
      ["", "records/s", "of one task", "MiB"],
      ...sizes.map((size) => {
        const runs = byTasks.filter((each) => each.tasks === size.tasks && each.pins === size.pins);
        const share = `${formatFigure(100 * shareOf(byTasks, size))} %`;
        const most = Math.max(...runs.map((each) => each.figures.memoryBytes ?? 0));
        return [runs[0]?.name ?? "", formatFigure(medianRate(runs)), share, memory(most)];
      }),
    ]),
    "",
    formatTable([
      ["at 1,000 records/s", "task-commits/s", "broker CPU ms per task-commit", "p99 ms"],
      ...commits.map((cost) => [
        `${cost.tasks} tasks in ${cost.pins} pins`,
        formatFigure((cost.taskCommits * pace.rate) / Math.max(1, cost.records)),
        formatFigure(perTaskCommit(cost) ?? Number.NaN),
        formatFigure(cost.p99Ms),
      ]),
    ]),
    "",
    formatTable([
      ["", "records/s", "MiB"],
      ...byKeys.map(({ name, figures }) => [name, formatFigure(figures.recordsPerSecond), memory(figures.memoryBytes)]),
    ]),
    ...problems.map((problem) => `WRONG OUTPUT ${problem}`),
  ];
  const { requireRatio } = bench.options;
  const costs = commits.map((cost) => ({ ...cost, brokerCpuMsPerTaskCommit: perTaskCommit(cost) ?? null }));
  return {
    text: lines.join("\n"),
    json: { name: "growth", ratio, byTasks, commits: costs, byKeys, problems, machine: machineOf(bench) },
    passed: problems.length === 0 && (requireRatio === undefined || ratio >= requireRatio),
  };
}

function perTaskCommit({ brokerCpuMs, taskCommits }: CommitCost): number | undefined {
  return brokerCpuMs === undefined || taskCommits === 0 ? undefined : brokerCpuMs / taskCommits;
}

/** Throughput of a size as a share of that of one task. */
function shareOf(runs: Growth["byTasks"], { tasks, pins }: Size): number {
  const one = medianRate(runs.filter((each) => each.tasks === 1));
  return medianRate(runs.filter((each) => each.tasks === tasks && each.pins === pins)) / one;
}

function medianRate(runs: readonly GrowthRun[]): number {
  return spreadOf(runs.map(({ figures }) => figures.recordsPerSecond)).median;
}
