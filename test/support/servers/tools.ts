import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const oldestJava = 17;
const onWindows = process.platform === "win32";

/** A program that was looked for on this machine: its path, or what to install. */
export type ToolSearch =
  | { readonly kind: "found"; readonly path: string; readonly version: string }
  | { readonly kind: "missing"; readonly install: string };

/** Finds a Java runtime that runs the servers: `JAVA_HOME` first, then the search path. */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<ToolSearch> {
  const home = env["JAVA_HOME"];
  const candidates = [...(home ? [join(home, "bin", "java")] : []), "java"];
  const seen: string[] = [];
  for (const path of candidates) {
    // java prints its version on stderr
    const version = await versionOf(path, ["-version"], env);
    const major = version === undefined ? undefined : javaMajor(version);
    if (version !== undefined && major !== undefined && major >= oldestJava) return { kind: "found", path, version };
    if (major !== undefined) seen.push(`${path} is version ${major}`);
  }
  const found = seen.length > 0 ? ` (found: ${seen.join(", ")})` : "";
  return { kind: "missing", install: `Java ${oldestJava} or newer, on the PATH or as JAVA_HOME${found}` };
}

/** Finds Maven, which resolves the servers' jars once. */
export async function findMaven(env: NodeJS.ProcessEnv = process.env): Promise<ToolSearch> {
  const path = onWindows ? "mvn.cmd" : "mvn";
  const version = await versionOf(path, ["-version"], env);
  if (version !== undefined) return { kind: "found", path, version };
  return { kind: "missing", install: "Apache Maven (mvn), on the PATH" };
}

/** The feature release in the output of `java -version`: 17 of `"17.0.15"`, 8 of `"1.8.0_402"`. */
export function javaMajor(versionOutput: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(versionOutput);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

async function versionOf(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(path, [...args], { env, timeout: 30_000, shell: onWindows });
    return stdout + stderr;
  } catch {
    return undefined;
  }
}
