import type { RowSink } from "../state/store.ts";

/** A row as a query reads it: changelog key as latin1 text, and a view of the value. */
export interface ViewRow {
  readonly keyText: string;
  readonly bytes: Buffer;
  readonly valueStart: number;
  /** -1 is a tombstone; a view of a store never answers one. */
  readonly valueLength: number;
  readonly timestampMs: number;
}

/**
 * Rows in memory, sorted by key: a decoded segment, or a changelog tail. Parallel arrays, no object per row.
 *
 * Put rows in any order (the last of a key counts), then read.
 */
export class SortedRows implements RowSink {
  private readonly keys: string[] = [];
  private readonly buffers: Buffer[] = [];
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];
  private readonly timestampsMs: number[] = [];
  /** Row numbers in key order; undefined while they are in it by themselves. */
  private order: number[] | undefined;
  private inOrder = true;
  /** About what it holds in memory. */
  sizeBytes = 0;

  /**
   * Adds a row. Keeps a view of `bytes`: they must not change.
   * @hotPath once per row of a snapshot or a tail
   */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    const last = this.keys.at(-1);
    if (last !== undefined && keyText <= last) this.inOrder = false;
    this.order = undefined;
    this.keys.push(keyText);
    this.buffers.push(bytes);
    this.starts.push(valueStart);
    this.lengths.push(valueLength);
    this.timestampsMs.push(timestampMs);
    this.sizeBytes += keyText.length + Math.max(valueLength, 0) + 64;
  }

  /** Distinct keys, tombstones included. */
  get count(): number {
    return this.sorted()?.length ?? this.keys.length;
  }

  /** Place of the first key that is `>= keyText`. */
  lowerBound(keyText: string): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keyAt(middle) < keyText) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  keyAt(place: number): string {
    return this.keys[this.rowAt(place)] as string;
  }

  at(place: number): ViewRow {
    const row = this.rowAt(place);
    return {
      keyText: this.keys[row] as string,
      bytes: this.buffers[row] as Buffer,
      valueStart: this.starts[row] as number,
      valueLength: this.lengths[row] as number,
      timestampMs: this.timestampsMs[row] as number,
    };
  }

  /** The row of a key, a tombstone too. */
  find(keyText: string): ViewRow | undefined {
    const place = this.lowerBound(keyText);
    return place < this.count && this.keyAt(place) === keyText ? this.at(place) : undefined;
  }

  private rowAt(place: number): number {
    return this.inOrder ? place : ((this.order as number[])[place] as number);
  }

  private sorted(): number[] | undefined {
    if (this.inOrder || this.order !== undefined) return this.order;
    const newest = new Map<string, number>();
    this.keys.forEach((keyText, row) => {
      newest.set(keyText, row);
    });
    const entries = [...newest].sort(([a], [b]) => (a < b ? -1 : 1));
    this.order = entries.map(([, row]) => row);
    return this.order;
  }
}
