/**
 * A worker of the demo in a process of its own. Arguments: broker, folder, worker id. Logs are JSON lines on stderr.
 */
import { join } from "node:path";
import { createFileLeaseTable } from "../../../lib/adapters/file/lease-table.ts";
import { createFileObjectStore } from "../../../lib/adapters/file/object-store.ts";
import { createKafkaLog } from "../../../lib/adapters/kafka/kafka-log.ts";
import { systemClock, systemRandom } from "../../../lib/adapters/system/clock.ts";
import { jsonLogger } from "../../../lib/adapters/system/logger.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import { runWorker } from "../../../lib/worker/run-worker.ts";
import { app } from "../app.ts";
import { demoSettings } from "./platform.ts";

const [kafka = "", folder = "", worker = ""] = process.argv.slice(2);
const logger = jsonLogger("info", (line) => process.stderr.write(`${line}\n`), Date.now);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
// Ctrl-C goes to the whole group: the parent decides when we end.
process.on("SIGINT", () => undefined);

const log = await createKafkaLog({ brokers: [kafka], clientId: worker, logger });
const summary = await runWorker({
  app,
  worker,
  settings: parseSettings(demoSettings),
  life: { remainingMs: () => undefined, stop: stop.signal },
  ports: {
    log,
    leases: createFileLeaseTable({ folder: join(folder, "leases"), app: app.id, generation: 1 }),
    objects: createFileObjectStore({ folder: join(folder, "objects") }),
    clock: systemClock,
    random: systemRandom,
    logger,
  },
});
await log.close();
process.exitCode = summary.errors.length > 0 ? 1 : 0;
