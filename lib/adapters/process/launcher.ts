import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Launcher, WorkerSpec } from "../../ports/launcher.ts";

/** How a worker process is started. */
export interface ProcessLauncherOptions {
  /** Program and arguments; the worker's id is appended as the last argument. */
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** How long a worker gets between SIGTERM and SIGKILL at `close`; 10 s by default. */
  readonly closeGraceMs?: number;
  /** A line that a worker wrote: its log, one JSON object per line. */
  readonly onLine?: (worker: string, line: string) => void;
  readonly onExit?: (worker: string, how: { readonly code: number | null; readonly signal: string | null }) => void;
}

const CLOSE_GRACE_MS = 10_000;

/**
 * Starts workers as child processes on this machine.
 *
 * @example
 * const launcher = new ProcessLauncher({ command: [process.execPath, "worker.js"] });
 * await launcher.start({ worker: "w-1" });
 * await launcher.kill("w-1"); // SIGKILL: no clean-up code runs
 */
export class ProcessLauncher implements Launcher {
  private readonly options: ProcessLauncherOptions;
  private readonly children = new Map<string, ChildProcess>();

  constructor(options: ProcessLauncherOptions) {
    this.options = options;
  }

  async start({ worker }: WorkerSpec): Promise<void> {
    if (this.children.has(worker)) return;
    const [program = process.execPath, ...args] = this.options.command;
    const child = spawn(program, [...args, worker], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.options.environment },
    });
    this.children.set(worker, child);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => this.options.onLine?.(worker, line));
    }
    child.once("exit", (code, signal) => {
      this.children.delete(worker);
      this.options.onExit?.(worker, { code, signal });
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", () => resolve());
      // Later it is a signal that could not be sent: the exit tells.
      child.on("error", (error) => {
        if (child.pid === undefined) this.children.delete(worker);
        reject(error);
      });
    });
  }

  async list(): Promise<readonly string[]> {
    return [...this.children.keys()];
  }

  async stop(worker: string): Promise<void> {
    this.children.get(worker)?.kill("SIGTERM");
  }

  /** SIGKILL. @returns false when there is no such process any more */
  async kill(worker: string): Promise<boolean> {
    return this.children.get(worker)?.kill("SIGKILL") ?? false;
  }

  /** Any other signal, for tests: SIGSTOP and SIGCONT. */
  signal(worker: string, signal: NodeJS.Signals): boolean {
    return this.children.get(worker)?.kill(signal) ?? false;
  }

  /** Stops every worker and waits for it; who does not end in time is killed. */
  async close(): Promise<void> {
    const { closeGraceMs = CLOSE_GRACE_MS } = this.options;
    const ended = [...this.children.values()].map(
      (child) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(() => child.kill("SIGKILL"), closeGraceMs);
          child.once("exit", () => {
            clearTimeout(timer);
            resolve();
          });
          child.kill("SIGTERM");
        }),
    );
    await Promise.all(ended);
  }
}
