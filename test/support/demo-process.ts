import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { guardProcess, unguardProcess } from "./servers/reaper.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A running `npm start`. */
export interface DemoProcess {
  /** Address of the page. */
  readonly url: string;
  /** From the start of the process to the line that names the page. */
  readonly upAfterMs: number;
  /** Ctrl-C, then the exit code. */
  stop(): Promise<number | null>;
}

/**
 * Runs what `npm start` runs, with more arguments, until its page is up.
 *
 * @throws {Error} with everything it wrote, when it ends or stays silent instead
 */
export async function startDemo(args: readonly string[]): Promise<DemoProcess> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...startScript(), "--port", "0", "--json", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.pid !== undefined) guardProcess(child.pid);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const url = await pageOf(child);
  return {
    url,
    upAfterMs: performance.now() - startedMs,
    stop: async () => {
      child.kill("SIGINT");
      const code = await exited;
      if (child.pid !== undefined) unguardProcess(child.pid);
      return code;
    },
  };
}

/** Arguments of the script `start`: what npm would give to Node. */
function startScript(): readonly string[] {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { scripts: { start: string } };
  const [node, ...args] = manifest.scripts.start.split(" ");
  if (node !== "node") throw new Error(`the script "start" does not begin with node: ${manifest.scripts.start}`);
  return args;
}

function pageOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let written = "";
    const fail = (why: string): void => reject(new Error(`npm start ${why}; it wrote:\n${written}`));
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      fail("named no page within 60 s");
    }, 60_000);
    const read = (chunk: Buffer): void => {
      written = (written + chunk.toString("utf8")).slice(-20_000);
      const url = /"event":"page-ready","url":"([^"]+)"/.exec(written)?.[1];
      if (url === undefined) return;
      clearTimeout(limit);
      resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => {
      clearTimeout(limit);
      fail(`ended with ${code}`);
    });
  });
}
