import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findJava, findMaven } from "./tools.ts";

const pomFolder = fileURLToPath(new URL("./jars/", import.meta.url));
const modules = ["kafka", "s3proxy", "dynamodb"] as const;
const resolveDeadlineMs = 15 * 60_000;

/** A server that is started from jars. */
export type ServerName = (typeof modules)[number];

/** What is needed to start any of the servers. */
export interface Runtime {
  /** Path of the `java` program. */
  readonly java: string;
  /** Class path per server. */
  readonly classPath: Readonly<Record<ServerName, string>>;
}

/** Thrown when the servers cannot be started here. The message says what to install. */
export class ServersUnavailable extends Error {
  override readonly name = "ServersUnavailable";
}

/**
 * Finds Java and the servers' jars. The first call on a machine resolves the jars with Maven (about 140 MB) into
 * `$XDG_CACHE_HOME/millrace` (default `~/.cache/millrace`), keyed by the content of the poms; later calls need no Maven.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing, or Maven fails
 */
export function findRuntime(): Promise<Runtime> {
  // several servers start at once: they share one search and one download
  found ??= searchRuntime(process.env);
  return found;
}

let found: Promise<Runtime> | undefined;

/** `findRuntime` for other surroundings, and without its memory. */
export async function searchRuntime(env: NodeJS.ProcessEnv): Promise<Runtime> {
  const java = await findJava(env);
  const folder = join(cacheFolder(env), `servers-${await pomHash()}`);
  const cached = existsSync(folder);
  const maven = cached ? undefined : await findMaven(env);
  const missing = [java, maven].flatMap((tool) => (tool?.kind === "missing" ? [tool.install] : []));
  if (missing.length > 0) throw new ServersUnavailable(`install ${missing.join(" and ")}`);
  if (java.kind === "missing") throw new ServersUnavailable(`install ${java.install}`);
  if (maven?.kind === "found") await resolveJars(maven.path, folder);
  const classPath = Object.fromEntries(modules.map((name) => [name, join(folder, name, "*")]));
  return { java: java.path, classPath: classPath as Record<ServerName, string> };
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "millrace");
}

async function pomHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of ["", ...modules]) hash.update(await readFile(join(pomFolder, folder, "pom.xml")));
  return hash.digest("hex").slice(0, 16);
}

/** Resolves into a folder of its own and renames it at the end: a stopped or racing run never leaves half a cache. */
async function resolveJars(maven: string, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  try {
    process.stderr.write("test servers: resolving jars with Maven, once (about 140 MB) …\n");
    await runMaven(maven, fresh);
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // another run was faster: its folder is as good as ours
    if (!existsSync(folder)) throw error;
  }
}

async function runMaven(maven: string, outputFolder: string): Promise<void> {
  const args = ["-q", "-B", "-f", join(pomFolder, "pom.xml"), "dependency:copy-dependencies"];
  // Maven puts each module's own name in
  const output = `-DoutputDirectory=${join(outputFolder, "$" + "{project.artifactId}")}`;
  const child = spawn(maven, [...args, output], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: resolveDeadlineMs,
    shell: process.platform === "win32",
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      text = (text + chunk).slice(-4_000);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new ServersUnavailable(`let Maven reach a repository: it could not resolve the jars\n${text}`);
}
