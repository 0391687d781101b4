import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { resolveTarget } from "./launch.mjs";

/** The folder of package.json. */
export const root: string = fileURLToPath(new URL("..", import.meta.url));

/** How a child ended. */
export interface Ended {
  readonly exitCode: number;
  readonly seconds: number;
}

/** Runs a tool of node_modules or a script with this Node, its output on ours, and waits for its end. */
export async function runTool(name: string, args: readonly string[]): Promise<Ended> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [resolveTarget(name, root), ...args], { cwd: root, stdio: "inherit" });
  // Ctrl-C reaches the child by itself; we only stay to tell how it ended
  const forward = () => child.kill("SIGTERM");
  const wait = () => {};
  process.on("SIGTERM", forward).on("SIGINT", wait);
  const exitCode = await new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code) => done(code ?? 1));
  });
  process.off("SIGTERM", forward).off("SIGINT", wait);
  return { exitCode, seconds: (performance.now() - startedMs) / 1000 };
}
