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
import { kafkaStreamsSide, millraceSide, type Side } from "./sides.ts";
import { type Workload, workloadOf } from "./workload.ts";

const input = "bench-input";
const loadDeadlineMs = 10 * 60_000;

/** Keyed count, exactly once: Millrace against Kafka Streams on one broker, in turns. */
export const throughput: Scenario = {
  name: "throughput",
  summary: "keyed count, exactly once, every update emitted: Millrace against Kafka Streams on the same broker",
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
        const stage = { log, peer, cores, workload: workloadOf(options) };
        const runs = await compare({ stage, folder, bootstrap: broker.bootstrap, options, say });
        return reportOf(runs, {
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
};

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
  const topic = `${input}-${id}`;
  say(
    `loading ${formatFigure(workload.records)} records of ${workload.valueBytes} bytes, ${formatFigure(workload.keys)} keys`,
  );
  await load(peer, workload, { bootstrap, topic, folder });
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
  { records, keys, partitions, valueBytes, seed }: Workload,
  to: { readonly bootstrap: string; readonly topic: string; readonly folder: string },
): Promise<void> {
  const { bootstrap, topic } = to;
  const command = peer.command("Load", { bootstrap, topic, records, keys, partitions, valueBytes, seed });
  const loader = startChild(command, join(to.folder, "load.log"));
  try {
    await loader.event("done", loadDeadlineMs);
  } finally {
    await loader.stop();
  }
}
