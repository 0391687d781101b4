import { setTimeout as sleep } from "node:timers/promises";
import { InProcessLauncher } from "../../../lib/adapters/in-process/launcher.ts";
import { silentLogger } from "../../../lib/adapters/system/logger.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import type { LeaseTable } from "../../../lib/ports/lease-table.ts";
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
  private readonly launcher: InProcessLauncher;
  private readonly count: CountApp;
  private readonly leases: LeaseTable;

  /** @param clockAheadMs how far the wall clock of its workers is ahead of the others' */
  constructor(count: CountApp, options: { clockAheadMs?: number; leases?: LeaseTable } = {}) {
    const { clockAheadMs = 0 } = options;
    this.count = count;
    this.leases = options.leases ?? count.ports.leases;
    this.launcher = new InProcessLauncher({
      app: count.app,
      settings: parseSettings(recoverySettings),
      ports: async (worker) => {
        const ports = await openPorts(count.places, { app: count.app.id, clientId: worker, logger: silentLogger });
        const clock = { ...ports.clock, nowMs: () => ports.clock.nowMs() + clockAheadMs };
        return { ...ports, clock, leases: this.leases, log: recorded(ports.log, this.recording) };
      },
      onExit: (_worker, summary, error) => {
        if (error !== undefined) this.errors.push(error);
        this.errors.push(...(summary?.errors ?? []));
      },
    });
  }

  /** Works until nothing is left to do and every pin sleeps. */
  runUntilIdle(): Promise<void> {
    return this.run("idle", async () => undefined);
  }

  /** Works until everything is processed; then its workers die as they stand: nothing is published or released. */
  async runThenDie(): Promise<void> {
    await this.run("stopped", async () => {
      const giveUpAtMs = performance.now() + LIMIT_MS;
      while (!(await this.count.isCaughtUp())) {
        if (performance.now() > giveUpAtMs) throw new Error("not caught up in time");
        await sleep(50);
      }
    });
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
