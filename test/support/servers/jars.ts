import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findJava, findMaven } from "./tools.ts";

const pomFolder = fileURLToPath(new URL("./jars/", import.meta.url));
/** Jars that are resolved together: the servers of every run, and older brokers where a test asks for one. */
const sets = [["kafka", "s3proxy", "dynamodb"], ["kafka-3.9"]] as const;
const resolveDeadlineMs = 15 * 60_000;

type ServerSet = (typeof sets)[number];
/** A server that is started from jars. */
export type ServerName = ServerSet[number];

/** What is needed to start a server. */
export interface ServerJars {
  /** Path of the `java` program. */
  readonly java: string;
  readonly classPath: string;
}

/** Thrown when the servers cannot be started here. The message says what to install. */
export class ServersUnavailable extends Error {
  override readonly name = "ServersUnavailable";
}

/**
 * Finds Java and a server's jars. The first call on a machine resolves them with Maven (about 140 MB for the servers of
 * every run, 100 MB for an older broker) into `$XDG_CACHE_HOME/millrace` (default `~/.cache/millrace`), keyed by the content
 * of the poms; later calls need no Maven.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing, or Maven fails
 */
export async function findJars(server: ServerName): Promise<ServerJars> {
  const set = setOf(server);
  // several servers start at once: they share one search and one download
  const search = found.get(set) ?? searchJars(process.env, set);
  found.set(set, search);
  const { java, folder } = await search;
  return { java, classPath: join(folder, server, "*") };
}

const found = new Map<ServerSet, ReturnType<typeof searchJars>>();

/** The search of `findJars` for other surroundings, and without its memory. */
export async function searchJars(
  env: NodeJS.ProcessEnv,
  set: ServerSet = sets[0],
): Promise<{ readonly java: string; readonly folder: string }> {
  const java = await findJava(env);
  const name = set === sets[0] ? "servers" : set.join("-");
  const folder = join(cacheFolder(env), `${name}-${await pomHash(set)}`);
  const cached = existsSync(folder);
  const maven = cached ? undefined : await findMaven(env);
  const missing = [java, maven].flatMap((tool) => (tool?.kind === "missing" ? [tool.install] : []));
  if (missing.length > 0) throw new ServersUnavailable(`install ${missing.join(" and ")}`);
  if (java.kind === "missing") throw new ServersUnavailable(`install ${java.install}`);
  if (maven?.kind === "found") await resolveJars(maven.path, folder, set);
  return { java: java.path, folder };
}

function setOf(server: ServerName): ServerSet {
  return sets.find((set) => (set as readonly ServerName[]).includes(server)) ?? sets[0];
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "millrace");
}

async function pomHash(set: ServerSet): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of ["", ...set]) hash.update(await readFile(join(pomFolder, folder, "pom.xml")));
  return hash.digest("hex").slice(0, 16);
}

/** Resolves into a folder of its own and renames it at the end: a stopped or racing run never leaves half a cache. */
async function resolveJars(maven: string, folder: string, set: ServerSet): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  try {
    process.stderr.write(`test servers: resolving jars of ${set.join(", ")} with Maven, once (above 100 MB) …\n`);
    await runMaven(maven, fresh, set);
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // another run was faster: its folder is as good as ours
    if (!existsSync(folder)) throw error;
  }
}

async function runMaven(maven: string, outputFolder: string, set: ServerSet): Promise<void> {
  const args = ["-q", "-B", "-f", join(pomFolder, "pom.xml"), "-pl", set.join(","), "dependency:copy-dependencies"];
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
