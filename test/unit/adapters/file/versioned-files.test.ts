import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderError } from "../../../../lib/adapters/file/file-error.ts";
import { VersionedFiles } from "../../../../lib/adapters/file/versioned-files.ts";

let folder = "";
let files: VersionedFiles;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-files-"));
  files = new VersionedFiles(folder);
});
afterEach(() => rm(folder, { recursive: true }));

function append(name: string, text: string) {
  return files.update(name, (body) => ({
    change: { kind: "put", body: (body ?? "") + text, durable: false },
    outcome: (body ?? "") + text,
  }));
}

const remove = (name: string) =>
  files.update(name, () => ({ change: { kind: "remove" }, outcome: undefined }) as const);

test("a file has the newest body", async () => {
  expect(await files.read("x")).toBeUndefined();
  await append("x", "a");
  await append("x", "b");
  expect(await files.read("x")).toBe("ab");
});

test("old versions and temporary files go", async () => {
  for (let index = 0; index < 30; index++) await append("x", ".");
  const entries = await readdir(folder);
  expect(entries).toHaveLength(8);
  expect(entries).toContain("x@30");
});

test("a removed file is absent, and its name can be used again", async () => {
  await append("x", "a");
  await remove("x");
  expect([await files.read("x"), await files.list("x")]).toEqual([undefined, []]);
  await append("x", "b");
  expect(await files.list("x")).toEqual(["b"]);
});

test("traces of a removed file and of writers that died are swept when they are old", async () => {
  for (const text of ["a", "b", "c"]) await append("x", text);
  await remove("x");
  await writeFile(join(folder, "new-0123"), "torn");
  await writeFile(join(folder, "new-4567"), "in the making");
  const longAgo = new Date(Date.now() - 2 * 60 * 60_000);
  for (const entry of ["x@1", "x@2", "x@3", "x@4", "new-0123"]) await utimes(join(folder, entry), longAgo, longAgo);
  expect(await files.list("")).toEqual([]);
  expect(await readdir(folder)).toEqual(["new-4567"]);
  expect(await files.list("")).toEqual([]);
});

test("a writer that stood still while others wrote on does not lose their updates", async () => {
  await append("x", "a");
  let overtaken = false;
  const outcome = await files.update("x", (body) => {
    const before = body ?? "";
    return { change: { kind: "put", body: `${before}z`, durable: false }, outcome: before };
  });
  expect(outcome).toBe("a");
  // the step is where a frozen process stands: it has read, and has not written
  const slow = new VersionedFiles(folder);
  const writes: Promise<string>[] = [];
  await slow.update("x", (body) => {
    if (!overtaken) for (let index = 0; index < 20; index++) writes.push(append("x", "o"));
    overtaken = true;
    return { change: { kind: "put", body: `${body}s`, durable: true }, outcome: undefined };
  });
  await Promise.all(writes);
  const body = (await files.read("x")) ?? "";
  expect([...body].sort().join("")).toBe(`a${"o".repeat(20)}sz`);
});

test("a version linked into the hole below the newest ones does not count", async () => {
  for (let index = 0; index < 10; index++) await append("x", ".");
  // what a writer leaves that had read version 0, stood still for ten updates, and was killed after its link
  await writeFile(join(folder, "x@1"), JSON.stringify({ number: 1, id: "late", body: "late" }));
  expect(await files.read("x")).toBe("..........");
  await append("x", "!");
  expect(await files.read("x")).toBe("..........!");
});

test("updates of many processes at once are all there", { timeout: 30_000 }, async () => {
  const module = new URL("../../../../lib/adapters/file/versioned-files.ts", import.meta.url).href;
  const script = `
    const { VersionedFiles } = await import(${JSON.stringify(module)});
    const files = new VersionedFiles(${JSON.stringify(folder)});
    for (let index = 0; index < 40; index++) {
      await files.update("counter", (body) => ({
        change: { kind: "put", body: String(Number(body ?? 0) + 1), durable: false }, outcome: undefined,
      }));
    }
  `;
  const args = ["--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", script];
  const children = Array.from({ length: 3 }, () => spawn(process.execPath, args, { stdio: "inherit" }));
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  expect(codes).toEqual([0, 0, 0]);
  expect(await files.read("counter")).toBe("120");
});

describe("a failure of the file system", () => {
  const failure = (code: string, syscall: string) => Object.assign(new Error(`${code}: no`), { code, syscall });

  test.for([
    ["EACCES", "open", "ACCESS_DENIED"],
    ["EROFS", "open", "ACCESS_DENIED"],
    ["EPERM", "link", "CONFIG_INVALID"],
    ["ENOTSUP", "link", "CONFIG_INVALID"],
    ["ENOSPC", "write", "LEASE_TABLE_UNAVAILABLE"],
  ] as const)("%s of %s is %s", ([code, syscall, expected]) => {
    const error = folderError(failure(code, syscall), "/data");
    expect(error).toMatchObject({ code: expected, details: { folder: "/data" } });
  });

  test("is typed when it happens", async () => {
    await writeFile(join(folder, "plain"), "");
    const below = new VersionedFiles(join(folder, "plain", "below"));
    await expect(below.read("x")).rejects.toMatchObject({ code: "LEASE_TABLE_UNAVAILABLE" });
  });
});
