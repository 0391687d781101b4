import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ServersUnavailable } from "../test/support/servers/jars.ts";
import { findJava, findMaven } from "../test/support/servers/tools.ts";

const run = promisify(execFile);
const sourceFolder = fileURLToPath(new URL("./kafka-streams/", import.meta.url));
const buildDeadlineMs = 10 * 60_000;

/** The Java programs of `bench/kafka-streams`. */
export type PeerProgram = "Load" | "Pace" | "Application" | "Check";

/** The built Java peer. */
export interface JavaPeer {
  /** Command line of one of its programs; arguments become `name=value`. */
  command(program: PeerProgram, args: Readonly<Record<string, string | number>>): readonly string[];
  readonly javaVersion: string;
}

/**
 * Builds the Kafka Streams peer with Maven into the user's cache folder, once per content of its sources.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing, or the build fails
 */
export async function buildJavaPeer(env: NodeJS.ProcessEnv = process.env): Promise<JavaPeer> {
  const java = await findJava(env);
  if (java.kind === "missing") throw new ServersUnavailable(`install ${java.install}`);
  const cache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "millrace");
  const folder = join(cache, `kafka-streams-peer-${await sourcesHash()}`);
  if (!existsSync(folder)) await build(folder, env);
  const classPath = [join(folder, "classes"), join(folder, "libraries", "*")].join(delimiter);
  return {
    command: (program, args) => [
      java.path,
      "-Xmx1g",
      "-cp",
      classPath,
      `millrace.bench.${program}`,
      ...Object.entries(args).map(([name, value]) => `${name}=${value}`),
    ],
    javaVersion: /version "([^"]+)"/.exec(java.version)?.[1] ?? "unknown",
  };
}

async function sourcesHash(): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(sourceFolder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes("target"));
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).sort()) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}

/** Builds into a folder of its own and renames it at the end: a stopped or racing build never leaves half a peer. */
async function build(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const maven = await findMaven(env);
  if (maven.kind === "missing") throw new ServersUnavailable(`install ${maven.install}`);
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  try {
    process.stderr.write("bench: building the Kafka Streams peer with Maven, once (about 100 MB) …\n");
    const args = ["-q", "-B", "-Dstyle.color=never", "-f", join(sourceFolder, "pom.xml"), "package"];
    await run(maven.path, [...args, `-Dpeer.directory=${fresh}`], {
      env,
      timeout: buildDeadlineMs,
      shell: process.platform === "win32",
    });
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const { stdout = "", message } = error as Error & { stdout?: string };
    if (!existsSync(folder))
      throw new ServersUnavailable(`let Maven build the peer: ${message}\n${stdout.slice(-4_000)}`);
  }
}
