import { join } from "node:path";
import { startKafka } from "../../test/support/servers/kafka.ts";
import { guardedFolder, removeFolder } from "../../test/support/servers/reaper.ts";
import type { BenchOptions } from "../arguments.ts";
import { startChild } from "../child.ts";
import { type CorePlan, pinProcess, planCores } from "../cores.ts";
import { buildJavaPeer, type JavaPeer } from "../java-peer.ts";
import { openLog } from "../open-log.ts";
import type { Scenario } from "../scenario.ts";
import { formatFigure } from "../table.ts";
import { runOnce, type Stage } from "./one-run.ts";
import { machineLoad, reportOf } from "./report.ts";
import type { RunFigures } from "./result.ts";
import { shapes } from "./shapes.ts";
import { kafkaStreamsSide, millraceSide, type Side } from "./sides.ts";
import { type Workload, workloadOf } from "./workload.ts";

const inputName = "bench-input";
const loadDeadlineMs = 10 * 60_000;

/** Millrace against Kafka Streams on one broker, in turns: one scenario per shape. */
export const comparisons: readonly Scenario[] = shapes.map((shape) => ({
  name: shape.name,
  summary: shape.summary,
  run: async (options, say) => {
    const load = machineLoad();
    if (load > 0.5)
      say(`the machine is busy (load ${formatFigure(load)} per core): only the ratio per CPU second means much`);
    const peer = await buildJavaPeer();
    const cores = await planCores(options.pin);
    const folder = await guardedFolder("bench");
    const broker = await openBroker(options, cores);
    try {
      const log = await openLog(broker.bootstrap);
      try {
        const stage = { log, peer, cores, workload: workloadOf(shape, options) };
        const runs = await compare({ stage, folder, bootstrap: broker.bootstrap, options, say });
        return reportOf(runs, {
          name: shape.name,
          workload: stage.workload,
          cores,
          javaVersion: peer.javaVersion,
          load,
          requireRatio: options.requireRatio,
        });
      } finally {
        await log.close();
      }
    } finally {
      await broker.stop();
      await removeFolder(folder);
    }
  },
}));

/** An own broker with the full compiler on its own core, or the one that the user names. */
async function openBroker(options: BenchOptions, cores: CorePlan | undefined) {
  if (options.bootstrap !== undefined) return { bootstrap: options.bootstrap, stop: async () => {} };
  const jvmFlags = ["-XX:+UseSerialGC", "-Xms512m", "-Xmx1g"];
  const broker = await startKafka({ jvmFlags });
  if (cores !== undefined) await pinProcess(broker.pid, cores.broker);
  return broker;
}

interface Comparison {
  readonly stage: Stage;
  readonly folder: string;
  readonly bootstrap: string;
  readonly options: BenchOptions;
  readonly say: (line: string) => void;
}

async function compare({ stage, folder, bootstrap, options, say }: Comparison): Promise<readonly RunFigures[]> {
  const { workload, peer } = stage;
  const id = Date.now().toString(36);
  const topic = `${inputName}-${id}`;
  const table = `${topic}-table`;
  const what = workload.values === "text" ? `texts of ${workload.valueBytes} bytes` : "trades";
  say(`loading ${formatFigure(workload.records)} ${what}, ${formatFigure(workload.keys)} keys`);
  await load(peer, { ...workload, order: "random" }, { bootstrap, topic, folder });
  if (workload.hasTable) {
    say("loading the table");
    await load(peer, { ...workload, records: workload.keys, order: "every" }, { bootstrap, topic: table, folder });
  }
  const sides: readonly Side[] = [
    millraceSide(workload),
    kafkaStreamsSide(peer, workload, "default"),
    ...(options.tuned ? [kafkaStreamsSide(peer, workload, "tuned")] : []),
  ];
  const runs: RunFigures[] = [];
  for (let round = 1; round <= workload.rounds; round++) {
    for (const side of sides) {
      const application = `bench-${side.name}-${id}-${round}`;
      const place = {
        bootstrap,
        application,
        input: topic,
        table,
        output: `${application}-out`,
        folder: join(folder, application),
      };
      const run = await runOnce(stage, side, place);
      say(
        `round ${round}: ${side.name} ${formatFigure(run.recordsPerSecond)} records/s in ${formatFigure(run.seconds)} s`,
      );
      runs.push(run);
    }
  }
  return runs;
}

async function load(
  peer: JavaPeer,
  { records, keys, partitions, values, valueBytes, seed, order }: Workload & { order: "random" | "every" },
  to: { readonly bootstrap: string; readonly topic: string; readonly folder: string },
): Promise<void> {
  const { bootstrap, topic } = to;
  const input = { records, keys, partitions, values, valueBytes, seed, order };
  const command = peer.command("Load", { bootstrap, topic, ...input });
  const loader = startChild(command, join(to.folder, "load.log"));
  try {
    await loader.event("done", loadDeadlineMs);
  } finally {
    await loader.stop();
  }
}
