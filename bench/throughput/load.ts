import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { startChild } from "../child.ts";
import { formatFigure } from "../table.ts";
import type { Workload } from "./workload.ts";

const deadlineMs = 10 * 60_000;

/** Topics that hold a workload's input. */
export interface LoadedInput {
  readonly topic: string;
  /** Written when the workload has a second input. */
  readonly other: string;
}

/** Writes the inputs of a workload with the Java producer. */
export async function loadInput(bench: Bench, workload: Workload, topic: string): Promise<LoadedInput> {
  const other = `${topic}-other`;
  const startMs = Date.now();
  const what = workload.values === "text" ? `texts of ${workload.valueBytes} bytes` : "trades";
  bench.say(`loading ${formatFigure(workload.records)} ${what}, ${formatFigure(workload.keys)} keys`);
  await load(bench, { ...workload, order: "random", startMs }, topic);
  if (workload.other !== "none") bench.say(`loading the other ${workload.other}`);
  if (workload.other === "table") {
    await load(bench, { ...workload, records: workload.keys, order: "every", startMs: 0 }, other);
  } else if (workload.other === "stream") {
    await load(bench, { ...workload, seed: workload.seed + 1, order: "random", startMs }, other);
  }
  return { topic, other };
}

interface LoadOptions {
  readonly order: "random" | "every";
  /** Time of the first record. */
  readonly startMs: number;
}

async function load(
  { peer, bootstrap, folder }: Bench,
  { records, keys, partitions, values, valueBytes, seed, order, startMs }: Workload & LoadOptions,
  topic: string,
): Promise<void> {
  const input = { records, keys, partitions, values, valueBytes, seed, order, startMs };
  const command = peer.command("Load", { bootstrap, topic, ...input });
  const loader = startChild(command, join(folder, "load.log"));
  try {
    await loader.event("done", deadlineMs);
  } finally {
    await loader.stop();
  }
}
