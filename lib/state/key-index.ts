import { NO_ROW } from "./rows.ts";

/** A row as the index is told of it. */
export interface IndexedRow {
  readonly startMs: number;
  /** Windows: their start; sessions: their end. */
  readonly timeMs: number;
  readonly slot: number;
  /** False: it does not exist now. */
  readonly isPresent: boolean;
}

/**
 * The rows of one key that exist, by time, then start: windows by their start, sessions by their end. Parallel arrays: a row
 * costs no object.
 */
export class KeyRows {
  readonly startsMs: number[] = [];
  readonly timesMs: number[] = [];
  readonly slots: number[] = [];

  add(at: number, { startMs, timeMs, slot }: IndexedRow): void {
    this.startsMs.splice(at, 0, startMs);
    this.timesMs.splice(at, 0, timeMs);
    this.slots.splice(at, 0, slot);
  }

  remove(at: number): void {
    this.startsMs.splice(at, 1);
    this.timesMs.splice(at, 1);
    this.slots.splice(at, 1);
  }

  isAt(at: number, startMs: number, timeMs: number): boolean {
    return this.startsMs[at] === startMs && this.timesMs[at] === timeMs;
  }

  /** Place of the first row that does not come before `(timeMs, startMs)`; mostly the end, because time goes on. */
  lowerBound(startMs: number, timeMs: number): number {
    let high = this.slots.length;
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

  /** The slot of a row, or `NO_ROW`. */
  get(keyText: string, startMs: number, timeMs: number): number {
    const rows = this.byKey.get(keyText);
    if (rows === undefined) return NO_ROW;
    const at = rows.lowerBound(startMs, timeMs);
    return rows.isAt(at, startMs, timeMs) ? (rows.slots[at] as number) : NO_ROW;
  }

  /** Makes the index right about one row, whether it was known before or not. */
  set(keyText: string, row: IndexedRow): void {
    const { startMs, timeMs, isPresent } = row;
    let rows = this.byKey.get(keyText);
    if (rows === undefined) {
      if (!isPresent) return;
      rows = new KeyRows();
      this.byKey.set(keyText, rows);
    }
    const at = rows.lowerBound(startMs, timeMs);
    const known = rows.isAt(at, startMs, timeMs);
    if (isPresent && !known) rows.add(at, row);
    else if (!isPresent && known) rows.remove(at);
    if (rows.slots.length === 0) this.byKey.delete(keyText);
  }
}
