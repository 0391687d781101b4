import type { Launcher, WorkerSpec } from "../../ports/launcher.ts";
import type { Log } from "../../ports/log.ts";
import type { PinPorts } from "../../task/pin-acquire.ts";
import { type RunWorkerOptions, runWorker } from "../../worker/run-worker.ts";
import type { Worker, WorkerSummary } from "../../worker/worker.ts";
import { LineSwitch, severable } from "./severable.ts";

/** How workers run in this process. */
export interface InProcessLauncherOptions extends Pick<RunWorkerOptions, "app" | "settings"> {
  /** Ports of a new worker: connections of its own, so that cutting one leaves the others alone. */
  readonly ports: (worker: string, line: LineSwitch) => Promise<PinPorts>;
  readonly onExit?: (worker: string, summary: WorkerSummary | undefined, error: unknown) => void;
}

interface Entry {
  readonly line: LineSwitch;
  readonly stop: AbortController;
  ended: Promise<void>;
  worker: Worker | undefined;
  /** Its own connection. */
  log: Log | undefined;
}

/**
 * Starts workers inside this process, each behind a line that can be cut: a killed one behaves like a dead process.
 */
export class InProcessLauncher implements Launcher {
  private readonly options: InProcessLauncherOptions;
  private readonly entries = new Map<string, Entry>();

  constructor(options: InProcessLauncherOptions) {
    this.options = options;
  }

  async start({ worker }: WorkerSpec): Promise<void> {
    if (this.entries.has(worker)) return;
    const line = new LineSwitch();
    const stop = new AbortController();
    const entry: Entry = { line, stop, worker: undefined, log: undefined, ended: Promise.resolve() };
    this.entries.set(worker, entry);
    entry.ended = this.run(worker, entry);
  }

  private async run(worker: string, entry: Entry): Promise<void> {
    const { app, settings, onExit } = this.options;
    const { line, stop } = entry;
    let summary: WorkerSummary | undefined;
    let failure: unknown;
    try {
      const open = await this.options.ports(worker, line);
      entry.log = open.log;
      if (line.isCut) return await closeQuietly(open.log); // killed meanwhile: nobody else knows of this connection
      const ports: PinPorts = {
        ...open,
        log: severable(open.log, line),
        leases: severable(open.leases, line),
        objects: severable(open.objects, line),
        clock: severable(open.clock, line),
      };
      const life = { remainingMs: () => undefined, stop: stop.signal };
      const onStart = (running: Worker): void => {
        entry.worker = running;
      };
      summary = await runWorker({ app, settings, ports, worker, life, onStart });
    } catch (error) {
      failure = error;
    }
    await closeQuietly(entry.log);
    if (line.isCut) return;
    this.entries.delete(worker);
    onExit?.(worker, summary, failure);
  }

  async list(): Promise<readonly string[]> {
    return [...this.entries.keys()];
  }

  /** The running worker, for status pages. */
  worker(id: string): Worker | undefined {
    return this.entries.get(id)?.worker;
  }

  async stop(worker: string): Promise<void> {
    this.entries.get(worker)?.stop.abort();
  }

  /** Cuts the worker's line: whatever it does now, even in mid-commit, gets no answer any more. @returns false when it is gone */
  async kill(worker: string): Promise<boolean> {
    const entry = this.entries.get(worker);
    if (entry === undefined) return false;
    entry.line.cut();
    this.entries.delete(worker);
    await closeQuietly(entry.log); // as the system does for a dead process
    return true;
  }

  /** Stops every worker and waits until each has released its pins. */
  async close(): Promise<void> {
    const entries = [...this.entries.values()];
    for (const { stop } of entries) stop.abort();
    await Promise.all(entries.map(({ ended }) => ended));
  }
}

async function closeQuietly(log: Log | undefined): Promise<void> {
  await log?.close().catch(() => undefined);
}
