import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FolderLock } from "../../../lib/adapters/file/folder-lock.ts";
import { createFileLeaseTable } from "../../../lib/adapters/file/lease-table.ts";
import { createFileObjectStore } from "../../../lib/adapters/file/object-store.ts";
import { createKafkaLog } from "../../../lib/adapters/kafka/kafka-log.ts";
import { ProcessLauncher } from "../../../lib/adapters/process/launcher.ts";
import { systemClock, systemRandom } from "../../../lib/adapters/system/clock.ts";
import type { SettingsInput } from "../../../lib/config/settings.ts";
import type { Logger } from "../../../lib/ports/logger.ts";
import { embeddedPlatform } from "../../../lib/testing/embedded-platform.ts";
import type { LocalPlatform } from "../../../lib/testing/local-runtime.ts";
import { app } from "../app.ts";

/** Settings of the demo: quick to scale and to notice a death, so that a person sees it within two minutes. */
export const demoSettings = {
  lease: { deadAfterMs: 3_000 },
  snapshot: { maxAgeMs: 10_000 },
  commit: { positionOnlyMs: 1_000 },
  scaling: {
    maxWorkers: 4,
    delayObjectiveMs: 2_000,
    scaleInWindowMs: 6_000,
    idleToZeroMs: 4_000,
    startGraceMs: 10_000,
    learnRate: "off",
    recordsPerSecond: 1_200,
  },
} as const satisfies SettingsInput;

/** What the demo keeps in its folder. Whatever else is there, because somebody named a folder of theirs, stays. */
const KEPT = ["audit.json", "audit.json.new", "leases", "objects", "log"];

/** Where the demo runs and how a person is told so. */
export interface DemoPlatform {
  readonly platform: LocalPlatform;
  readonly mode: "embedded" | "kafka";
  readonly log: string;
  readonly workers: string;
}

/** What a worker process says: one log line, already parsed. */
export type WorkerLine = (worker: string, event: string, fields: Readonly<Record<string, unknown>>) => void;

/** Who is told how workers end. */
export type WorkerExit = (worker: string, how: string) => void;

/** Where the demo is to run, and who hears of its workers. */
interface DemoPlatformOptions {
  readonly data: string;
  readonly reset: boolean;
  readonly kafka: string | undefined;
  readonly logger: Logger;
  readonly onLine: WorkerLine;
  readonly onExit: WorkerExit;
}

/**
 * Opens the folder, or the broker with the folder beside it. One demo at a time has the folder, until its platform is closed.
 *
 * @throws {StreamError} `FOLDER_IN_USE`, `BROKER_UNREACHABLE`
 */
export async function openPlatform(options: DemoPlatformOptions): Promise<DemoPlatform> {
  const folder = resolve(options.data);
  const lock = new FolderLock(join(folder, "lock"));
  try {
    if (options.reset) forget(folder);
    const { kafka } = options;
    const opened = kafka === undefined ? embedded(options, folder) : await kafkaPlatform({ ...options, kafka }, folder);
    const close = (): Promise<void> => opened.platform.close().finally(() => lock.release());
    return { ...opened, platform: { ...opened.platform, close } };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Everything in this process, kept in the folder. */
function embedded(options: DemoPlatformOptions, folder: string): DemoPlatform {
  const platform = embeddedPlatform({
    app,
    settings: demoSettings,
    folder,
    logger: options.logger,
    onWorkerExit: (worker, summary, error) =>
      options.onExit(worker, error === undefined ? (summary?.ended ?? "ended") : String(error)),
  });
  return { platform, mode: "embedded", log: `embedded log in ${options.data}`, workers: "in this process" };
}

/**
 * Deletes what earlier runs left, and nothing else.
 *
 * @throws {StreamError} `FOLDER_IN_USE` while somebody has the log in it open who does not run this demo
 */
function forget(folder: string): void {
  const log = new FolderLock(join(folder, "log"));
  try {
    for (const name of KEPT) rmSync(join(folder, name), { recursive: true, force: true });
  } finally {
    log.release();
  }
}

/** Object store and leases stay in the folder; log and transactions are the broker's. */
async function kafkaPlatform(
  options: DemoPlatformOptions & { readonly kafka: string },
  folder: string,
): Promise<DemoPlatform> {
  const log = await createKafkaLog({ brokers: [options.kafka], clientId: "stock-trades-demo", logger: options.logger });
  const entry = fileURLToPath(new URL("./worker-process.ts", import.meta.url));
  const launcher = new ProcessLauncher({
    command: [process.execPath, entry, options.kafka, folder],
    onLine: (worker, line) => {
      const parsed = parseLine(line);
      if (parsed !== undefined) options.onLine(worker, parsed.event, parsed);
    },
    onExit: (worker, { code, signal }) => options.onExit(worker, signal ?? `exit code ${code}`),
  });
  const platform: LocalPlatform = {
    log,
    leases: createFileLeaseTable({ folder: join(folder, "leases"), app: app.id, generation: 1 }),
    objects: createFileObjectStore({ folder: join(folder, "objects") }),
    launcher,
    clock: systemClock,
    random: systemRandom,
    logger: options.logger,
    close: () => log.close(),
  };
  return { platform, mode: "kafka", log: `Kafka at ${options.kafka}`, workers: "as child processes" };
}

function parseLine(line: string): ({ event: string } & Record<string, unknown>) | undefined {
  try {
    const parsed = JSON.parse(line) as { event?: unknown };
    return typeof parsed.event === "string" ? (parsed as { event: string }) : undefined;
  } catch {
    return undefined; // not a log line: something that a library printed
  }
}
