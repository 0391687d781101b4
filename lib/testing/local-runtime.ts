/**
 * The whole runtime on one machine: a coordinator that ticks, workers that come and go, tables that answer.
 *
 * Owns: the coordinator's loop and its end. Does not own: where log, leases, objects and workers are (`LocalPlatform`).
 */
import type { DeployedApplication } from "../application/prepare.ts";
import { parseSettings, type Settings, type SettingsInput } from "../config/settings.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { Launcher } from "../ports/launcher.ts";
import type { LeaseTable } from "../ports/lease-table.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { openTables, type Tables } from "../query/tables.ts";
import type { TickReport } from "../scaling/coordinator.ts";
import { runCoordinator } from "../scaling/run-coordinator.ts";

/** A launcher whose workers can be killed and stopped altogether. */
export interface LocalLauncher extends Launcher {
  /** No clean-up code of the worker runs. @returns false when it is gone already */
  kill(worker: string): Promise<boolean>;
  /** Stops every worker in order and waits for it. */
  close(): Promise<void>;
}

/** Where things are. */
export interface LocalPlatform {
  /** Connections of the coordinator, the queries and whoever produces. */
  readonly log: Log;
  readonly leases: LeaseTable;
  readonly objects: ObjectStore;
  readonly launcher: LocalLauncher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  close(): Promise<void>;
}

/** What to run. */
export interface LocalRuntimeOptions {
  readonly app: DeployedApplication;
  readonly settings?: SettingsInput;
  readonly platform: LocalPlatform;
  readonly onTick?: (report: TickReport) => void;
}

/**
 * A running application on one machine.
 *
 * @example
 * const platform = embeddedPlatform({ app });
 * const topic = (name: string) => ({ name, partitions: 1, replicas: -1, configs: {} });
 * await platform.log.createTopics([topic("words"), topic("counts")]);
 * const runtime = new LocalRuntime({ app, platform });
 * await runtime.start();
 * (await runtime.tables()).names; // ["counts"]
 * await runtime.stop();
 */
export class LocalRuntime {
  readonly settings: Settings;
  readonly platform: LocalPlatform;
  private readonly app: DeployedApplication;
  private readonly stopping = new AbortController();
  private readonly onTick: ((report: TickReport) => void) | undefined;
  private coordinating: Promise<unknown> | undefined;
  private opened: Tables | undefined;

  constructor(options: LocalRuntimeOptions) {
    this.app = options.app;
    this.settings = parseSettings(options.settings);
    this.platform = options.platform;
    this.onTick = options.onTick;
  }

  /**
   * Deploys the application and starts the coordinator; resolves at its first tick.
   *
   * @throws {StreamError} what a deploy refuses: `TOPIC_MISSING`, `TOPOLOGY_INCOMPATIBLE`, `PARTITIONS_CHANGED`, …
   */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.coordinating = runCoordinator({
        app: this.app,
        ports: this.platform,
        settings: this.settings,
        until: "stopped",
        life: { remainingMs: () => undefined, stop: this.stopping.signal },
        onTick: (report) => {
          this.onTick?.(report);
          resolve();
        },
      });
      this.coordinating.catch(reject);
    });
  }

  /** Fails when the coordinator does. Never resolves before `stop`. */
  async ended(): Promise<void> {
    await this.coordinating;
  }

  /** The application's tables. @throws {StreamError} before `start` */
  async tables(): Promise<Tables> {
    this.opened ??= await openTables(this.app, this.platform);
    return this.opened;
  }

  /** Ends in order: no more plans, every worker drains and releases its pins, connections close. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.coordinating?.catch(() => undefined);
    await this.platform.launcher.close();
    await this.platform.close();
  }
}
