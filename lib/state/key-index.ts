import { NO_ROW } from "./rows.ts";

/**
 * The rows of one key that exist, by time, then start: windows by their start, sessions by their end. Parallel arrays: a row
 * costs no object.
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

  /** @hotPath once per row that appears */
  add(startMs: number, timeMs: number, slot: number): void {
    const at = this.lowerBound(startMs, timeMs);
    if (at === this.slots.length) {
      this.startsMs.push(startMs);
      this.timesMs.push(timeMs);
      this.slots.push(slot);
    } else if (!this.isAt(at, startMs, timeMs)) {
      this.startsMs.splice(at, 0, startMs);
      this.timesMs.splice(at, 0, timeMs);
      this.slots.splice(at, 0, slot);
    }
  }

  /** @hotPath once per row that goes */
  remove(startMs: number, timeMs: number): void {
    const at = this.lowerBound(startMs, timeMs);
    if (!this.isAt(at, startMs, timeMs)) return;
    if (at === this.slots.length - 1) {
      this.startsMs.pop();
      this.timesMs.pop();
      this.slots.pop();
    } else if (at === 0) {
      this.startsMs.shift();
      this.timesMs.shift();
      this.slots.shift();
    } else {
      this.startsMs.splice(at, 1);
      this.timesMs.splice(at, 1);
      this.slots.splice(at, 1);
    }
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

  /** All rows of a key. */
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
    rows.add(startMs, timeMs, slot);
  }

  /** Tells that a row does not exist, whether that is news or not. */
  remove(keyText: string, startMs: number, timeMs: number): void {
    this.of(keyText)?.remove(startMs, timeMs);
  }
}
