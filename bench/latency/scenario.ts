import { type Bench, machineOf, withBench } from "../bench.ts";
import { type PaceFigures, runAtPace } from "../pace.ts";
import type { Scenario, ScenarioResult } from "../scenario.ts";
import { spreadOf } from "../statistics.ts";
import { formatFigure, formatTable } from "../table.ts";
import { shapes } from "../throughput/shapes.ts";
import { kafkaStreamsSide, millraceSide, type Side } from "../throughput/sides.ts";
import { everyUpdateOf, type Workload } from "../throughput/workload.ts";

const rates = [1_000, 10_000, 50_000] as const;

/**
 * Before anything is measured the broker serves each side like this: until its code is compiled it is slow for whoever comes first.
 * Commits come often at first, because a JVM compiles what was called some thousand times; then it is as it will be measured, because
 * code that was compiled for one load is compiled anew for another.
 */
const brokerWarmUps = [
  { rate: 10_000, commitMs: 10, seconds: 45 },
  { rate: 1_000, commitMs: 100, seconds: 60 },
] as const;

/** One side at one rate, once. */
interface LatencyRun extends PaceFigures {
  readonly side: string;
  readonly rate: number;
}

/** How long a record takes from its writing to a committed reader, at steady rates. */
export const latency: Scenario = {
  name: "latency",
  summary: "end-to-end latency at 1,000, 10,000 and 50,000 records a second against Kafka Streams",
  run: (options, say) =>
    withBench({ options, say }, async (bench) => {
      const [keyedCount] = shapes;
      const workload = { ...everyUpdateOf(keyedCount as (typeof shapes)[number], options), records: 0 };
      return report(await runs(bench, workload), bench);
    }),
};

async function runs(bench: Bench, workload: Workload): Promise<readonly LatencyRun[]> {
  const { options, say } = bench;
  const sides = sidesOf(bench, workload);
  const times = options.quick ? { warmUpSeconds: 8, seconds: 5 } : { warmUpSeconds: 30, seconds: 30 };
  const found: LatencyRun[] = [];
  await warmUp(bench, workload);
  for (let round = 1; round <= workload.rounds; round++) {
    for (const rate of options.quick ? rates.slice(0, 1) : rates) {
      for (const side of round % 2 === 1 ? sides : sides.toReversed()) {
        const application = `pace-${side.name}-${rate}-${bench.id}-${round}`;
        const figures = await runAtPace(bench, { workload, side, application, rate, ...times });
        const { p50Ms, p99Ms, missing } = figures;
        const late = missing === 0 ? "" : `, ${formatFigure(missing)} records did not come out in time`;
        say(`round ${round}: ${side.name} at ${formatFigure(rate)}/s: p50 ${p50Ms} ms, p99 ${p99Ms} ms${late}`);
        found.push({ side: side.name, rate, ...figures });
      }
    }
  }
  return found;
}

function sidesOf(bench: Bench, workload: Workload): readonly Side[] {
  return [millraceSide(bench.worker, workload), kafkaStreamsSide(bench.peer, workload)];
}

async function warmUp(bench: Bench, workload: Workload): Promise<void> {
  for (const { rate, commitMs, seconds } of brokerWarmUps) {
    for (const side of sidesOf(bench, { ...workload, commitMs })) {
      bench.say(`the broker warms up with ${side.name} at ${formatFigure(rate)}/s`);
      const application = `warm-${side.name}-${rate}-${bench.id}`;
      const pace = { rate, warmUpSeconds: 0, seconds: bench.options.quick ? 5 : seconds };
      await runAtPace(bench, { workload, side, application, ...pace });
    }
  }
}

function report(found: readonly LatencyRun[], bench: Bench): ScenarioResult {
  const rows: string[][] = [];
  const ratios: Record<string, { readonly ratio: number; readonly p50: number }> = {};
  for (const rate of new Set(found.map((run) => run.rate))) {
    const of = (side: string, figure: "p50Ms" | "p99Ms") =>
      spreadOf(found.filter((run) => run.rate === rate && run.side === side).map((run) => run[figure]));
    for (const side of ["millrace", "kafka-streams"]) {
      const [p50, p99] = [of(side, "p50Ms"), of(side, "p99Ms")];
      const shown = ({ median, min, max }: typeof p50) =>
        `${formatFigure(median)} (${formatFigure(min)} – ${formatFigure(max)})`;
      rows.push([`${side} at ${formatFigure(rate)}/s`, shown(p50), shown(p99)]);
    }
    ratios[rate] = {
      ratio: of("kafka-streams", "p99Ms").median / of("millrace", "p99Ms").median,
      p50: of("kafka-streams", "p50Ms").median / of("millrace", "p50Ms").median,
    };
  }
  const ratio = Math.min(...Object.values(ratios).map((each) => each.ratio));
  const { requireRatio } = bench.options;
  const missing = found.filter((run) => run.side === "millrace" && run.missing > 0);
  const lines = [
    formatTable([["", "p50 ms", "p99 ms"], ...rows]),
    "",
    ...Object.entries(ratios).map(
      ([rate, each]) =>
        `at ${formatFigure(Number(rate))}/s Kafka Streams' p99 is ${formatFigure(each.ratio)} times ours, its p50 ${formatFigure(each.p50)} times`,
    ),
    ...missing.map((run) => `MISSING at ${formatFigure(run.rate)}/s: ${formatFigure(run.missing)} records`),
  ];
  return {
    text: lines.join("\n"),
    json: { name: "latency", ratio, ratios, runs: found, machine: machineOf(bench) },
    passed: missing.length === 0 && (requireRatio === undefined || ratio >= requireRatio),
  };
}
