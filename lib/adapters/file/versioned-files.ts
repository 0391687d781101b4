import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { folderError, isFileError } from "./file-error.ts";

/** Versions kept of a file: a writer that stood still for fewer updates than this learns exactly what happened. */
const keptVersions = 8;
/** Entries of removed files, and temporary files of writers that died, are swept when they are older than this. */
const leftoverLifeMs = 60 * 60_000;
const attemptsMax = 1_000;

/** What an update does: writes a body, removes the file, or leaves it. */
export type FileChange =
  | { readonly kind: "keep" }
  | { readonly kind: "put"; readonly body: string /** Flushed to the disk first. */; readonly durable: boolean }
  | { readonly kind: "remove" };

/** One version of a file, as its directory entry holds it. A removed file has a last version without body. */
interface Version {
  readonly number: number;
  readonly id: string;
  /** `id` of the version that this one was made from. */
  readonly previous: string | undefined;
  readonly body: string | undefined;
}

/**
 * Files in one folder with an atomic compare-and-set: safe between the processes of one machine, and without locks, so
 * that a process that is frozen or killed in mid-write blocks nobody.
 *
 * Version n of file `x` is the directory entry `x@n`. A writer makes the next version complete under a temporary name
 * and links it to `x@n+1`: the file system lets one writer do that. Readers take the highest version. Old versions are
 * removed, so a writer that stood still for long may link into the hole that they left; it looks once more afterwards.
 *
 * @throws {StreamError} `ACCESS_DENIED`, `CONFIG_INVALID` (no hard links), `LEASE_TABLE_UNAVAILABLE`
 */
export class VersionedFiles {
  readonly #folder: string;
  #made = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The newest body of a file, or undefined. Names must not contain `@` or a path separator. */
  async read(name: string): Promise<string | undefined> {
    return this.#guarded(async () => (await this.#newest(name))?.body);
  }

  /** The newest bodies of all files whose name starts with `prefix`. */
  async list(prefix: string): Promise<string[]> {
    return this.#guarded(async () => {
      const entries = await this.#entries();
      await this.#sweepTemporary(entries);
      const names = new Set(entries.map(nameOf).filter((name) => name?.startsWith(prefix)));
      const bodies = await Promise.all([...names].map((name) => this.#bodyOrSweep(name ?? "")));
      return bodies.filter((body) => body !== undefined);
    });
  }

  /**
   * Applies `step` to the newest body; again, when another update came between.
   *
   * @returns the outcome of the step whose change stands
   */
  async update<Outcome>(
    name: string,
    step: (body: string | undefined) => { readonly change: FileChange; readonly outcome: Outcome },
  ): Promise<Outcome> {
    return this.#guarded(async () => {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const newest = await this.#newest(name);
        const { change, outcome } = step(newest?.body);
        if (change.kind === "keep" || (change.kind === "remove" && newest?.body === undefined)) return outcome;
        const next = {
          number: (newest?.number ?? 0) + 1,
          id: randomUUID(),
          previous: newest?.id,
          body: change.kind === "put" ? change.body : undefined,
        };
        if (await this.#write(name, next, change.kind === "put" && change.durable)) return outcome;
      }
      throw new Error(`${name} was changed by others ${attemptsMax} times in a row`);
    });
  }

  async #write(name: string, next: Version, durable: boolean): Promise<boolean> {
    const temporary = join(this.#folder, `new-${next.id}`);
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(JSON.stringify(next));
      if (durable) await file.datasync();
    } finally {
      await file.close();
    }
    try {
      await link(temporary, this.#path(name, next.number));
    } catch (error) {
      if (isFileError(error, "EEXIST")) return false;
      throw error;
    } finally {
      await unlinkIfThere(temporary);
    }
    if (!(await this.#stands(name, next))) return false;
    await unlinkIfThere(this.#path(name, next.number - keptVersions));
    return true;
  }

  /** Whether a version that was just linked is part of the file's history, and not in a hole below it. */
  async #stands(name: string, version: Version): Promise<boolean> {
    const highest = await this.#highest(name);
    if (highest <= version.number) return true;
    const follower = await this.#readVersion(name, version.number + 1);
    if (follower?.previous === version.id) return true;
    await unlinkIfThere(this.#path(name, version.number));
    return false;
  }

  async #newest(name: string): Promise<Version | undefined> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const highest = await this.#highest(name);
      if (highest === 0) return undefined;
      const version = await this.#readVersion(name, highest);
      // absent: so many updates came between that this version is gone already
      if (version !== undefined) return version;
    }
    throw new Error(`${name} was changed by others ${attemptsMax} times in a row`);
  }

  async #highest(name: string): Promise<number> {
    return Math.max(0, ...(await this.#numbers(name)));
  }

  /** Numbers of the versions that are there, in no order. */
  async #numbers(name: string): Promise<number[]> {
    const start = `${name}@`;
    return (await this.#entries()).filter((entry) => entry.startsWith(start)).map(numberOf);
  }

  async #readVersion(name: string, number: number): Promise<Version | undefined> {
    try {
      return JSON.parse(await readFile(this.#path(name, number), "utf8")) as Version;
    } catch (error) {
      if (isFileError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async #bodyOrSweep(name: string): Promise<string | undefined> {
    const newest = await this.#newest(name);
    const isRemoved = newest !== undefined && newest.body === undefined;
    if (isRemoved && (await isLeftover(this.#path(name, newest.number)))) await this.#sweepRemoved(name, newest.number);
    return newest?.body;
  }

  /** Forgets a removed file. Its last version goes last: without it the one before would be the newest. */
  async #sweepRemoved(name: string, last: number): Promise<void> {
    const earlier = (await this.#numbers(name)).filter((number) => number < last);
    for (const number of [...earlier, last]) await unlinkIfThere(this.#path(name, number));
  }

  async #sweepTemporary(entries: readonly string[]): Promise<void> {
    for (const entry of entries.filter((each) => nameOf(each) === undefined)) {
      const path = join(this.#folder, entry);
      if (await isLeftover(path)) await unlinkIfThere(path);
    }
  }

  async #entries(): Promise<string[]> {
    if (!this.#made) await mkdir(this.#folder, { recursive: true });
    this.#made = true;
    return readdir(this.#folder);
  }

  #path(name: string, number: number): string {
    return join(this.#folder, `${name}@${number}`);
  }

  async #guarded<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw folderError(error, this.#folder);
    }
  }
}

function nameOf(entry: string): string | undefined {
  const at = entry.lastIndexOf("@");
  return at < 0 ? undefined : entry.slice(0, at);
}

function numberOf(entry: string): number {
  return Number(entry.slice(entry.lastIndexOf("@") + 1));
}

async function isLeftover(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > leftoverLifeMs;
  } catch {
    return false;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
  }
}
