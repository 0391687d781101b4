import type { Entry } from "./entry.ts";
import { keyOfWindowKey } from "./window-key.ts";

/** The records of a join window store by key: finding those near a timestamp does not look at other keys. */
export class JoinWindowIndex {
  /** Per key by timestamp, then arrival: the order of changelog keys. */
  private readonly byKey = new Map<string, Entry[]>();

  add(keyText: string, entry: Entry): void {
    const entries = this.byKey.get(keyText);
    if (entries === undefined) this.byKey.set(keyText, [entry]);
    else if ((entries[entries.length - 1] as Entry).keyText < entry.keyText) entries.push(entry);
    else
      entries.splice(
        lowerBound(entries, (each) => each.keyText < entry.keyText),
        0,
        entry,
      );
  }

  addRestored(entry: Entry): void {
    this.add(keyOfWindowKey(entry.keyText), entry);
  }

  /** Records of a key with `fromMs <= timestamp <= toMs`. They may come and go while this is read, but not of this key. */
  *between(keyText: string, fromMs: number, toMs: number): IterableIterator<Entry> {
    const entries = this.byKey.get(keyText) ?? [];
    for (let at = lowerBound(entries, (each) => each.timestampMs < fromMs); at < entries.length; at++) {
      const entry = entries[at] as Entry;
      if (entry.timestampMs > toMs) return;
      yield entry;
    }
  }

  remove(entry: Entry): void {
    const keyText = keyOfWindowKey(entry.keyText);
    const entries = this.byKey.get(keyText) ?? [];
    const at = lowerBound(entries, (each) => each.keyText < entry.keyText);
    if (entries[at] !== entry) return;
    if (entries.length === 1) this.byKey.delete(keyText);
    else entries.splice(at, 1);
  }
}

function lowerBound(entries: readonly Entry[], isBefore: (entry: Entry) => boolean): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(entries[middle] as Entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}
