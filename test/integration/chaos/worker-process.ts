/**
 * A worker of the chaos runs in a process of its own. Arguments: JSON of `WorkerOrders`, worker id. Logs are JSON lines on
 * stderr; the first one says the process id.
 */
import { jsonLogger } from "../../../lib/adapters/system/logger.ts";
import { parseSettings, type SettingsInput } from "../../../lib/config/settings.ts";
import type { App } from "../../../lib/dsl/app.ts";
import { runWorker } from "../../../lib/worker/run-worker.ts";
import { chaosApps } from "./apps.ts";
import { openPorts, type Places } from "./places.ts";

/** What a worker process is told. */
export interface WorkerOrders {
  readonly app: string;
  readonly settings: SettingsInput;
  readonly places: Places;
}

const { app: id, settings, places } = JSON.parse(process.argv[2] ?? "") as WorkerOrders;
const worker = process.argv[3] ?? "";
const logger = jsonLogger("info", (line) => process.stderr.write(`${line}\n`), Date.now);
logger.info("worker-process-started", { pid: process.pid });

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
// Ctrl-C goes to the whole group: the parent decides when we end.
process.on("SIGINT", () => undefined);
// A parent that was killed leaves nobody who would end us.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(3);
}, 1_000).unref();

const ports = await openPorts(places, { app: id, clientId: worker, logger });
const life = { remainingMs: () => undefined, stop: stop.signal };
const summary = await runWorker({ app: chaosApps[id] as App, worker, settings: parseSettings(settings), life, ports });
await ports.log.close();
logger.info("worker-process-ends", { ended: summary.ended, processed: summary.processed, fenced: summary.fenced });
process.exitCode = summary.errors.length > 0 ? 1 : 0;
