import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { guardProcess, unguardProcess } from "./reaper.ts";

const pollMs = 20;
const startDeadlineMs = 120_000;
const stopDeadlineMs = 10_000;

/** Flags for servers that share a small machine with the tests: first-tier compiler, one collector thread, small heap. */
export const lightJvmFlags: readonly string[] = [
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:-UsePerfData",
  "-Xms64m",
  "-Xmx512m",
];

/** A Java program to run. */
export interface JvmCommand {
  readonly java: string;
  readonly classPath: string;
  readonly flags: readonly string[];
  readonly mainClass: string;
  readonly args: readonly string[];
  /** Both outputs are appended here. */
  readonly logFile: string;
}

/** A running Java program. */
export interface JvmProcess {
  readonly pid: number;
  /** Asks it to end (SIGTERM), and kills it when it does not within 10 s. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL). Resolves when it is gone. */
  kill(): Promise<void>;
  /** Stops its threads (SIGSTOP) until `resume`. */
  freeze(): void;
  resume(): void;
  readonly running: boolean;
}

/**
 * Starts a Java program and waits until it is ready. It is killed when this process ends, however that happens.
 *
 * @param isReady Asked again and again; its errors count as "not yet".
 * @throws {Error} with the end of the log, when the program ends or is not ready within 120 s
 */
export async function startJvm(command: JvmCommand, isReady: () => Promise<boolean>): Promise<JvmProcess> {
  const child = spawnJvm(command);
  const jvm = new ChildJvm(child);
  const giveUpAt = performance.now() + startDeadlineMs;
  while (!(await settled(isReady))) {
    if (!jvm.running) throw new Error(`${command.mainClass} ended while starting\n${await logTail(command.logFile)}`);
    if (performance.now() > giveUpAt) {
      await jvm.kill();
      throw new Error(`${command.mainClass} was not ready in ${startDeadlineMs} ms\n${await logTail(command.logFile)}`);
    }
    await delay(pollMs);
  }
  return jvm;
}

/** Runs a Java program to its end. @throws {Error} with the end of the log when it fails */
export async function runJvm(command: JvmCommand): Promise<void> {
  const jvm = new ChildJvm(spawnJvm(command));
  const code = await jvm.ended;
  if (code !== 0) throw new Error(`${command.mainClass} ended with ${code}\n${await logTail(command.logFile)}`);
}

/** Says whether a line has been logged since the log had `fromBytes` bytes. */
export async function hasLogged(logFile: string, text: string, fromBytes: number): Promise<boolean> {
  const log = await readFile(logFile);
  return log.subarray(fromBytes).includes(text);
}

/** Bytes in a log, 0 when it does not exist yet. */
export async function logSize(logFile: string): Promise<number> {
  return stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Says whether an HTTP server answers at all, with whatever status. */
export async function answersHttp(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
  await response.arrayBuffer();
  return true;
}

function spawnJvm(command: JvmCommand): ChildProcess {
  const log = openSync(command.logFile, "a");
  try {
    const args = [...command.flags, "-cp", command.classPath, command.mainClass, ...command.args];
    return spawn(command.java, args, { stdio: ["ignore", log, log] });
  } finally {
    closeSync(log);
  }
}

class ChildJvm implements JvmProcess {
  readonly pid: number;
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  #running = true;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    if (this.pid > 0) guardProcess(this.pid);
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => this.#end(resolve, error.message));
      child.once("exit", (code, signal) => this.#end(resolve, code ?? signal ?? "unknown"));
    });
  }

  get running(): boolean {
    return this.#running;
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGTERM");
    const impatient = setTimeout(() => this.#child.kill("SIGKILL"), stopDeadlineMs);
    await this.ended;
    clearTimeout(impatient);
  }

  async kill(): Promise<void> {
    if (!this.#running) return;
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  #end(resolve: (outcome: number | string) => void, outcome: number | string): void {
    this.#running = false;
    if (this.pid > 0) unguardProcess(this.pid);
    resolve(outcome);
  }
}

async function settled(isReady: () => Promise<boolean>): Promise<boolean> {
  try {
    return await isReady();
  } catch {
    return false;
  }
}

async function logTail(logFile: string): Promise<string> {
  const text = await readFile(logFile, "utf8").catch(() => "");
  return text.split("\n").slice(-30).join("\n");
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
