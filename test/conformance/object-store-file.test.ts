import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileObjectStore } from "../../lib/adapters/file/object-store.ts";
import { objectStoreContract } from "./object-store.ts";

objectStoreContract("files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-objects-"));
  return {
    open: () => createFileObjectStore({ folder }),
    manyObjects: 1_100,
    close: () => rm(folder, { recursive: true }),
  };
});
