import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

let reaper: ChildProcess | undefined;

/** Has a process killed when this one ends, however it ends. */
export function guardProcess(pid: number): void {
  tell(`+pid ${pid}`);
}

/** Stops guarding a process that has ended: its id may be given to another. */
export function unguardProcess(pid: number): void {
  tell(`-pid ${pid}`);
}

/** Makes a temporary folder that is removed when this process ends, however it ends. */
export async function guardedFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `millrace-${name}-`));
  tell(`+folder ${folder}`);
  return folder;
}

/** Removes a guarded folder now. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  tell(`-folder ${folder}`);
}

function tell(line: string): void {
  reaper ??= startReaper();
  reaper.stdin?.write(`${line}\n`);
}

/** Detached, so that Ctrl-C in a terminal reaches us and not the reaper; unreferenced, so that it keeps nobody alive. */
function startReaper(): ChildProcess {
  const script = fileURLToPath(new URL("./reaper.mjs", import.meta.url));
  const child = spawn(process.execPath, [script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.unref();
  const stdin = child.stdin as (typeof child.stdin & { unref?: () => void }) | null;
  stdin?.unref?.();
  stdin?.on("error", () => {
    // the reaper was killed: nothing guards us, and nothing is lost by it
  });
  return child;
}
