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
import { everyUpdateOf, type Workload } from "../throughput/workload.ts";

const pollMs = 2;
const deadlineMs = 2 * 60_000;
const warmTimes = 4;

/** How long one process took to its first committed output: as a new process, then again and again in the same one. */
interface StartRun {
  readonly side: string;
  readonly coldMs: number;
  readonly warmMs: readonly number[];
}

/** What was measured on one broker. */
interface StartRuns {
  /** Its rebalance delay; undefined for the broker of the user. */
  readonly delayMs: number | undefined;
  readonly runs: readonly StartRun[];
  readonly machine: ReturnType<typeof machineOf>;
}

/** How long the first member of a group waits for others: what brokers do unless told, and what the tests tell theirs. */
const rebalanceDelays = [3_000, 0] as const;

/** How soon does a new application have its first result? */
export const start: Scenario = {
  name: "start",
  summary: "time to the first committed output, from process start and in a warm process, against Kafka Streams",
  run: async (options, say) => {
    const own = options.bootstrap === undefined;
    const found: StartRuns[] = [];
    for (const delayMs of own ? rebalanceDelays : [undefined]) {
      if (delayMs !== undefined) say(`broker with group.initial.rebalance.delay.ms=${delayMs}`);
      const properties = delayMs === undefined ? {} : { "group.initial.rebalance.delay.ms": delayMs };
      found.push(
        await withBench({ options, say, properties }, async (bench) => {
          const [keyedCount] = shapes;
          const usual = everyUpdateOf(keyedCount as (typeof shapes)[number], options);
          const workload: Workload = { ...usual, records: options.records ?? 1_000, keys: options.keys ?? 100 };
          return { delayMs, runs: await runs(bench, workload), machine: machineOf(bench) };
        }),
      );
    }
    return report(found, options.requireRatio);
  },
};

async function runs(bench: Bench, workload: Workload): Promise<readonly StartRun[]> {
  const { options, say, id } = bench;
  const { topic } = await loadInput(bench, workload, `bench-input-${id}`);
  const times = options.quick ? 2 : 1 + warmTimes;
  const sides: readonly Side[] = [
    millraceSide(bench.worker, workload, { times }),
    kafkaStreamsSide(bench.peer, workload, { times }),
  ];
  for (const side of sides) {
    say(`the broker warms up with ${side.name}`);
    await runOnce({ bench, workload, side, input: topic, round: 0, times });
  }
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

function report(found: readonly StartRuns[], requireRatio: number | undefined): ScenarioResult {
  const figures = found.map(({ delayMs, runs: each }) => ({ delayMs, ...figuresOf(each) }));
  const shown = ({ median, min, max }: Spread) =>
    `${formatFigure(median)} (${formatFigure(min)} – ${formatFigure(max)})`;
  const rows = figures.flatMap(({ delayMs, sides }) =>
    sides.map(({ side, cold, warm }) => [
      delayMs === undefined ? side : `${side}, rebalance delay ${formatFigure(delayMs)} ms`,
      shown(cold),
      shown(warm),
    ]),
  );
  const lines = figures.map(
    ({ delayMs, ratios }) =>
      `${formatFigure(ratios.cold.ratio)} times sooner from process start, ${formatFigure(ratios.warm.ratio)} times in a warm process${delayMs === undefined ? "" : `, where the broker waits ${formatFigure(delayMs)} ms for members of a group`}`,
  );
  const [first] = figures;
  const ratio = first?.ratios.cold.ratio ?? Number.NaN;
  return {
    text: [
      formatTable([["", "ms from process start", "ms from start() in a warm process"], ...rows]),
      "",
      ...lines,
    ].join("\n"),
    json: {
      name: "start",
      ratio,
      brokers: figures.map(({ delayMs, ratios }, place) => ({ delayMs, ratios, runs: found[place]?.runs })),
      machine: found[0]?.machine,
    },
    passed: requireRatio === undefined || ratio >= requireRatio,
  };
}

function figuresOf(found: readonly StartRun[]) {
  const sides = ["millrace", "kafka-streams"].map((side) => {
    const own = found.filter((run) => run.side === side);
    const cold = spreadOf(own.map((run) => run.coldMs));
    return { side, cold, warm: spreadOf(own.flatMap((run) => run.warmMs)) };
  });
  const [ours, theirs] = sides as [(typeof sides)[number], (typeof sides)[number]];
  const ratios = {
    cold: { ratio: theirs.cold.median / ours.cold.median },
    warm: { ratio: theirs.warm.median / ours.warm.median },
  };
  return { sides, ratios };
}
