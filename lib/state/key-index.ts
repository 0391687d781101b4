import type { Entry } from "./entry.ts";

/**
 * The rows of one key that exist, by time, then start: windows by their start, sessions by their end. Parallel arrays: a row
 * costs no object beside its entry.
 */
export class KeyRows {
  readonly startsMs: number[] = [];
  readonly timesMs: number[] = [];
  readonly entries: Entry[] = [];

  add(at: number, startMs: number, entry: Entry): void {
    this.startsMs.splice(at, 0, startMs);
    this.timesMs.splice(at, 0, entry.bucket.startMs);
    this.entries.splice(at, 0, entry);
  }

  remove(at: number): void {
    this.startsMs.splice(at, 1);
    this.timesMs.splice(at, 1);
    this.entries.splice(at, 1);
  }

  isAt(at: number, startMs: number, timeMs: number): boolean {
    return this.startsMs[at] === startMs && this.timesMs[at] === timeMs;
  }

  /** Place of the first row that does not come before `(timeMs, startMs)`; mostly the end, because time goes on. */
  lowerBound(startMs: number, timeMs: number): number {
    let high = this.entries.length;
    if (high === 0 || this.isBefore(high - 1, startMs, timeMs)) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(middle, startMs, timeMs)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Place of the first row with a time of `timeMs` or later. */
  firstFrom(timeMs: number): number {
    return this.lowerBound(Number.NEGATIVE_INFINITY, timeMs);
  }

  private isBefore(at: number, startMs: number, timeMs: number): boolean {
    const time = this.timesMs[at] as number;
    return time < timeMs || (time === timeMs && (this.startsMs[at] as number) < startMs);
  }
}

/** The rows of a store that exist now, by key: finding those near a record does not look at other keys. */
export class KeyIndex {
  private readonly byKey = new Map<string, KeyRows>();

  /** All rows of a key. */
  of(keyText: string): KeyRows | undefined {
    return this.byKey.get(keyText);
  }

  get(keyText: string, startMs: number, timeMs: number): Entry | undefined {
    const rows = this.byKey.get(keyText);
    if (rows === undefined) return undefined;
    const at = rows.lowerBound(startMs, timeMs);
    return rows.isAt(at, startMs, timeMs) ? rows.entries[at] : undefined;
  }

  /** Makes the index right about one row, whether it was known before or not. */
  set(keyText: string, startMs: number, entry: Entry): void {
    let rows = this.byKey.get(keyText);
    if (rows === undefined) {
      if (!entry.present) return;
      rows = new KeyRows();
      this.byKey.set(keyText, rows);
    }
    const timeMs = entry.bucket.startMs;
    const at = rows.lowerBound(startMs, timeMs);
    const known = rows.isAt(at, startMs, timeMs);
    if (entry.present && !known) rows.add(at, startMs, entry);
    else if (!entry.present && known) rows.remove(at);
    if (rows.entries.length === 0) this.byKey.delete(keyText);
  }
}
