import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { startChild } from "../child.ts";
import { formatFigure } from "../table.ts";
import type { Workload } from "./workload.ts";

const deadlineMs = 10 * 60_000;

/** Topics that hold a workload's input. */
export interface LoadedInput {
  readonly topic: string;
  /** Written when the workload has a table. */
  readonly table: string;
}

/** Writes the input of a workload, and its table where it has one, with the Java producer. */
export async function loadInput(bench: Bench, workload: Workload, topic: string): Promise<LoadedInput> {
  const table = `${topic}-table`;
  const what = workload.values === "text" ? `texts of ${workload.valueBytes} bytes` : "trades";
  bench.say(`loading ${formatFigure(workload.records)} ${what}, ${formatFigure(workload.keys)} keys`);
  await load(bench, { ...workload, order: "random" }, topic);
  if (workload.hasTable) {
    bench.say("loading the table");
    await load(bench, { ...workload, records: workload.keys, order: "every" }, table);
  }
  return { topic, table };
}

async function load(
  { peer, bootstrap, folder }: Bench,
  { records, keys, partitions, values, valueBytes, seed, order }: Workload & { order: "random" | "every" },
  topic: string,
): Promise<void> {
  const input = { records, keys, partitions, values, valueBytes, seed, order };
  const command = peer.command("Load", { bootstrap, topic, ...input });
  const loader = startChild(command, join(folder, "load.log"));
  try {
    await loader.event("done", deadlineMs);
  } finally {
    await loader.stop();
  }
}
