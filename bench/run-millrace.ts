import { setTimeout as delay } from "node:timers/promises";
import { createMemoryLeaseTable } from "../lib/adapters/memory/lease-table.ts";
import { createMemoryObjectStore } from "../lib/adapters/memory/object-store.ts";
import { systemClock, systemRandom } from "../lib/adapters/system/clock.ts";
import { jsonLogger } from "../lib/adapters/system/logger.ts";
import { prepareApplication } from "../lib/application/prepare.ts";
import { parseSettings } from "../lib/config/settings.ts";
import { type PartitionKey, parsePartitionKey } from "../lib/core/ids.ts";
import type { App } from "../lib/index.ts";
import { runWorker } from "../lib/worker/run-worker.ts";
import type { Worker } from "../lib/worker/worker.ts";
import { openLog } from "./open-log.ts";

const checkMs = 20;
const worker = "bench-worker";

/** What to run and until when. */
export interface MillraceRun {
  readonly bootstrap: string;
  readonly inputs: readonly string[];
  /** Records of the inputs: the run ends when so many are committed; with 0 it ends by `stop` only. */
  readonly records: number;
  readonly commitMs: number;
  readonly stop: AbortSignal;
}

/**
 * Runs an application in this process with one worker that holds every pin, until its whole input is committed: the
 * protocol of production over a real broker, with leases and snapshots in memory.
 */
export async function runMillrace(app: App, run: MillraceRun): Promise<number> {
  const log = await openLog(run.bootstrap);
  const leases = createMemoryLeaseTable();
  const logger = jsonLogger("info", (line) => process.stderr.write(`${line}\n`), Date.now);
  const settings = parseSettings({ commit: { intervalMs: run.commitMs } });
  try {
    const plan = await prepareApplication(app, { log, leases }, "deploy");
    await leases.plan({ kind: "add-worker", worker, assigned: plan.pins.map(({ pin }) => pin) });
    const ports = { log, leases, objects: createMemoryObjectStore(), clock: systemClock, random: systemRandom, logger };
    const over = new AbortController();
    const life = { remainingMs: () => undefined, stop: AbortSignal.any([over.signal, run.stop]) };
    let running: Worker | undefined;
    const onStart = (started: Worker) => {
      running = started;
    };
    let ended = false;
    const summary = runWorker({ app, ports, settings, worker, life, onStart }).finally(() => {
      ended = true;
    });
    let committed = 0;
    while (!ended && (run.records === 0 || committed < run.records)) {
      await delay(checkMs);
      committed = committedRecords(running?.status() ?? [], run.inputs);
    }
    over.abort();
    const { errors } = await summary;
    for (const { error } of errors) throw error;
    return committed;
  } finally {
    await log.close();
  }
}

/** Offsets of the inputs that are committed, over all pins: records, because inputs have no markers. */
function committedRecords(pins: ReturnType<Worker["status"]>, inputs: readonly string[]): number {
  let total = 0;
  for (const { committed } of pins) {
    for (const [key, offset] of Object.entries(committed?.inputs ?? {}))
      if (inputs.includes(parsePartitionKey(key as PartitionKey).topic)) total += offset;
  }
  return total;
}
