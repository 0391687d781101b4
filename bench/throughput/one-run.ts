import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { startChild } from "../child.ts";
import { pinned } from "../cores.ts";
import { watchOutput } from "../output-watch.ts";
import { cpuTimeMs, peakMemoryBytes } from "../process-figures.ts";
import { steadyRate } from "../statistics.ts";
import type { RunFigures } from "./result.ts";
import type { RunPlace, Side } from "./sides.ts";
import type { Workload } from "./workload.ts";

const deadlineMs = 15 * 60_000;

/** What is run, and where. */
export interface Stage {
  readonly bench: Bench;
  readonly workload: Workload;
}

/** Runs one side once on a fresh application id and output topic, watched from outside, and reads its output back. */
export async function runOnce(stage: Stage, side: Side, place: RunPlace): Promise<RunFigures> {
  const { bench, workload } = stage;
  const { log } = bench;
  await mkdir(place.folder, { recursive: true });
  const configs = { "retention.ms": "-1" }; // times are the input's: nothing may expire while it is read back
  await log.createTopics([{ name: place.output, partitions: workload.partitions, replicas: -1, configs }]);
  const output = Array.from({ length: workload.partitions }, (_, partition) => ({ topic: place.output, partition }));
  const startedAtMs = performance.now();
  const child = startChild(pinned(side.command(place), bench.cores?.client), join(place.folder, "client.log"));
  try {
    const done = child.event("done", deadlineMs);
    const seen = await watchOutput({ log, output, cpuMs: () => cpuTimeMs(child.pid), done });
    const memoryBytes = peakMemoryBytes(child.pid);
    await child.stop();
    const seconds = (seen.lastCommittedAtMs - seen.firstProducedAtMs) / 1_000;
    return {
      side: side.name,
      seconds,
      secondsToFirst: (seen.firstProducedAtMs - startedAtMs) / 1_000,
      recordsPerSecond: workload.records / seconds,
      steadyRecordsPerSecond: steadyRate(seen.samples),
      recordsPerCpuSecond: seen.cpuMs === undefined ? undefined : (workload.records * 1_000) / seen.cpuMs,
      memoryBytes,
      output: await readBack(stage, place),
    };
  } finally {
    await child.stop();
  }
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
