import type { Rows } from "./rows.ts";
import { keyOfWindowKey } from "./window-key.ts";

const NONE: readonly number[] = [];

/** The records of a join window store by key: finding those near a timestamp does not look at other keys. */
export class JoinWindowIndex {
  private readonly rows: Rows;
  private readonly byKey = new Map<string, number[]>();

  constructor(rows: Rows) {
    this.rows = rows;
  }

  /** Slots of the records of a key by timestamp, then arrival: the order of changelog keys. */
  of(keyText: string): readonly number[] {
    return this.byKey.get(keyText) ?? NONE;
  }

  add(keyText: string, slot: number): void {
    const slots = this.byKey.get(keyText);
    if (slots === undefined) this.byKey.set(keyText, [slot]);
    else slots.splice(this.placeOf(slot, slots), 0, slot);
  }

  addRestored(slot: number): void {
    this.add(keyOfWindowKey(this.rows.keyText(slot)), slot);
  }

  remove(slot: number): void {
    const keyText = keyOfWindowKey(this.rows.keyText(slot));
    const slots = this.byKey.get(keyText) ?? [];
    const at = this.placeOf(slot, slots);
    if (slots[at] !== slot) return;
    if (slots.length === 1) this.byKey.delete(keyText);
    else slots.splice(at, 1);
  }

  /** Index of the first of some records with a timestamp of `timeMs` or later. */
  firstFrom(slots: readonly number[], timeMs: number): number {
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows.timestampMs(slots[middle] as number) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where a record is, or belongs: mostly at the end, because time goes on. */
  private placeOf(slot: number, slots: readonly number[]): number {
    const keyText = this.rows.keyText(slot);
    let high = slots.length;
    if (high === 0 || this.rows.keyText(slots[high - 1] as number) < keyText) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows.keyText(slots[middle] as number) < keyText) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
