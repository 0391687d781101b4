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

/**
 * Runs a tool of node_modules or a script with this Node, and waits for its end. Its output goes on ours as it comes, or
 * `at-once` when it has ended, so that tools side by side do not write into each other's lines.
 */
export async function runTool(
  name: string,
  args: readonly string[],
  output: "live" | "at-once" = "live",
): Promise<Ended> {
  const startedMs = performance.now();
  const live = output === "live";
  const color = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(process.execPath, [resolveTarget(name, root), ...args], {
    cwd: root,
    ...(live ? { stdio: "inherit" } : { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...color } }),
  });
  const held: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => held.push(chunk));
  // Ctrl-C reaches the child by itself; we only stay to tell how it ended
  const forward = () => child.kill("SIGTERM");
  const wait = () => {};
  process.on("SIGTERM", forward).on("SIGINT", wait);
  const exitCode = await new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done(code ?? 1));
  });
  process.stdout.write(Buffer.concat(held));
  process.off("SIGTERM", forward).off("SIGINT", wait);
  return { exitCode, seconds: (performance.now() - startedMs) / 1000 };
}
