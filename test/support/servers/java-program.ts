import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { ServersUnavailable } from "./jars.ts";
import { findJava, findMaven } from "./tools.ts";

const run = promisify(execFile);
const buildDeadlineMs = 10 * 60_000;

/** The sources of a Java program of this repository: a Maven project that builds into `-Dprogram.directory`. */
export interface JavaSources {
  /** Name of its folder in the cache. */
  readonly name: string;
  /** Folder of its `pom.xml`. */
  readonly folder: string;
}

/** A Java program, built. */
export interface JavaProgram {
  /** Path of the `java` program. */
  readonly java: string;
  readonly javaVersion: string;
  readonly classPath: string;
}

/**
 * Builds a Java program with Maven into the user's cache folder, once per content of its sources.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing, or the build fails
 */
export async function buildJavaProgram(
  sources: JavaSources,
  env: NodeJS.ProcessEnv = process.env,
): Promise<JavaProgram> {
  const java = await findJava(env);
  if (java.kind === "missing") throw new ServersUnavailable(`install ${java.install}`);
  const cache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "millrace");
  const folder = join(cache, `${sources.name}-${await sourcesHash(sources)}`);
  if (!existsSync(folder)) await build(sources, folder, env);
  return {
    java: java.path,
    javaVersion: /version "([^"]+)"/.exec(java.version)?.[1] ?? "unknown",
    classPath: [join(folder, "classes"), join(folder, "libraries", "*")].join(delimiter),
  };
}

async function sourcesHash({ folder }: JavaSources): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(java|xml|properties)$/.test(entry.name));
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).sort()) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}

/** Builds into a folder of its own and renames it at the end: a stopped or racing build never leaves half a program. */
async function build(sources: JavaSources, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const maven = await findMaven(env);
  if (maven.kind === "missing") throw new ServersUnavailable(`install ${maven.install}`);
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  try {
    process.stderr.write(`building ${sources.name} with Maven, once (about 100 MB) …\n`);
    const args = ["-q", "-B", "-Dstyle.color=never", "-f", join(sources.folder, "pom.xml"), "package"];
    await run(maven.path, [...args, `-Dprogram.directory=${fresh}`], {
      env,
      timeout: buildDeadlineMs,
      shell: process.platform === "win32",
    });
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const { stdout = "", message } = error as Error & { stdout?: string };
    if (!existsSync(folder))
      throw new ServersUnavailable(`let Maven build ${sources.name}: ${message}\n${stdout.slice(-4_000)}`);
  }
}
