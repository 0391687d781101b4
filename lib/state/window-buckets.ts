import type { RowBucket } from "./bucket.ts";
import type { Rows } from "./rows.ts";

/** The buckets of a store by time: a map for look-ups, a sorted list for ranges and expiry. */
export class WindowBuckets {
  private readonly rows: Rows;
  private readonly keySuffix: (startMs: number) => string;
  private readonly byStart = new Map<number, RowBucket>();
  private readonly ascending: RowBucket[] = [];
  /** Found last: mostly the next record's, too. */
  private last: RowBucket | undefined;
  /** A bucket holds the rows of so many milliseconds; its time is the last of them. */
  private readonly spanMs: number;

  /** @param keySuffix What follows the key of every row of a bucket in the changelog. */
  constructor(rows: Rows, keySuffix: (startMs: number) => string, spanMs = 1) {
    this.rows = rows;
    this.keySuffix = keySuffix;
    this.spanMs = spanMs;
  }

  /** The bucket in which rows of a time lie. */
  get(timeMs: number): RowBucket | undefined {
    const { last } = this;
    if (last !== undefined && timeMs <= last.startMs && timeMs > last.startMs - this.spanMs) return last;
    const found = this.byStart.get(this.lastMsOf(timeMs));
    if (found !== undefined) this.last = found;
    return found;
  }

  create(timeMs: number): RowBucket {
    const startMs = this.lastMsOf(timeMs);
    const bucket = this.rows.open(this.keySuffix(startMs), startMs);
    this.byStart.set(startMs, bucket);
    this.ascending.splice(this.lowerBound(startMs), 0, bucket);
    this.last = bucket;
    return bucket;
  }

  /** Every window, by start. A copy: windows may come and go while it is read. */
  all(): RowBucket[] {
    return this.ascending.slice();
  }

  /** Buckets in which rows with `fromMs <= time <= toMs` may lie, by time; a copy. */
  between(fromMs: number, toMs: number): RowBucket[] {
    return this.ascending.slice(this.lowerBound(fromMs), this.lowerBound(this.lastMsOf(toMs) + 1));
  }

  /** Removes and answers the windows with `start <= upToMs`. */
  takeUpTo(upToMs: number): readonly RowBucket[] {
    const first = this.ascending[0];
    if (first === undefined || first.startMs > upToMs) return [];
    const taken = this.ascending.splice(0, this.lowerBound(upToMs + 1));
    for (const bucket of taken) this.byStart.delete(bucket.startMs);
    this.last = undefined;
    return taken;
  }

  private lastMsOf(timeMs: number): number {
    const { spanMs } = this;
    return spanMs === 1 ? timeMs : (Math.floor(timeMs / spanMs) + 1) * spanMs - 1;
  }

  /** Index of the first window with `start >= startMs`; mostly the end, because time goes on. */
  private lowerBound(startMs: number): number {
    let high = this.ascending.length;
    if (high === 0 || (this.ascending[high - 1] as RowBucket).startMs < startMs) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ascending[middle] as RowBucket).startMs < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
