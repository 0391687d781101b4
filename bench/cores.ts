import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Which processor cores the broker and the client get, or undefined where that cannot be said.
 *
 * Both sides of a comparison get the same cores, so the figure is "per core" and the broker cannot take the client's time.
 */
export interface CorePlan {
  readonly broker: number;
  readonly client: number;
}

/** Core 0 for the broker, core 1 for the client: on Linux with `taskset` and at least two cores. */
export async function planCores(wanted: boolean): Promise<CorePlan | undefined> {
  if (!wanted || process.platform !== "linux" || availableParallelism() < 2) return undefined;
  try {
    await run("taskset", ["--version"]);
    return { broker: 0, client: 1 };
  } catch {
    return undefined;
  }
}

/** Moves a running process with all its threads to one core. */
export async function pinProcess(pid: number, core: number): Promise<void> {
  await run("taskset", ["-a", "-c", "-p", String(core), String(pid)]);
}

/** The command that runs another one on one core. */
export function pinned(command: readonly string[], core: number | undefined): readonly string[] {
  return core === undefined ? command : ["taskset", "-c", String(core), ...command];
}
