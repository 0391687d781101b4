import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Bench, machineOf, withBench } from "../bench.ts";
import { startChild } from "../child.ts";
import { pinned } from "../cores.ts";
import type { Scenario, ScenarioResult } from "../scenario.ts";
import { type Spread, spreadOf } from "../statistics.ts";
import { formatFigure, formatTable } from "../table.ts";
import { loadInput } from "../throughput/load.ts";
import { shapes } from "../throughput/shapes.ts";
import { kafkaStreamsSide, millraceSide, type RunPlace, type Side } from "../throughput/sides.ts";
import { type Workload, workloadOf } from "../throughput/workload.ts";

const pollMs = 2;
const deadlineMs = 2 * 60_000;
const warmTimes = 4;

/** How long one process took to its first committed output: as a new process, then again and again in the same one. */
interface StartRun {
  readonly side: string;
  readonly coldMs: number;
  readonly warmMs: readonly number[];
}

/** How soon does a new application have its first result? */
export const start: Scenario = {
  name: "start",
  summary: "time to the first committed output, from process start and in a warm process, against Kafka Streams",
  run: (options, say) =>
    withBench(options, say, async (bench) => {
      const [keyedCount] = shapes;
      const usual = workloadOf(keyedCount as (typeof shapes)[number], options);
      const workload: Workload = { ...usual, records: options.records ?? 1_000, keys: options.keys ?? 100 };
      return report(await runs(bench, workload), bench);
    }),
};

async function runs(bench: Bench, workload: Workload): Promise<readonly StartRun[]> {
  const { options, say, id } = bench;
  const { topic } = await loadInput(bench, workload, `bench-input-${id}`);
  const times = options.quick ? 2 : 1 + warmTimes;
  const sides: readonly Side[] = [millraceSide(workload, { times }), kafkaStreamsSide(bench.peer, workload, { times })];
  const found: StartRun[] = [];
  for (let round = 1; round <= (options.rounds ?? (options.quick ? 1 : 5)); round++) {
    for (const side of sides) {
      const run = await runOnce({ bench, workload, side, input: topic, round, times });
      const warm = run.warmMs.map(formatFigure).join(", ");
      say(`round ${round}: ${side.name} ${formatFigure(run.coldMs)} ms from process start, then ${warm} ms`);
      found.push(run);
    }
  }
  return found;
}

interface StartPlan {
  readonly bench: Bench;
  readonly workload: Workload;
  readonly side: Side;
  readonly input: string;
  readonly round: number;
  readonly times: number;
}

async function runOnce({ bench, workload, side, input, round, times }: StartPlan): Promise<StartRun> {
  const first = `start-${side.name}-${bench.id}-${round}`;
  const place: RunPlace = {
    bootstrap: bench.bootstrap,
    application: first,
    input,
    other: "",
    output: `${first}-out`,
    folder: join(bench.folder, first),
  };
  await mkdir(place.folder, { recursive: true });
  const suffixes = Array.from({ length: times }, (_, time) => (time === 0 ? "" : `-${time + 1}`));
  const { partitions } = workload;
  const configs = { "retention.ms": "-1" };
  const topics = suffixes.map((suffix) => ({ name: place.output + suffix, partitions, replicas: -1, configs }));
  await bench.log.createTopics(topics);
  const startedAtMs = Date.now();
  const child = startChild(pinned(side.command(place), bench.cores?.client), join(place.folder, "client.log"));
  try {
    const tookMs: number[] = [];
    for (const suffix of suffixes) {
      const started = await child.event("started", deadlineMs, first + suffix);
      const fromMs = suffix === "" ? startedAtMs : Number(started["atMs"]);
      tookMs.push((await firstCommittedAtMs(bench, place.output + suffix, partitions)) - fromMs);
      await child.event("done", deadlineMs, first + suffix);
    }
    const [coldMs = 0, ...warmMs] = tookMs;
    return { side: side.name, coldMs, warmMs };
  } finally {
    await child.stop();
  }
}

/** When a committed reader could read the first record of a topic. */
async function firstCommittedAtMs({ log }: Bench, topic: string, partitions: number): Promise<number> {
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  const giveUpAtMs = Date.now() + deadlineMs;
  for (;;) {
    const ends = await log.offsets(all, "lso");
    if ([...ends.values()].some((end) => end > 0)) return Date.now();
    if (Date.now() > giveUpAtMs) throw new Error(`nothing was committed to ${topic} in ${deadlineMs} ms`);
    await delay(pollMs);
  }
}

function report(found: readonly StartRun[], bench: Bench): ScenarioResult {
  const of = (side: string) => found.filter((run) => run.side === side);
  const cold = (side: string) => spreadOf(of(side).map((run) => run.coldMs));
  const warm = (side: string) => spreadOf(of(side).flatMap((run) => run.warmMs));
  const shown = ({ median, min, max }: Spread) =>
    `${formatFigure(median)} (${formatFigure(min)} – ${formatFigure(max)})`;
  const rows = ["millrace", "kafka-streams"].map((side) => [side, shown(cold(side)), shown(warm(side))]);
  const ratios = {
    cold: { ratio: cold("kafka-streams").median / cold("millrace").median },
    warm: { ratio: warm("kafka-streams").median / warm("millrace").median },
  };
  const lines = [
    formatTable([["", "ms from process start", "ms from start() in a warm process"], ...rows]),
    "",
    `${formatFigure(ratios.cold.ratio)} times sooner from process start, ${formatFigure(ratios.warm.ratio)} times in a warm process`,
  ];
  const { requireRatio } = bench.options;
  const ratio = ratios.cold.ratio;
  return {
    text: lines.join("\n"),
    json: { name: "start", ratio, ratios, runs: found, machine: machineOf(bench) },
    passed: requireRatio === undefined || ratio >= requireRatio,
  };
}
