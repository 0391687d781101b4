import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileNameOf, partOf } from "../../../../lib/adapters/file/object-names.ts";
import { createFileObjectStore } from "../../../../lib/adapters/file/object-store.ts";

describe("file names", () => {
  test.for([
    ["pin-3", "pin-3"],
    ["0000000000000007-000000000012-5f0c.snap", "0000000000000007-000000000012-5f0c.snap"],
    ["Upper", "%55pper"],
    ["..", "%2e%2e"],
    [".hidden", "%2ehidden"],
    ["trailing.", "trailing%2e"],
    ["a b%c", "a%20b%25c"],
    ["ü", "%c3%bc"],
    ["con:\\nul", "con%3a%5cnul"],
  ])("'%s' is the file '%s' and reads back", ([part = "", name = ""]) => {
    expect(fileNameOf(part)).toBe(name);
    expect(partOf(name)).toBe(part);
  });

  test.for(["PARTIAL", "Upper", "%zz", "%61", "%C3%BC", ".DS_Store", "a b"])("'%s' is no object's file", (name) => {
    expect(partOf(name)).toBeUndefined();
  });
});

describe("a store in a folder", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "millrace-objects-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("makes its folder and leaves nothing half done", async () => {
    const objects = createFileObjectStore({ folder: join(folder, "not", "yet") });
    await objects.create("a/b", Buffer.from("x"));
    await objects.create("a/b", Buffer.from("y"));
    expect(await readdir(join(folder, "not", "yet", "PARTIAL"))).toEqual([]);
  });

  test("removes what a dead writer left behind, but not what one is writing", async () => {
    await mkdir(join(folder, "PARTIAL"));
    for (const name of ["old", "new"]) await writeFile(join(folder, "PARTIAL", name), "half");
    await utimes(join(folder, "PARTIAL", "old"), 1, 1);
    await createFileObjectStore({ folder }).create("a", Buffer.from("x"));
    expect(await readdir(join(folder, "PARTIAL"))).toEqual(["new"]);
  });

  test("does not list files that are not objects", async () => {
    const objects = createFileObjectStore({ folder });
    await objects.create("a", Buffer.from("x"));
    await writeFile(join(folder, ".DS_Store"), "");
    const found: string[] = [];
    for await (const { path } of objects.list("")) found.push(path);
    expect(found).toEqual(["a"]);
  });

  test("in a place that is a file is an error that names the folder", async () => {
    const place = join(folder, "file");
    await writeFile(place, "");
    await expect(createFileObjectStore({ folder: place }).create("a", Buffer.from("x"))).rejects.toMatchObject({
      code: "OBJECT_STORE_UNAVAILABLE",
      details: { folder: place },
    });
  });
});
