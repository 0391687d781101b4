import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { guardProcess, unguardProcess } from "../test/support/servers/reaper.ts";

/** One machine-readable line of a client under test. */
export interface ChildEvent {
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** A client under test in a process of its own, so that its processor time can be told apart. */
export interface Child {
  readonly pid: number;
  /**
   * Resolves with the first event of a name and, when asked for, of an application.
   * @throws {Error} when the client ends or fails before, or after the deadline
   */
  event(name: string, deadlineMs: number, application?: string): Promise<ChildEvent>;
  /** Asks it to end, and kills it when it does not within 15 s. */
  stop(): Promise<void>;
}

const patienceMs = 15_000;

/** Starts a client that prints JSON lines on standard output; standard error goes to `logFile`. */
export function startChild(command: readonly string[], logFile: string): Child {
  return new JsonLineChild(command, logFile);
}

class JsonLineChild implements Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #events: ChildEvent[] = [];
  readonly #logFile: string;
  readonly #ended: Promise<void>;
  #end: string | undefined;
  #wake: () => void = () => {};

  constructor(command: readonly string[], logFile: string) {
    this.#logFile = logFile;
    const log = openSync(logFile, "a");
    this.#process = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "pipe", log] });
    closeSync(log);
    this.pid = this.#process.pid ?? 0;
    if (this.pid > 0) guardProcess(this.pid);
    const output = this.#process.stdout;
    if (output !== null) createInterface({ input: output }).on("line", (line) => this.#read(line));
    this.#ended = new Promise((resolve) => {
      const ended = (how: string) => {
        if (this.pid > 0) unguardProcess(this.pid);
        this.#end = how;
        this.#wake();
        resolve();
      };
      this.#process.once("error", (error) => ended(error.message));
      this.#process.once("close", (code, signal) => ended(`exit ${code ?? signal}`));
    });
  }

  async event(name: string, deadlineMs: number, application?: string): Promise<ChildEvent> {
    const wanted = (each: ChildEvent): boolean =>
      each.event === name && (application === undefined || each["application"] === application);
    const giveUpAt = performance.now() + deadlineMs;
    for (;;) {
      const found = this.#events.find(wanted);
      if (found !== undefined) return found;
      const failed = this.#events.find(({ event }) => event === "failed");
      if (failed !== undefined) throw this.#error(String(failed["message"]));
      if (this.#end !== undefined) throw this.#error(`ended (${this.#end}) before ${name}`);
      const leftMs = giveUpAt - performance.now();
      if (leftMs <= 0) throw this.#error(`no ${name} in ${deadlineMs} ms`);
      await this.#woken(leftMs);
    }
  }

  async stop(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#process.kill("SIGTERM");
    const impatient = setTimeout(() => this.#process.kill("SIGKILL"), patienceMs);
    await this.#ended;
    clearTimeout(impatient);
  }

  #read(line: string): void {
    try {
      this.#events.push(JSON.parse(line) as ChildEvent);
      this.#wake();
    } catch {
      // not one of ours: a library printed something
    }
  }

  #woken(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, atMostMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #error(what: string): Error {
    const tail = readFileSync(this.#logFile, "utf8").split("\n").slice(-15).join("\n");
    return new Error(`${this.#process.spawnargs.join(" ").slice(0, 200)} …: ${what}\n${tail}`);
  }
}
