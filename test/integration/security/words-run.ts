import { InProcessLauncher } from "../../../lib/adapters/in-process/launcher.ts";
import { createMemoryLeaseTable } from "../../../lib/adapters/memory/lease-table.ts";
import { createMemoryObjectStore } from "../../../lib/adapters/memory/object-store.ts";
import { systemClock as clock, systemRandom as random } from "../../../lib/adapters/system/clock.ts";
import { jsonLogger } from "../../../lib/adapters/system/logger.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import { type App, defineApp, int64, openTables, string } from "../../../lib/index.ts";
import type { Log } from "../../../lib/ports/log.ts";
import type { Logger } from "../../../lib/ports/logger.ts";
import type { Freshness } from "../../../lib/query/pin-state-reader.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { runCoordinator } from "../../../lib/scaling/run-coordinator.ts";

/** Who connects: each with rights of its own. */
export const users = ["worker", "coordinator", "query"] as const;
export type User = (typeof users)[number];

/** How a run reaches its broker. */
export interface WordsPlace {
  /** May do everything; closed by its owner. */
  readonly admin: Log;
  /** A new connection of a user, closed by the run. */
  logAs(user: User): Promise<Log>;
}

const settings = parseSettings({
  lease: { deadAfterMs: "1s" },
  commit: { positionOnlyMs: "200ms" },
  worker: { mirrorMs: "500ms", purgeMs: "1s" },
  scaling: { idleToZeroMs: "3s", scaleInWindowMs: "1s" },
});

/** Counts words of `in-<id>` into `out-<id>`, over a repartition topic, as the users that the place lets in. */
export class WordsRun {
  /** Warnings and errors. */
  readonly lines: string[] = [];
  private readonly app: App;
  private readonly place: WordsPlace;
  private readonly leases = createMemoryLeaseTable();
  private readonly objects = createMemoryObjectStore();
  private readonly logger: Logger;
  private readonly open: Log[] = [];
  private readonly stop = new AbortController();

  constructor(id: string, place: WordsPlace) {
    this.place = place;
    this.logger = jsonLogger("warn", (line) => this.heard(line), Date.now);
    this.app = defineApp({ id }, (builder) => {
      builder
        .stream(`in-${id}`, { key: string(), value: string() })
        .groupBy((_key, word) => word, { key: string() })
        .count({ store: "counts" })
        .toStream()
        .to(`out-${id}`, { key: string(), value: int64() });
    });
  }

  /** Makes the topics and writes `one two two`. */
  async writeWords(): Promise<void> {
    const { admin } = this.place;
    const { id } = this.app;
    const names = [`in-${id}`, `out-${id}`];
    await admin.createTopics(names.map((name) => ({ name, partitions: 2, replicas: 1, configs: {} })));
    const records = new RecordWriter();
    for (const word of ["one", "two", "two"]) records.append(1_000, null, Buffer.from(word));
    const timeouts = { transactionTimeoutMs: 10_000, deadlineMs: 15_000 };
    const transactor = await admin.transactor({ transactionalId: `input-${id}`, ...timeouts });
    transactor.begin();
    await transactor.send([{ topic: `in-${id}`, partition: 0, records }]);
    await transactor.commit();
  }

  /** Runs coordinator and workers until nothing is left to do, or until something stops. @returns what stopped */
  async untilIdle(): Promise<unknown[]> {
    const failures: unknown[] = [];
    const { app, leases, objects, logger } = this;
    const launcher = new InProcessLauncher({
      app,
      settings,
      ports: async () => ({ log: await this.place.logAs("worker"), leases, objects, clock, random, logger }),
      onExit: (_worker, summary, error) => {
        failures.push(...(summary === undefined ? [error] : summary.errors.map((each) => each.error)));
        if (failures.length > 0) this.stop.abort();
      },
    });
    try {
      const ports = { log: await this.logAs("coordinator"), leases, launcher, clock, random, logger };
      const life = {
        remainingMs: () => undefined,
        stop: AbortSignal.any([this.stop.signal, AbortSignal.timeout(60_000)]),
      };
      await runCoordinator({ app, ports, settings, until: "idle", life });
    } catch (error) {
      failures.push(error);
    }
    await launcher.close();
    return failures;
  }

  /** Asks the table. */
  async countOf(word: string, freshness: Freshness = "committed"): Promise<number | undefined> {
    const { leases, objects } = this;
    const tables = await openTables(this.app, { log: await this.logAs("query"), leases, objects });
    return (await tables.get<string, number>("counts").get(word, { freshness })).row?.value;
  }

  async close(): Promise<void> {
    for (const log of this.open) await log.close();
  }

  private async logAs(user: User): Promise<Log> {
    const log = await this.place.logAs(user);
    this.open.push(log);
    return log;
  }

  /** A pin that stops ends the run: the launcher is closed and tells the error. */
  private heard(line: string): void {
    this.lines.push(line);
    if (line.includes('"event":"pin-stopped"')) this.stop.abort();
  }
}
