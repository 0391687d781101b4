import type { Entry } from "./entry.ts";
import { keyOfWindowKey } from "./window-key.ts";

const NONE: readonly Entry[] = [];

/** The records of a join window store by key: finding those near a timestamp does not look at other keys. */
export class JoinWindowIndex {
  private readonly byKey = new Map<string, Entry[]>();

  /** The records of a key by timestamp, then arrival: the order of changelog keys. */
  of(keyText: string): readonly Entry[] {
    return this.byKey.get(keyText) ?? NONE;
  }

  add(keyText: string, entry: Entry): void {
    const entries = this.byKey.get(keyText);
    if (entries === undefined) this.byKey.set(keyText, [entry]);
    else entries.splice(placeOf(entry, entries), 0, entry);
  }

  addRestored(entry: Entry): void {
    this.add(keyOfWindowKey(entry.keyText), entry);
  }

  remove(entry: Entry): void {
    const keyText = keyOfWindowKey(entry.keyText);
    const entries = this.byKey.get(keyText) ?? [];
    const at = placeOf(entry, entries);
    if (entries[at] !== entry) return;
    if (entries.length === 1) this.byKey.delete(keyText);
    else entries.splice(at, 1);
  }
}

/** Index of the first record with a timestamp of `timeMs` or later. */
export function firstFrom(entries: readonly Entry[], timeMs: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Entry).timestampMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a record is, or belongs: mostly at the end, because time goes on. */
function placeOf({ keyText }: Entry, entries: readonly Entry[]): number {
  let high = entries.length;
  if (high === 0 || (entries[high - 1] as Entry).keyText < keyText) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Entry).keyText < keyText) low = middle + 1;
    else high = middle;
  }
  return low;
}
