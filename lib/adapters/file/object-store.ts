import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StreamError } from "../../core/errors.ts";
import { assertByteRange, assertObjectPath, placeRange } from "../../ports/object-path.ts";
import type { ByteRange, CreateOutcome, ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { folderError, isFileError } from "./file-error.ts";
import { fileNameOf, partOf } from "./object-names.ts";

/** Bodies under way; no object is here, because an object's file name has no plain capital letters. */
const PARTIAL_FOLDER = "PARTIAL";
/** No write takes an hour. */
const PARTIAL_LIFE_MS = 60 * 60_000;

/**
 * An object store in a folder, shared by the processes of one machine.
 *
 * A body is written and flushed beside the objects and then linked to its name, which only one writer can: a reader never
 * sees half an object, and what was created survives the end of every process.
 *
 * @param options.folder Made when absent.
 * @example compiled only: it writes to the folder
 * const objects = createFileObjectStore({ folder: ".millrace/objects" });
 */
export function createFileObjectStore(options: { readonly folder: string }): ObjectStore {
  return new FileObjectStore(options.folder);
}

class FileObjectStore implements ObjectStore {
  private readonly folder: string;
  private swept = false;

  constructor(folder: string) {
    this.folder = folder;
  }

  async create(path: string, body: Uint8Array): Promise<CreateOutcome> {
    const file = this.file(path);
    const partial = join(this.folder, PARTIAL_FOLDER, randomUUID());
    try {
      await mkdir(dirname(partial), { recursive: true });
      await mkdir(dirname(file), { recursive: true });
      await this.sweep();
      await writeDurably(partial, body);
      return await this.publish(partial, file);
    } catch (error) {
      throw this.failure(error);
    } finally {
      await rm(partial, { force: true }).catch(() => {}); // a later writer sweeps it
    }
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const file = this.file(path);
    try {
      return await readFile(file);
    } catch (error) {
      if (isFileError(error, "ENOENT", "ENOTDIR")) return undefined;
      throw this.failure(error);
    }
  }

  async readRange(path: string, range: ByteRange): Promise<Uint8Array | undefined> {
    assertByteRange(range);
    const file = this.file(path);
    try {
      await using handle = await open(file, "r");
      const { start, end } = placeRange(range, (await handle.stat()).size);
      const bytes = Buffer.allocUnsafe(end - start);
      let read = 0;
      while (read < bytes.length) {
        const { bytesRead } = await handle.read(bytes, read, bytes.length - read, start + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return bytes.subarray(0, read);
    } catch (error) {
      if (isFileError(error, "ENOENT", "ENOTDIR")) return undefined;
      throw this.failure(error);
    }
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    const found = (await this.paths(prefix)).map((path) => ({ path, bytes: Buffer.from(path) }));
    for (const { path } of found.sort((a, b) => Buffer.compare(a.bytes, b.bytes))) {
      try {
        const { size, mtimeMs } = await stat(this.file(path));
        yield { path, sizeBytes: size, modifiedAtMs: Math.floor(mtimeMs) };
      } catch (error) {
        if (!isFileError(error, "ENOENT", "ENOTDIR")) throw this.failure(error); // else deleted while we listed
      }
    }
  }

  async delete(path: string): Promise<void> {
    const file = this.file(path);
    try {
      await rm(file, { force: true });
    } catch (error) {
      if (!isFileError(error, "ENOTDIR")) throw this.failure(error);
    }
  }

  private async publish(partial: string, file: string): Promise<CreateOutcome> {
    for (;;) {
      try {
        await link(partial, file);
        return { kind: "created" };
      } catch (error) {
        if (!isFileError(error, "EEXIST")) throw error;
      }
      try {
        return { kind: "exists", body: await readFile(file) };
      } catch (error) {
        if (!isFileError(error, "ENOENT")) throw error; // else deleted since: try again
      }
    }
  }

  /** Paths below a prefix, unsorted. */
  private async paths(prefix: string): Promise<string[]> {
    // Only the folder that the prefix names for certain is walked.
    const certain = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const parts = certain.split("/").slice(0, -1);
    if (parts.includes("")) return [];
    const from = join(this.folder, ...parts.map(fileNameOf));
    const paths: string[] = [];
    try {
      for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const below = join(entry.parentPath, entry.name)
          .slice(from.length + 1)
          .split(/[\\/]/);
        const decoded = below.map(partOf);
        const path = certain + decoded.join("/");
        if (!decoded.includes(undefined) && path.startsWith(prefix)) paths.push(path);
      }
    } catch (error) {
      if (!isFileError(error, "ENOENT", "ENOTDIR")) throw this.failure(error);
    }
    return paths;
  }

  private file(path: string): string {
    assertObjectPath(path);
    return join(this.folder, ...path.split("/").map(fileNameOf));
  }

  /** Removes what writers that died left behind; once, because it is only a matter of space. */
  private async sweep(): Promise<void> {
    if (this.swept) return;
    this.swept = true;
    const folder = join(this.folder, PARTIAL_FOLDER);
    for (const name of await readdir(folder)) {
      const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      if (mtimeMs < Date.now() - PARTIAL_LIFE_MS) await rm(join(folder, name), { force: true });
    }
  }

  private failure(error: unknown): StreamError {
    const failure = folderError(error, this.folder);
    if (failure.code !== "LEASE_TABLE_UNAVAILABLE") return failure;
    const reason = error instanceof Error ? error.message : String(error);
    return new StreamError("OBJECT_STORE_UNAVAILABLE", `the object store in ${this.folder} does not work: ${reason}`, {
      details: { folder: this.folder },
      cause: error,
    });
  }
}

async function writeDurably(file: string, body: Uint8Array): Promise<void> {
  await using handle = await open(file, "wx");
  await handle.writeFile(body);
  await handle.datasync();
}
