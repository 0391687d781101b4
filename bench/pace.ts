import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { startChild } from "./child.ts";
import { pinned } from "./cores.ts";
import { cpuTimeMs } from "./process-figures.ts";
import type { RunPlace, Side } from "./throughput/sides.ts";
import type { Workload } from "./throughput/workload.ts";

const topicsDeadlineMs = 60_000;
const patienceSeconds = 20;

/** A steady input. */
export interface PacePlan {
  readonly workload: Workload;
  readonly side: Side;
  /** Of topics and application. */
  readonly application: string;
  /** Records a second. */
  readonly rate: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** What came out while records went in at a steady rate. Times are from a record's writing until a committed reader has it. */
export interface PaceFigures {
  readonly records: number;
  /** Records that did not come out until the end; they count as the slowest. */
  readonly missing: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Processor time of the broker over the measured seconds, or undefined when it is not known. */
  readonly brokerCpuMs: number | undefined;
  readonly clientCpuMs: number | undefined;
  /** Transactions that reached a partition of the output over the measured seconds: commits times tasks. */
  readonly taskCommits: number;
}

/** Feeds one client at a steady rate and measures from outside. */
export async function runAtPace(bench: Bench, plan: PacePlan): Promise<PaceFigures> {
  const place = await placeOf(bench, plan.application);
  const { partitions, keys, valueBytes } = plan.workload;
  const { rate, warmUpSeconds, seconds } = plan;
  const { bootstrap, input, output } = place;
  const facts = {
    bootstrap,
    input,
    output,
    partitions,
    keys,
    valueBytes,
    rate,
    warmUpSeconds,
    seconds,
    patienceSeconds,
  };
  const pacing = bench.peer.command("Pace", facts);
  const pace = startChild(pinned(pacing, bench.cores?.broker), join(place.folder, "pace.log"));
  try {
    await pace.event("ready", topicsDeadlineMs);
    const client = startChild(pinned(plan.side.command(place), bench.cores?.client), join(place.folder, "client.log"));
    try {
      const read = () => reading(bench, { client: client.pid, topics: [input, output], partitions });
      await pace.event("measuring", topicsDeadlineMs + warmUpSeconds * 1_000);
      const before = await read();
      await pace.event("written", topicsDeadlineMs + seconds * 1_000);
      const after = await read();
      const found = await pace.event("done", topicsDeadlineMs + patienceSeconds * 1_000);
      const [records, missing, p50Ms, p99Ms, maxMs] = ["records", "missing", "p50", "p99", "max"].map((name) =>
        Number(found[name]),
      ) as [number, number, number, number, number];
      return { records, missing, p50Ms, p99Ms, maxMs, ...between(before, after) };
    } finally {
      await client.stop();
    }
  } finally {
    await pace.stop();
  }
}

async function placeOf({ bootstrap, folder }: Bench, application: string): Promise<RunPlace> {
  const own = join(folder, application);
  await mkdir(own, { recursive: true });
  const input = `${application}-in`;
  return { bootstrap, application, input, other: `${input}-other`, output: `${application}-out`, folder: own };
}

interface Reading {
  readonly brokerCpuMs: number | undefined;
  readonly clientCpuMs: number | undefined;
  /** Ends of input and output. The output has one record per record of the input, and one marker per transaction. */
  readonly ends: readonly [number, number];
}

async function reading(
  { log, brokerPid }: Bench,
  { client, topics, partitions }: { client: number; topics: readonly [string, string]; partitions: number },
): Promise<Reading> {
  const ends: number[] = [];
  for (const topic of topics) {
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    const offsets = await log.offsets(all, "hw");
    ends.push([...offsets.values()].reduce((sum, offset) => sum + offset, 0));
  }
  return {
    brokerCpuMs: brokerPid === undefined ? undefined : cpuTimeMs(brokerPid),
    clientCpuMs: cpuTimeMs(client),
    ends: ends as [number, number],
  };
}

function between(before: Reading, after: Reading) {
  const spent = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? undefined : to - from;
  const [inputGrew, outputGrew] = [after.ends[0] - before.ends[0], after.ends[1] - before.ends[1]];
  return {
    brokerCpuMs: spent(before.brokerCpuMs, after.brokerCpuMs),
    clientCpuMs: spent(before.clientCpuMs, after.clientCpuMs),
    taskCommits: Math.max(0, outputGrew - inputGrew),
  };
}
