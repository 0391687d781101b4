import type { RowLayers } from "./row-layers.ts";
import { INLINE_BYTES } from "./rows.ts";
import { type FrozenRow, mergeRuns, sortRun } from "./sorted-runs.ts";
import type { FrozenRows, RowSink } from "./store.ts";

/** Rows that are collected and sorted in one go: about 2 ms. */
const RUN_ROWS = 1024;

/** What is frozen. */
interface FrozenOptions {
  /** Number of the freeze in its store. */
  readonly freeze: number;
  readonly slots: IterableIterator<number>;
  /** Rows in it. */
  readonly count: number;
  readonly withTombstones: boolean;
}

/**
 * A committed layer at one moment. Taking it costs nothing per row: rows are collected slice by slice, and what changes
 * before its turn is kept aside first (copy on write).
 */
export class FrozenLayer implements FrozenRows {
  readonly count: number;
  private readonly layers: Pick<RowLayers, "committed" | "rows">;
  private readonly freeze: number;
  private source: IterableIterator<number> | undefined;
  /** Committed form at the freeze of rows that changed, expired or left since. */
  private readonly kept = new Map<number, FrozenRow>();
  private readonly withTombstones: boolean;
  private readonly runs: FrozenRow[][] = [];
  private merging: Iterator<FrozenRow> | undefined;

  constructor(layers: Pick<RowLayers, "committed" | "rows">, options: FrozenOptions) {
    this.layers = layers;
    this.source = options.slots;
    this.freeze = options.freeze;
    this.count = options.count;
    this.withTombstones = options.withTombstones;
  }

  /** Keeps the committed form of a row that is about to change, or whose slot is about to be freed. */
  keep(slot: number): void {
    if (this.source === undefined || this.kept.has(slot)) return;
    this.kept.set(slot, this.layers.committed(slot));
  }

  /** Collects what is not collected yet: from then on the store is not needed. */
  complete(): void {
    while (this.source !== undefined) this.collectRun(this.source);
  }

  discard(): void {
    this.source = undefined;
    this.kept.clear();
    this.runs.length = 0;
  }

  writeTo(sink: RowSink): void {
    while (this.writeSlice(sink, Number.POSITIVE_INFINITY));
  }

  writeSlice(sink: RowSink, maxBytes: number): boolean {
    if (this.source !== undefined) {
      this.collectRun(this.source);
      return true;
    }
    this.merging ??= mergeRuns(this.runs);
    for (let bytes = 0; bytes < maxBytes; ) {
      const next = this.merging.next();
      if (next.done === true) {
        this.merging = undefined;
        return false;
      }
      const { keyText, bytes: slab, start, length, timestampMs } = next.value;
      sink.row(keyText, slab, start, length, timestampMs);
      bytes += keyText.length + Math.max(length, 0) + 16;
    }
    return true;
  }

  private collectRun(source: Iterator<number>): void {
    const run: FrozenRow[] = [];
    const room = Buffer.allocUnsafeSlow(RUN_ROWS * INLINE_BYTES);
    while (run.length < RUN_ROWS) {
      const next = source.next();
      if (next.done === true) {
        this.source = undefined;
        this.kept.clear();
        break;
      }
      const row = this.rowAtFreeze(next.value, room, run.length * INLINE_BYTES);
      if (row !== undefined) run.push(row);
    }
    if (run.length > 0) this.runs.push(sortRun(run));
  }

  private rowAtFreeze(slot: number, room: Buffer, at: number): FrozenRow | undefined {
    const kept = this.kept.get(slot);
    if (kept !== undefined) return kept.length < 0 && !this.withTombstones ? undefined : kept;
    const { rows } = this.layers;
    if (rows.length(slot) < 0 && !this.withTombstones) return undefined;
    return rows.bucket(slot).droppedIn < this.freeze ? undefined : this.layers.committed(slot, room, at);
  }
}
