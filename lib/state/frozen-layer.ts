import type { RowBucket } from "./bucket.ts";
import type { Entry } from "./entry.ts";
import { type FrozenRow, mergeRuns, sortRun } from "./sorted-runs.ts";
import type { FrozenRows, RowSink } from "./store.ts";

/** Rows that are collected and sorted in one go: about 3 ms. */
const RUN_ROWS = 4096;

/** Number of the freeze in its store, and rows in it. */
interface FreezeOptions {
  readonly freeze: number;
  readonly count: number;
}

/**
 * A committed layer at one moment. Taking it costs nothing per row: rows are collected slice by slice, and what changes
 * before its turn is kept aside first (copy on write).
 */
export class FrozenLayer implements FrozenRows {
  readonly count: number;
  private readonly freeze: number;
  private source: Iterator<Entry> | undefined;
  /** Committed form at the freeze of entries that changed or expired since. */
  private readonly kept = new Map<Entry, FrozenRow>();
  private readonly withTombstones: boolean;
  private readonly runs: FrozenRow[][] = [];
  private merging: Iterator<FrozenRow> | undefined;

  private constructor(source: Iterator<Entry>, options: FreezeOptions & { withTombstones: boolean }) {
    this.source = source;
    this.freeze = options.freeze;
    this.count = options.count;
    this.withTombstones = options.withTombstones;
  }

  /** Every row of the buckets that exist now. */
  static ofBuckets(buckets: readonly RowBucket[], options: FreezeOptions): FrozenLayer {
    return new FrozenLayer(entriesOf(buckets), { ...options, withTombstones: false });
  }

  /** The rows of a list of changed entries, tombstones included. */
  static ofEntries(entries: readonly Entry[], options: FreezeOptions): FrozenLayer {
    return new FrozenLayer(entries.values(), { ...options, withTombstones: true });
  }

  /** Keeps the committed form of an entry that is about to change. */
  keep(entry: Entry): void {
    if (this.source === undefined || this.kept.has(entry)) return;
    this.kept.set(entry, rowOf(entry));
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

  private collectRun(source: Iterator<Entry>): void {
    const run: FrozenRow[] = [];
    while (run.length < RUN_ROWS) {
      const next = source.next();
      if (next.done === true) {
        this.source = undefined;
        this.kept.clear();
        break;
      }
      const row = this.rowAtFreeze(next.value);
      if (row !== undefined) run.push(row);
    }
    if (run.length > 0) this.runs.push(sortRun(run));
  }

  private rowAtFreeze(entry: Entry): FrozenRow | undefined {
    const kept = this.kept.get(entry);
    if (entry.bucket.droppedIn < this.freeze) return undefined;
    if (!this.withTombstones && (kept ?? entry).length < 0) return undefined;
    return kept ?? rowOf(entry);
  }
}

function rowOf(entry: Entry): FrozenRow {
  return {
    keyText: entry.keyText + entry.bucket.keySuffix,
    bytes: entry.slab.bytes,
    start: entry.start,
    length: entry.length,
    timestampMs: entry.committedTimestampMs,
  };
}

function* entriesOf(buckets: readonly RowBucket[]): Generator<Entry> {
  for (const bucket of buckets) yield* bucket.rows.values();
}
