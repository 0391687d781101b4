import type { Position } from "../application/position.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { Collector } from "./collector.ts";
import type { OpenLayer } from "./pin-state.ts";
import type { RecordQueue } from "./record-queue.ts";
import type { Task } from "./task.ts";

/** What was done since the last commit began: the interpreter's own count, of which the machine gets an `OpenLayer`. */
export class OpenWork {
  private readonly collector: Collector;
  private readonly queues: ReadonlyMap<PartitionKey, RecordQueue>;
  private readonly tasks: () => readonly Task[];
  private records = 0;
  private sentBytes = 0;
  private firstAtMs: number | undefined;

  constructor(of: {
    collector: Collector;
    queues: ReadonlyMap<PartitionKey, RecordQueue>;
    tasks: () => readonly Task[];
  }) {
    this.collector = of.collector;
    this.queues = of.queues;
    this.tasks = of.tasks;
  }

  /** Records and punctuators were processed; the first of them at `startMs`. */
  add(records: number, startMs: number): void {
    this.firstAtMs ??= startMs;
    this.records += records;
  }

  /** Everything encoded so far is about to be sent. */
  send(): void {
    this.sentBytes += this.collector.pendingBytes;
  }

  /** The layer was closed or dropped: the next one is empty. */
  reset(): void {
    this.records = 0;
    this.sentBytes = 0;
    this.firstAtMs = undefined;
    for (const task of this.tasks()) task.commitRequested = false;
  }

  /** The open layer on top of `position`, the last one that was sealed or committed. */
  layer(position: Position | undefined, nowMs: number): OpenLayer {
    const moved = this.records === 0 && this.hasMoved(position);
    if (moved) this.firstAtMs ??= nowMs;
    return {
      records: this.records,
      bytes: this.sentBytes + this.collector.pendingBytes,
      sinceMs: this.firstAtMs ?? nowMs,
      moved,
      fullBatches: this.collector.hasFullBatches,
      commitRequested: this.tasks().some((task) => task.commitRequested),
    };
  }

  /** How long nothing of it can become due; at most a second. Records are due at `commitTimeMs`, a position that only moved after a while. */
  restMs(nowMs: number, due: { readonly commitTimeMs: number; readonly positionOnlyCommitMs: number }): number {
    if (this.firstAtMs === undefined) return 1_000;
    const dueAtMs = this.records > 0 ? due.commitTimeMs : this.firstAtMs + due.positionOnlyCommitMs;
    return Math.min(1_000, Math.max(1, dueAtMs - nowMs));
  }

  private hasMoved(position: Position | undefined): boolean {
    if (position === undefined) return false;
    for (const [key, queue] of this.queues) if (queue.position !== position.inputs[key]) return true;
    return this.tasks().some((task) => task.hasOtherTimers(position));
  }
}
