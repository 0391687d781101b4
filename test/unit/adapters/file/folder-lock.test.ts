import { spawn } from "node:child_process";
import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { FolderLock } from "../../../../lib/adapters/file/folder-lock.ts";

/** No system gives so high an id. */
const DEAD = "999999999";
const FOLDERS = 60;
const PROCESSES = 4;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "folder-lock-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Takes what it can of numbered folders, each at the same moment as the other processes, and keeps it until its input ends. */
const taker = `
const [module, root, folders] = process.argv.slice(1);
const { FolderLock } = await import(module);
process.stdout.write("ready\\n");
const [startMs] = await new Promise((resolve) => process.stdin.once("data", (data) => resolve([Number(data)])));
const taken = [];
for (let n = 0; n < Number(folders); n++) {
  while (Date.now() < startMs + n * 5);
  try { new FolderLock(root + "/" + n); taken.push(n); } catch (error) { if (error.code !== "FOLDER_IN_USE") throw error; }
}
process.stdout.write(JSON.stringify(taken));
process.stdin.once("end", () => process.exit(0)).resume();
`;

test("of processes that find the same process dead exactly one has its folder", { timeout: 60_000 }, async () => {
  for (let n = 0; n < FOLDERS; n++) {
    mkdirSync(join(root, `${n}`));
    writeFileSync(join(root, `${n}`, "lock-1"), DEAD);
  }
  const module = pathToFileURL(join(import.meta.dirname, "../../../../lib/adapters/file/folder-lock.ts")).href;
  const args = ["--input-type=module", "-e", taker, module, root, `${FOLDERS}`];
  const children = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] }),
  );
  const ready = children.map((child) => new Promise((resolve) => child.stdout.once("data", resolve)));
  await Promise.all(ready);
  const startMs = Date.now() + 50;
  for (const child of children) child.stdin.write(`${startMs}`);
  const answers = children.map((child) => new Promise((resolve) => child.stdout.once("data", resolve)));
  const taken = (await Promise.all(answers)).flatMap((answer) => JSON.parse(`${answer}`) as number[]);
  for (const child of children) child.stdin.end();
  await Promise.all(children.map((child) => text(child.stdout)));
  expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: FOLDERS }, (_, n) => n));
});

test("a folder that was let go is taken with the next number, and lower ones are removed", () => {
  for (const number of [1, 2, 3]) {
    const lock = new FolderLock(root);
    expect(readdirSync(root)).toEqual([`lock-${number}`]);
    lock.release();
  }
  expect(readFileSync(join(root, "lock-3"), "utf8")).toBe("0");
});

test("a folder that was deleted is let go", () => {
  const lock = new FolderLock(root);
  rmSync(root, { recursive: true });
  lock.release();
  new FolderLock(root).release();
});

/** The file system of this process, as it is where links fail. */
function linksFail(code: string): void {
  const { linkSync } = fs;
  onTestFinished(() => {
    fs.linkSync = linkSync;
    syncBuiltinESMExports();
  });
  fs.linkSync = () => {
    throw Object.assign(new Error(`${code}: no, link`), { code, syscall: "link" });
  };
  syncBuiltinESMExports();
}

test.for(["EPERM", "ENOTSUP", "ENOSYS"])("where hard links do not exist, an error says what to do: %s", (code) => {
  linksFail(code);
  expect(() => new FolderLock(root)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("choose another") }),
  );
  expect(readdirSync(root)).toEqual([]);
});
