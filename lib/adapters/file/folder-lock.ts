import { linkSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StreamError } from "../../core/errors.ts";
import { isFileError, linkError } from "./file-error.ts";

const LOCK = /^lock-(\d+)$/;
/** Others were faster so many times: enough. */
const TRIES_MAX = 10;

/** Folders that this process has open, each by the one name that it has without links and dots. */
const mine = new Set<string>();

/** A lock file: the process that took the folder with it, 0 when it has let go. */
interface Lock {
  readonly number: number;
  readonly holder: number;
}

/**
 * One process at a time has a folder; the lock of a dead process is taken over.
 *
 * Who made the lock file with the highest number has the folder. Only one process can make the next one, and the highest is never
 * removed: so of two that find the same process dead, one is refused, however late it comes.
 */
export class FolderLock {
  private readonly folder: string;
  private number = 0;

  /** @throws {StreamError} `FOLDER_IN_USE`, `CONFIG_INVALID` where there are no hard links */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.folder = realpathSync(folder);
    if (mine.has(this.folder)) throw inUse(folder, process.pid);
    let newest: Lock | undefined;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      newest = newestLock(this.folder);
      if (newest !== undefined && isAlive(newest.holder)) break;
      this.number = (newest?.number ?? 0) + 1;
      if (!this.tryTake()) continue;
      mine.add(this.folder);
      return;
    }
    throw inUse(folder, newest?.holder ?? 0);
  }

  release(): void {
    if (!mine.delete(this.folder)) return;
    try {
      writeFileSync(this.fileOf(this.number), "0");
    } catch (error) {
      if (!isFileError(error, "ENOENT")) throw error; // the folder was deleted: nobody has it
    }
  }

  private tryTake(): boolean {
    const file = this.fileOf(this.number);
    const draft = join(this.folder, `lock.${process.pid}`);
    writeFileSync(draft, `${process.pid}`);
    try {
      // Made with its content: nobody may read a lock that does not say yet whose it is.
      linkSync(draft, file);
    } catch (error) {
      if (isFileError(error, "EEXIST")) return false;
      throw linkError(error, this.folder) ?? error;
    } finally {
      rmSync(draft, { force: true });
    }
    const numbers = lockNumbers(this.folder);
    if (Math.max(...numbers) > this.number) {
      rmSync(file, { force: true });
      return false;
    }
    for (const number of numbers) if (number < this.number) rmSync(this.fileOf(number), { force: true });
    return true;
  }

  private fileOf(number: number): string {
    return join(this.folder, `lock-${number}`);
  }
}

function lockNumbers(folder: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => LOCK.exec(name)?.slice(1).map(Number) ?? []);
}

function newestLock(folder: string): Lock | undefined {
  const number = Math.max(0, ...lockNumbers(folder));
  if (number === 0) return undefined;
  try {
    return { number, holder: Number(readFileSync(join(folder, `lock-${number}`), "utf8")) };
  } catch (error) {
    // A higher one was made, and this one removed.
    if (isFileError(error, "ENOENT")) return { number, holder: 0 };
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isFileError(error, "EPERM");
  }
}

function inUse(folder: string, pid: number): StreamError {
  const text = `${folder} is in use by process ${pid}: end it first, or choose another folder`;
  return new StreamError("FOLDER_IN_USE", text, { details: { folder, pid } });
}
