import { setTimeout as sleep } from "node:timers/promises";
import { InProcessLauncher } from "../../../lib/adapters/in-process/launcher.ts";
import { silentLogger } from "../../../lib/adapters/system/logger.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import type { LeaseTable } from "../../../lib/ports/lease-table.ts";
import type { Logger } from "../../../lib/ports/logger.ts";
import type { ObjectStore } from "../../../lib/ports/object-store.ts";
import { runCoordinator } from "../../../lib/scaling/run-coordinator.ts";
import { openPorts } from "../chaos/places.ts";
import { type CountApp, recoverySettings } from "./count-app.ts";
import { newRecording, type Recording, recorded } from "./recording-log.ts";

const LIMIT_MS = 60_000;

/**
 * A machine that knows nothing of earlier ones: a coordinator and workers with connections of their own. What its workers
 * read from the log is recorded.
 */
export class Machine {
  readonly recording: Recording = newRecording();
  /** Typed errors that stopped a pin or a worker. */
  readonly errors: unknown[] = [];
  private readonly events = new Map<string, number>();
  private readonly launcher: InProcessLauncher;
  private readonly count: CountApp;
  private readonly leases: LeaseTable;

  /** @param clockAheadMs how far the wall clock of its workers is ahead of the others' */
  constructor(count: CountApp, options: { clockAheadMs?: number; leases?: LeaseTable; objects?: ObjectStore } = {}) {
    const { clockAheadMs = 0, objects = count.ports.objects } = options;
    this.count = count;
    this.leases = options.leases ?? count.ports.leases;
    this.launcher = new InProcessLauncher({
      app: count.app,
      settings: parseSettings(recoverySettings),
      ports: async (worker) => {
        const ports = await openPorts(count.places, { app: count.app.id, clientId: worker, logger: this.logger });
        const clock = { ...ports.clock, nowMs: () => ports.clock.nowMs() + clockAheadMs };
        return { ...ports, clock, objects, leases: this.leases, log: recorded(ports.log, this.recording) };
      },
      onExit: (_worker, summary, error) => {
        if (error !== undefined) this.errors.push(error);
        this.errors.push(...(summary?.errors ?? []).map((stopped) => stopped.error));
      },
    });
  }

  /** How often its workers logged an event. */
  logged(event: string): number {
    return this.events.get(event) ?? 0;
  }

  private get logger(): Logger {
    const count = (event: string): void => void this.events.set(event, this.logged(event) + 1);
    return { ...silentLogger, info: count, warn: count, error: count, with: () => this.logger };
  }

  /** Works until nothing is left to do and every pin sleeps. */
  async runUntilIdle(): Promise<void> {
    await untilTrue(async () => {
      await this.run("idle", async () => undefined);
      // A coordinator also rests while a pin that stopped is held off; the schedule starts the next one.
      return this.count.isCaughtUp();
    });
  }

  /** Works until something is true; then its workers drain and end. */
  async runUntil(done: () => Promise<boolean>): Promise<void> {
    await this.run("stopped", () => untilTrue(done));
    await this.launcher.close();
  }

  /** Works until everything is processed; then its workers die as they stand: nothing is published or released. */
  async runThenDie(): Promise<void> {
    await this.run("stopped", () => untilTrue(() => this.count.isCaughtUp()));
    for (const worker of await this.launcher.list()) await this.launcher.kill(worker);
  }

  private async run(until: "idle" | "stopped", meanwhile: () => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), LIMIT_MS);
    const { log, ...ports } = this.count.ports;
    const coordinating = runCoordinator({
      app: this.count.app,
      ports: { ...ports, leases: this.leases, log, launcher: this.launcher },
      settings: parseSettings(recoverySettings),
      until,
      life: { remainingMs: () => undefined, stop: stop.signal },
    });
    try {
      await Promise.race([coordinating, meanwhile().then(() => (until === "idle" ? coordinating : undefined))]);
      if (until === "idle" && stop.signal.aborted) throw new Error(`not idle within ${LIMIT_MS / 1_000} s`);
    } finally {
      clearTimeout(timer);
      stop.abort();
      await coordinating.catch(() => undefined);
    }
  }
}

async function untilTrue(done: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + LIMIT_MS;
  while (!(await done())) {
    if (performance.now() > giveUpAtMs) throw new Error(`it did not happen within ${LIMIT_MS / 1_000} s`);
    await sleep(50);
  }
}
