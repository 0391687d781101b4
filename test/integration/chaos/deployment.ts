import { fileURLToPath } from "node:url";
import { ProcessLauncher } from "../../../lib/adapters/process/launcher.ts";
import { silentLogger } from "../../../lib/adapters/system/logger.ts";
import { parseSettings, type SettingsInput } from "../../../lib/config/settings.ts";
import type { App } from "../../../lib/dsl/app.ts";
import type { Logger } from "../../../lib/ports/logger.ts";
import type { TickReport } from "../../../lib/scaling/coordinator.ts";
import { runCoordinator } from "../../../lib/scaling/run-coordinator.ts";
import type { PinPorts } from "../../../lib/task/pin-acquire.ts";
import { guardProcess, unguardProcess } from "../../support/servers/reaper.ts";
import { chaosApps } from "./apps.ts";
import { openPorts, type Places } from "./places.ts";
import { MENDED_VARIABLE } from "./poison.ts";
import type { WorkerOrders } from "./worker-orders.ts";

/** What is known of a worker process. */
export interface WorkerLife {
  readonly worker: string;
  pid: number;
  /** Set by the fault that was put on it. */
  fault: "killed" | "frozen" | "terminated" | undefined;
  ended: { readonly code: number | null; readonly signal: string | null } | undefined;
  /** How it says that it ended. */
  summary: { readonly ended: string; readonly processed: number; readonly fenced: number } | undefined;
  /** Lines that are no JSON: what Node prints when a process breaks. */
  readonly noise: string[];
}

/** A log line of a worker or of the coordinator. */
export interface SeenLine {
  readonly atMs: number;
  readonly app: string;
  readonly actor: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One application in operation: its coordinator in this process, its workers in processes of their own. */
export class Deployment {
  readonly app: App;
  readonly ports: PinPorts;
  readonly launcher: ProcessLauncher;
  readonly workers = new Map<string, WorkerLife>();
  report: TickReport | undefined;
  /** How often the coordinator has looked. */
  ticks = 0;
  /** Set when the coordinator failed: nothing goes on after that. */
  failure: unknown;
  private readonly stopping = new AbortController();
  private readonly onLine: (line: SeenLine) => void;
  private coordinating: Promise<unknown> = Promise.resolve();

  private constructor(
    app: App,
    options: { ports: PinPorts; launcher: ProcessLauncher; onLine: (line: SeenLine) => void },
  ) {
    this.app = app;
    this.ports = options.ports;
    this.launcher = options.launcher;
    this.onLine = options.onLine;
  }

  /** Opens ports of the coordinator and of the checks. Nothing runs yet. */
  static async open(
    id: string,
    options: {
      places: Places;
      /** How the workers reach the broker. */
      workerBrokers: readonly string[];
      settings: SettingsInput;
      /** Exists once the code of the workers is mended. */
      mendedFile: string;
      onLine: (line: SeenLine) => void;
    },
  ): Promise<Deployment> {
    const { places, settings, mendedFile, onLine } = options;
    const app = chaosApps[id] as App;
    const orders: WorkerOrders = { app: id, settings, places: { ...places, brokers: options.workerBrokers } };
    let deployment: Deployment | undefined;
    const launcher = new ProcessLauncher({
      command: [
        process.execPath,
        fileURLToPath(new URL("./worker-process.ts", import.meta.url)),
        JSON.stringify(orders),
      ],
      environment: { [MENDED_VARIABLE]: mendedFile },
      onLine: (worker, line) => deployment?.workerSaid(worker, line),
      onExit: (worker, how) => deployment?.workerEnded(worker, how),
    });
    const logger = seeingLogger((event, fields) =>
      onLine({ atMs: performance.now(), app: id, actor: "coordinator", event, fields }),
    );
    deployment = new Deployment(app, {
      ports: await openPorts(places, { app: id, clientId: `${id}-coordinator`, logger }),
      launcher,
      onLine,
    });
    deployment.settings = settings;
    return deployment;
  }

  private settings: SettingsInput = {};

