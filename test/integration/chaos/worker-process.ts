/**
 * A worker of the chaos runs in a process of its own. Arguments: JSON of `WorkerOrders`, worker id. Logs are JSON lines on
 * stderr; the first one says the process id.
 */
import { jsonLogger } from "../../../lib/adapters/system/logger.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import { isStreamError } from "../../../lib/core/errors.ts";
import type { App } from "../../../lib/dsl/app.ts";
import { runWorker } from "../../../lib/worker/run-worker.ts";
import { chaosApps } from "./apps.ts";
import { openPorts } from "./places.ts";
import { GAVE_UP_CODE, type WorkerOrders } from "./worker-orders.ts";

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

try {
  const ports = await openPorts(places, { app: id, clientId: worker, logger });
  const life = { remainingMs: () => undefined, stop: stop.signal };
  const app = chaosApps[id] as App;
  const summary = await runWorker({ app, worker, settings: parseSettings(settings), life, ports });
  await ports.log.close();
  logger.info("worker-process-ends", { ended: summary.ended, processed: summary.processed, fenced: summary.fenced });
  process.exitCode = summary.errors.length > 0 ? 1 : 0;
} catch (error) {
  if (!isStreamError(error) || error.advice !== "retry") throw error;
  // The next worker may have more luck: nothing was done yet.
  logger.warn("worker-process-gave-up", { code: error.code, error: error.message });
  process.exitCode = GAVE_UP_CODE;
}
