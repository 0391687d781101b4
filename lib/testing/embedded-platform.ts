import { join } from "node:path";
import { createFileLeaseTable } from "../adapters/file/lease-table.ts";
import { openLogJournal } from "../adapters/file/log-journal.ts";
import { createFileObjectStore } from "../adapters/file/object-store.ts";
import { InProcessLauncher } from "../adapters/in-process/launcher.ts";
import type { LineSwitch } from "../adapters/in-process/severable.ts";
import { createMemoryLeaseTable } from "../adapters/memory/lease-table.ts";
import { createMemoryBroker, type MemoryBroker } from "../adapters/memory/log/broker.ts";
import type { MemoryTransport } from "../adapters/memory/log/transport.ts";
import { createMemoryObjectStore } from "../adapters/memory/object-store.ts";
import { systemClock, systemRandom } from "../adapters/system/clock.ts";
import { silentLogger } from "../adapters/system/logger.ts";
import type { DeployedApplication } from "../application/prepare.ts";
import { parseSettings, type SettingsInput } from "../config/settings.ts";
import type { Logger } from "../ports/logger.ts";
import type { WorkerSummary } from "../worker/worker.ts";
import type { LocalPlatform } from "./local-runtime.ts";

/** What an embedded platform is made of. */
export interface EmbeddedPlatformOptions {
  readonly app: DeployedApplication;
  readonly settings?: SettingsInput;
  /** Keeps log, leases and objects over restarts; without it everything is in memory. */
  readonly folder?: string;
  readonly logger?: Logger;
  readonly onWorkerExit?: (worker: string, summary: WorkerSummary | undefined, error: unknown) => void;
}

/** An embedded platform, and its broker for producers and tests. */
export interface EmbeddedPlatform extends LocalPlatform {
  readonly broker: MemoryBroker;
  readonly launcher: InProcessLauncher;
}

/**
 * A log, a lease table and an object store inside this process, with workers that can be killed.
 *
 * @throws {StreamError} `FOLDER_IN_USE` when another process has the folder open
 * @example
 * const platform = embeddedPlatform({ app });
 * await platform.log.createTopics([{ name: "trades", partitions: 6, replicas: 1, configs: {} }]);
 */
export function embeddedPlatform(options: EmbeddedPlatformOptions): EmbeddedPlatform {
  const { app, folder, logger = silentLogger } = options;
  const settings = parseSettings(options.settings);
  const journal = folder === undefined ? undefined : openLogJournal(join(folder, "log"));
  const broker = createMemoryBroker({
    clock: systemClock,
    random: systemRandom,
    ...(journal === undefined ? {} : { journal }),
  });
  const leases =
    folder === undefined
      ? createMemoryLeaseTable()
      : createFileLeaseTable({ folder: join(folder, "leases"), app: app.id, generation: 1 });
  const objects =
    folder === undefined ? createMemoryObjectStore() : createFileObjectStore({ folder: join(folder, "objects") });
  const shared = { leases, objects, clock: systemClock, random: systemRandom };
  const launcher = new InProcessLauncher({
    app,
    settings,
    ports: async (worker, line) => ({
      ...shared,
      log: broker.connect({ clientId: worker, transport: cutTransport(line) }),
      logger: logger.with({ worker }),
    }),
    ...(options.onWorkerExit === undefined ? {} : { onExit: options.onWorkerExit }),
  });
  const log = broker.connect({ clientId: "local" });
  return {
    ...shared,
    broker,
    launcher,
    logger,
    log,
    close: async () => {
      await log.close();
      broker.close();
    },
  };
}

/** A dead worker's client makes no more requests: a retry loop inside it could still fence its successor. */
function cutTransport(line: LineSwitch): MemoryTransport {
  return async (call) => (line.mode === "cut" ? new Promise(() => undefined) : call.deliver());
}
