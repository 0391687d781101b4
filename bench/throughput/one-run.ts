import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { type Child, startChild } from "../child.ts";
import { pinned } from "../cores.ts";
import { watchOutput } from "../output-watch.ts";
import { cpuTimeMs, peakMemoryBytes } from "../process-figures.ts";
import type { RunFigures } from "./result.ts";
import type { RunPlace, Side } from "./sides.ts";
import type { Workload } from "./workload.ts";

const deadlineMs = 15 * 60_000;

/** What is run, and where. */
export interface Stage {
  readonly bench: Bench;
  readonly workload: Workload;
}

/**
 * Runs one side once on a fresh application id and output topic, watched from outside, and reads its output back. What it did
 * to warm up was another application in the same process, with an output of its own.
 */
export async function runOnce(stage: Stage, side: Side, place: RunPlace): Promise<RunFigures> {
  const { bench, workload } = stage;
  await mkdir(place.folder, { recursive: true });
  const warmUp = workload.warmMs > 0 ? place : undefined;
  const measured = warmUp === undefined ? place : secondTime(place);
  const configs = { "retention.ms": "-1" }; // times are the input's: nothing may expire while it is read back
  const { partitions } = workload;
  const outputs = warmUp === undefined ? [measured] : [warmUp, measured];
  await bench.log.createTopics(outputs.map(({ output }) => ({ name: output, partitions, replicas: -1, configs })));
  const startedAtMs = performance.now();
  const child = startChild(pinned(side.command(place), bench.cores?.client), join(place.folder, "client.log"));
  try {
    const warm = warmUp && (await watchRun(stage, child, warmUp));
    const seen = await watchRun(stage, child, measured);
    const memoryBytes = peakMemoryBytes(child.pid);
    await child.stop();
    return {
      side: side.name,
      seconds: seen.seconds,
      secondsToFirst: ((warm ?? seen).firstProducedAtMs - startedAtMs) / 1_000,
      recordsPerSecond: workload.records / seen.seconds,
      warmUp: warm && { seconds: warm.seconds, recordsPerSecond: warm.committed / warm.seconds },
      recordsPerCpuSecond: seen.cpuMs === undefined ? undefined : (workload.records * 1_000) / seen.cpuMs,
      memoryBytes,
      output: await readBack(stage, measured),
    };
  } finally {
    await child.stop();
  }
}

/** Lets a side warm up and ends it: a broker that was just started compiles its code for whoever comes first. */
export async function warmBroker({ bench, workload }: Stage, side: Side, place: RunPlace): Promise<void> {
  await mkdir(place.folder, { recursive: true });
  const { partitions } = workload;
  await bench.log.createTopics([{ name: place.output, partitions, replicas: -1, configs: {} }]);
  const child = startChild(pinned(side.command(place), bench.cores?.client), join(place.folder, "client.log"));
  try {
    await child.event("done", deadlineMs, place.application);
  } finally {
    await child.stop();
  }
}

/** Where the second application of a process writes. */
function secondTime(place: RunPlace): RunPlace {
  return { ...place, application: `${place.application}-2`, output: `${place.output}-2` };
}

/** Watches one application of a client from its first output to its end. */
async function watchRun({ bench, workload }: Stage, child: Child, { application, output: topic }: RunPlace) {
  const output = Array.from({ length: workload.partitions }, (_, partition) => ({ topic, partition }));
  const done = child.event("done", deadlineMs, application);
  const seen = await watchOutput({ log: bench.log, output, cpuMs: () => cpuTimeMs(child.pid), done });
  const committed = Number((await done)["committed"]);
  return { ...seen, committed, seconds: (seen.lastCommittedAtMs - seen.firstProducedAtMs) / 1_000 };
}

/** The Java consumer judges every output, ours too. */
async function readBack({ bench, workload }: Stage, place: RunPlace): Promise<RunFigures["output"]> {
  const { format, cacheBytes } = workload;
  const updates = cacheBytes === 0 ? "every" : "last";
  const command = bench.peer.command("Check", { bootstrap: place.bootstrap, topic: place.output, format, updates });
  const child = startChild(command, join(place.folder, "check.log"));
  try {
    const found = await child.event("done", deadlineMs);
    const [records, total, wrong] = [found["records"], found["total"], found["wrong"]].map(Number);
    return { records: records ?? 0, total: total ?? 0, wrong: wrong ?? 0, digest: String(found["digest"]) };
  } finally {
    await child.stop();
  }
}
