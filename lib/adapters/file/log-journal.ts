import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";
import { StreamError } from "../../core/errors.ts";
import type { BrokerEvent, LogJournal } from "../memory/log/events.ts";
import { FolderLock } from "./folder-lock.ts";
import { decodeFrame, encodeFrame, JOURNAL_MAGIC } from "./journal-frame.ts";

/** `000001.journal` goes on after the file before it; `000004.base.journal` holds everything before it, too. */
const FILE_NAME = /^(\d{6})(\.base)?\.journal$/;
const FILE_BYTES = 64 * 1024 * 1024;
/** A journal is rewritten at open when more than half of it, and more than this, is of no use any more. */
const WASTE_BYTES = 16 * 1024 * 1024;
/** Buffers that one write may take (`IOV_MAX` is 1024 on Linux and macOS). */
const PIECES_PER_WRITE = 1_000;

/** How a journal is kept. */
export interface LogJournalOptions {
  /**
   * Flushes the disk's cache after every request. Off by default: the end of a process loses nothing then, but a power
   * cut may lose the last requests, always as a whole tail.
   */
  readonly fsync?: boolean;
}

interface JournalFile {
  readonly name: string;
  readonly number: number;
  readonly isBase: boolean;
}

/**
 * Opens the durable form of a memory broker: one ordered journal in a folder of its own.
 *
 * All changes of the broker go through one file in order, so whatever is cut off its end leaves a state that the broker
 * was in. A torn tail is cut at open.
 *
 * @example compiled only: it writes to the folder
 * const journal = openLogJournal("./millrace-data/log");
 * const broker = createMemoryBroker({ clock, random, journal });
 *
 * @throws {StreamError} `FOLDER_IN_USE`; later `CORRUPT_JOURNAL` for damage that is not a torn tail
 */
export function openLogJournal(folder: string, options: LogJournalOptions = {}): LogJournal {
  return new FolderJournal(folder, options.fsync ?? false);
}

class FolderJournal implements LogJournal {
  private readonly folder: string;
  private readonly fsync: boolean;
  private readonly lock: FolderLock;
  private descriptor = -1;
  private fileNumber = 0;
  private fileBytes = 0;
  private totalBytes = 0;

  constructor(folder: string, fsync: boolean) {
    this.folder = folder;
    this.fsync = fsync;
    this.lock = new FolderLock(folder);
  }

  replay(apply: (event: BrokerEvent) => void): void {
    const files = this.liveFiles();
    for (const [index, file] of files.entries()) {
      const isLast = index === files.length - 1;
      const isNext = file.isBase || file.number === (files[index - 1]?.number ?? 0) + 1;
      if (!isNext) throw this.corrupt(file, 0, "the file before it is missing");
      const keptBytes = this.replayFile(file, isLast, apply);
      this.totalBytes += keptBytes;
      this.fileNumber = file.number;
      if (isLast) this.goOn(file, keptBytes);
    }
  }

  append(events: readonly BrokerEvent[]): void {
    if (this.descriptor === -1 || this.fileBytes >= FILE_BYTES) this.startFile();
    this.write(events);
    if (this.fsync) fsyncSync(this.descriptor);
  }

  rewrite(liveBytes: number, events: () => Iterable<BrokerEvent>): void {
    if (this.totalBytes < 2 * liveBytes + WASTE_BYTES) return;
    this.closeFile();
    const number = this.fileNumber + 1;
    const draft = join(this.folder, "rewrite.draft");
    this.descriptor = openSync(draft, "w");
    this.fileBytes = 0;
    this.writeAll([JOURNAL_MAGIC]);
    for (const event of events()) this.write([event]);
    fsyncSync(this.descriptor); // before it takes the place of files that are whole
    const name = join(this.folder, `${numberText(number)}.base.journal`);
    renameSync(draft, name);
    this.fileNumber = number;
    this.totalBytes = this.fileBytes;
    this.liveFiles();
  }

  close(): void {
    this.closeFile();
    this.lock.release();
  }

  /** Files from the last base on; older ones and drafts are of no use and removed. */
  private liveFiles(): readonly JournalFile[] {
    const names = readdirSync(this.folder);
    rmSync(join(this.folder, "rewrite.draft"), { force: true });
    const files = names
      .flatMap((name): JournalFile[] => {
        const match = FILE_NAME.exec(name);
        return match === null ? [] : [{ name, number: Number(match[1]), isBase: match[2] !== undefined }];
      })
      .sort((a, b) => a.number - b.number);
    const base = files.findLast((file) => file.isBase)?.number ?? 0;
    for (const file of files) if (file.number < base) rmSync(join(this.folder, file.name));
    return files.filter((file) => file.number >= base);
  }

  /** @returns bytes of the file that are whole */
  private replayFile(file: JournalFile, isLast: boolean, apply: (event: BrokerEvent) => void): number {
    const content = readFileSync(join(this.folder, file.name));
    if (!content.subarray(0, JOURNAL_MAGIC.length).equals(JOURNAL_MAGIC)) {
      // A process that died while it made the file leaves less than the first bytes.
      if (isLast && JOURNAL_MAGIC.subarray(0, content.length).equals(content)) return 0;
      throw this.corrupt(file, 0, "it does not begin as a journal of a known version");
    }
    let at = JOURNAL_MAGIC.length;
    for (;;) {
      const frame = decodeFrame(content, at);
      if (frame.kind === "end") return at;
      if (frame.kind === "torn") {
        if (isLast && !file.isBase) return at;
        if (isLast && this.hasNothingAfter(content, at)) return at;
        throw this.corrupt(file, at, "an entry is damaged");
      }
      apply(frame.event);
      at = frame.end;
    }
  }

  private hasNothingAfter(content: Buffer, at: number): boolean {
    return content.length - at < 4 || at + 4 + content.readUInt32BE(at) > content.length;
  }

  /** Goes on writing behind what is whole of the last file. */
  private goOn(file: JournalFile, keptBytes: number): void {
    this.descriptor = openSync(join(this.folder, file.name), "r+");
    ftruncateSync(this.descriptor, keptBytes);
    closeSync(this.descriptor);
    this.descriptor = openSync(join(this.folder, file.name), "a");
    this.fileBytes = keptBytes;
    if (keptBytes === 0) this.writeAll([JOURNAL_MAGIC]);
  }

  private startFile(): void {
    this.closeFile();
    this.fileNumber++;
    this.descriptor = openSync(join(this.folder, `${numberText(this.fileNumber)}.journal`), "ax");
    this.fileBytes = 0;
    this.writeAll([JOURNAL_MAGIC]);
  }

  private closeFile(): void {
    if (this.descriptor !== -1) closeSync(this.descriptor);
    this.descriptor = -1;
  }

  private write(events: readonly BrokerEvent[]): void {
    const pieces = events.flatMap(encodeFrame);
    for (let at = 0; at < pieces.length; at += PIECES_PER_WRITE) {
      this.writeAll(pieces.slice(at, at + PIECES_PER_WRITE));
    }
  }

  private writeAll(pieces: readonly Buffer[]): void {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    const written = writevSync(this.descriptor, pieces);
    if (written !== size) throw new Error(`${written} of ${size} bytes were written: the disk may be full`);
    this.fileBytes += size;
    this.totalBytes += size;
  }

  private corrupt(file: JournalFile, at: number, reason: string): StreamError {
    const text = `the log in ${this.folder} is damaged: ${file.name} at byte ${at}: ${reason}`;
    return new StreamError("CORRUPT_JOURNAL", text, { details: { folder: this.folder, file: file.name, at } });
  }
}

function numberText(number: number): string {
  return number.toString().padStart(6, "0");
}
