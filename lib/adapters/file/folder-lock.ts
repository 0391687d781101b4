import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StreamError } from "../../core/errors.ts";
import { isFileError } from "./file-error.ts";

const LOCK_FILE = "lock";

/** Folders that this process has open, each by the one name that it has without links and dots. */
const mine = new Set<string>();

/** One process at a time has a folder; the lock of a dead process is taken over. */
export class FolderLock {
  private readonly folder: string;
  private readonly file: string;

  /** @throws {StreamError} `FOLDER_IN_USE` */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.folder = realpathSync(folder);
    this.file = join(this.folder, LOCK_FILE);
    if (mine.has(this.folder)) throw inUse(folder, process.pid);
    if (!this.tryTake()) {
      const holder = Number(readFileSync(this.file, "utf8"));
      if (isAlive(holder)) throw inUse(folder, holder);
      rmSync(this.file, { force: true });
      if (!this.tryTake()) throw inUse(folder, holder);
    }
    mine.add(this.folder);
  }

  release(): void {
    if (!mine.delete(this.folder)) return;
    rmSync(this.file, { force: true });
  }

  private tryTake(): boolean {
    try {
      writeFileSync(this.file, `${process.pid}`, { flag: "wx" });
      return true;
    } catch (error) {
      if (isFileError(error, "EEXIST")) return false;
      throw error;
    }
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
