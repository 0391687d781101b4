import { expect } from "vitest";
import type { LeaseRow, LeaseTable, SnapshotPointer, WorkerReport } from "../../../lib/ports/lease-table.ts";

/** An adapter under test: rows that any number of clients share. */
export interface LeaseTableSubject {
  /** A client of its own on the rows of one application. */
  open(app: string, generation: number): LeaseTable;
  /** Has the next write done and its answer lost. Absent where answers cannot be lost. */
  readonly loseNextWriteAnswer?: () => void;
  close(): Promise<void>;
}

/** What every case has: an application of its own, and a client of its table. */
export class LeaseTableCase {
  readonly #start: () => Promise<LeaseTableSubject>;
  #subject: LeaseTableSubject | undefined;
  #table: LeaseTable | undefined;
  #count = 0;

  constructor(start: () => Promise<LeaseTableSubject>) {
    this.#start = start;
  }

  get subject(): LeaseTableSubject {
    return this.#subject ?? expect.fail("the subject has not started");
  }

  get table(): LeaseTable {
    return this.#table ?? expect.fail("no case has begun");
  }

  get app(): string {
    return `app-${this.#count}`;
  }

  async start(): Promise<void> {
    this.#subject = await this.#start();
  }

  /** Goes to an application that nobody has used. */
  begin(): void {
    this.#count++;
    this.#table = this.another();
  }

  /** Another client of the case's table. */
  another(): LeaseTable {
    return this.subject.open(this.app, 1);
  }

  /** Claims a pin that must be free. */
  async claimed(pin: number, worker: string): Promise<LeaseRow> {
    const outcome = await this.table.claim(pin, worker);
    expect(outcome.kind).toBe("claimed");
    return outcome.row;
  }

  async close(): Promise<void> {
    await this.#subject?.close();
  }
}

/** A report of a worker that does nothing, but for what is given. */
export function report(changes: Partial<WorkerReport>): WorkerReport {
  return {
    instance: "first",
    status: "ready",
    held: [],
    stopped: [],
    positions: {},
    recordsPerBusySecond: 0,
    recordsTotal: 0,
    busyRatio: 0,
    nextTimerAtMs: undefined,
    remainingMs: undefined,
    ...changes,
  };
}

/** A pointer of version 1 and epoch 1, but for what is given. */
export function pointer(changes: Partial<SnapshotPointer>): SnapshotPointer {
  return {
    path: "app/1/pin-0/snapshot",
    manifestOffset: 1_234_567,
    manifestLength: 890,
    version: 1,
    epoch: 1,
    publishedAtMs: 1_795_000_000_000,
    ...changes,
  };
}
