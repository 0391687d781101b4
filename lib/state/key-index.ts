import { NO_ROW } from "./rows.ts";

/** So few rows are not worth a look at every key. */
const FEW_ROWS = 1024;

/**
 * The rows of one key that exist, by time, then start: windows by their start, sessions by their end, records of a join by their
 * timestamp and sequence number. Parallel arrays: a row costs no object.
 */
export class KeyRows {
  readonly startsMs: number[] = [];
  readonly timesMs: number[] = [];
  readonly slots: number[] = [];

  /** The slot of a row, or `NO_ROW`. */
  slotOf(startMs: number, timeMs: number): number {
    const at = this.lowerBound(startMs, timeMs);
    return this.isAt(at, startMs, timeMs) ? (this.slots[at] as number) : NO_ROW;
  }

  /** @returns whether it is news. @hotPath once per row that appears */
  add(startMs: number, timeMs: number, slot: number): boolean {
    const at = this.lowerBound(startMs, timeMs);
    if (at === this.slots.length) {
      this.startsMs.push(startMs);
      this.timesMs.push(timeMs);
      this.slots.push(slot);
      return true;
    }
    if (this.isAt(at, startMs, timeMs)) return false;
    this.startsMs.splice(at, 0, startMs);
    this.timesMs.splice(at, 0, timeMs);
    this.slots.splice(at, 0, slot);
    return true;
  }

  /** @returns whether it is news. @hotPath once per row that goes */
  remove(startMs: number, timeMs: number): boolean {
    const at = this.lowerBound(startMs, timeMs);
    if (!this.isAt(at, startMs, timeMs)) return false;
    if (at === this.slots.length - 1) {
      this.startsMs.pop();
      this.timesMs.pop();
      this.slots.pop();
    } else this.cut(at, 1);
    return true;
  }

  /** Removes rows with a time up to `upToMs`. @returns how many */
  expire(upToMs: number): number {
    const count = this.firstFrom(upToMs + 1);
    if (count > 0) this.cut(0, count);
    return count;
  }

  /** Place of the first row with a time of `timeMs` or later. */
  firstFrom(timeMs: number): number {
    return this.lowerBound(Number.NEGATIVE_INFINITY, timeMs);
  }

  /** Place of the first row that does not come before `(timeMs, startMs)`: near the end mostly, because time goes on. */
  private lowerBound(startMs: number, timeMs: number): number {
    let high = this.slots.length;
    if (high === 0 || this.isBefore(high - 1, startMs, timeMs)) return high;
    high--;
    if (high === 0 || this.isBefore(high - 1, startMs, timeMs)) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(middle, startMs, timeMs)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private cut(at: number, count: number): void {
    this.startsMs.splice(at, count);
    this.timesMs.splice(at, count);
    this.slots.splice(at, count);
  }

  private isAt(at: number, startMs: number, timeMs: number): boolean {
    return this.startsMs[at] === startMs && this.timesMs[at] === timeMs;
  }

  private isBefore(at: number, startMs: number, timeMs: number): boolean {
    const time = this.timesMs[at] as number;
    return time < timeMs || (time === timeMs && (this.startsMs[at] as number) < startMs);
  }
}

/**
 * The rows of a store that exist now, by key: finding those near a record does not look at other keys.
 *
 * A record asks for one key several times: the last one is remembered. Only its rows may be none: a session that moves to
 * another end is gone for a moment, and what is known of its key stays for the next one.
 */
export class KeyIndex {
  private readonly byKey = new Map<string, KeyRows>();
  private lastKey: string | undefined;
  private last: KeyRows | undefined;
  /** Rows in the index, expired ones among them. */
  private count = 0;
  private expiresAbove = FEW_ROWS;

  /** Rows in the index: those that exist, and some that have expired. */
  get size(): number {
    return this.count;
  }

  /** All rows of a key; the first ones may have expired. */
  of(keyText: string): KeyRows | undefined {
    if (keyText !== this.lastKey) {
      if (this.last?.slots.length === 0) this.byKey.delete(this.lastKey as string);
      this.lastKey = keyText;
      this.last = this.byKey.get(keyText);
    }
    return this.last;
  }

  /** The slot of a row, or `NO_ROW`. */
  get(keyText: string, startMs: number, timeMs: number): number {
    return this.of(keyText)?.slotOf(startMs, timeMs) ?? NO_ROW;
  }

  /** Tells that a row exists, whether that is news or not. @hotPath once per row that appears */
  add(keyText: string, startMs: number, timeMs: number, slot: number): void {
    let rows = this.of(keyText);
    if (rows === undefined) {
      rows = new KeyRows();
      this.byKey.set(keyText, rows);
      this.last = rows;
    }
    if (rows.add(startMs, timeMs, slot)) this.count++;
  }

  /** Tells that a row does not exist, whether that is news or not. */
  remove(keyText: string, startMs: number, timeMs: number): void {
    if (this.of(keyText)?.remove(startMs, timeMs) === true) this.count--;
  }

  /**
   * Tells that rows with a time up to `upToMs` have expired: nobody asks for them again. They are taken out when they may be half of
   * all, key by key, because finding the key of each one costs more.
   */
  expire(upToMs: number): void {
    if (this.count <= this.expiresAbove) return;
    for (const [keyText, rows] of this.byKey) {
      this.count -= rows.expire(upToMs);
      if (rows.slots.length === 0 && rows !== this.last) this.byKey.delete(keyText);
    }
    this.expiresAbove = this.count * 2 + FEW_ROWS;
  }
}