  /** Starts the coordinator. */
  start(): void {
    this.coordinating = runCoordinator({
      app: this.app,
      ports: { ...this.ports, launcher: this.launcher },
      settings: parseSettings(this.settings),
      until: "stopped",
      life: { remainingMs: () => undefined, stop: this.stopping.signal },
      onTick: (report) => {
        this.report = report;
        this.ticks++;
      },
    }).catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** Workers whose process runs and on which no fault was put yet. */
  healthy(): readonly WorkerLife[] {
    return [...this.workers.values()].filter(
      ({ ended, fault, pid }) => ended === undefined && fault === undefined && pid > 0,
    );
  }

  /** Pins that the table gives to a worker now. */
  pinsOf(worker: string): readonly number[] {
    return (this.report?.leases ?? []).filter(({ owner }) => owner === worker).map(({ pin }) => pin);
  }

  /** True when nothing is left to do: no lag, no worker, every pin asleep. */
  get drained(): boolean {
    const { report } = this;
    if (report === undefined || report.leases.length < report.pins.length) return false;
    const quiet = report.pins.every(({ lag }) => lag === 0) && report.workers.length === 0;
    return quiet && report.leases.every(({ owner, asleep }) => owner === undefined && asleep) && this.running === 0;
  }

  /** Worker processes that run, frozen ones included. */
  get running(): number {
    return [...this.workers.values()].filter(({ ended }) => ended === undefined).length;
  }

  /** In a sentence, for a wait that took too long. */
  describe(): string {
    const { report } = this;
    const lag = report?.pins.map(({ pin, lag }) => `${pin}:${lag}`).join(" ");
    const leases = report?.leases
      .map(({ pin, owner, asleep, epoch }) => `${pin}:${owner ?? (asleep ? "asleep" : "free")}@${epoch}`)
      .join(" ");
    const failed = this.failure === undefined ? "" : `, coordinator failed: ${String(this.failure)}`;
    return `${this.app.id}: lag ${lag}; leases ${leases}; workers ${report?.workers.map(({ worker }) => worker).join(" ")}; processes ${this.running}${failed}`;
  }

  /** Ends everything, at once: the checks are over or the run has failed. */
  async close(): Promise<void> {
    this.stopping.abort();
    for (const { worker, ended } of this.workers.values())
      if (ended === undefined) this.launcher.signal(worker, "SIGKILL");
    await this.coordinating;
    await this.launcher.close();
    await this.ports.log.close();
  }

  /** Ends the coordinator after its tick; workers go on. */
  async stopCoordinator(): Promise<void> {
    this.stopping.abort();
    await this.coordinating;
  }

  private life(worker: string): WorkerLife {
    let life = this.workers.get(worker);
    if (life === undefined) {
      life = { worker, pid: 0, fault: undefined, ended: undefined, summary: undefined, noise: [] };
      this.workers.set(worker, life);
    }
    return life;
  }

  private workerSaid(worker: string, text: string): void {
    const life = this.life(worker);
    const parsed = parseLine(text);
    if (parsed === undefined) {
      life.noise.push(text);
      return;
    }
    const { event, ...fields } = parsed;
    if (event === "worker-process-started") {
      life.pid = Number(fields["pid"]);
      guardProcess(life.pid);
    }
    if (event === "worker-process-ends") life.summary = fields as unknown as NonNullable<WorkerLife["summary"]>;
    this.onLine({ atMs: performance.now(), app: this.app.id, actor: worker, event, fields });
  }

  private workerEnded(worker: string, how: { code: number | null; signal: string | null }): void {
    const life = this.life(worker);
    life.ended = how;
    if (life.pid > 0) unguardProcess(life.pid);
    this.onLine({
      atMs: performance.now(),
      app: this.app.id,
      actor: worker,
      event: "worker-process-gone",
      fields: how,
    });
  }
}

function parseLine(text: string): ({ event: string } & Record<string, unknown>) | undefined {
  try {
    const parsed = JSON.parse(text) as { event?: unknown };
    return typeof parsed.event === "string" ? (parsed as { event: string }) : undefined;
  } catch {
    return undefined;
  }
}

function seeingLogger(see: (event: string, fields: Readonly<Record<string, unknown>>) => void): Logger {
  const line: Logger["info"] = (event, fields = {}) => see(event, fields);
  return {
    ...silentLogger,
    info: line,
    warn: line,
    error: line,
    with: (base) => seeingLogger((event, fields) => see(event, { ...base, ...fields })),
  };
}
