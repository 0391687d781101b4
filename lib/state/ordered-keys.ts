/**
 * The keys of a map in byte order, sorted when first asked for and kept up by merging in what was added since.
 *
 * Keys that left the map stay until the next merge: the reader looks every key up anyway.
 */
export class OrderedKeys {
  private readonly rows: ReadonlyMap<string, unknown>;
  private sorted: readonly string[] | undefined;
  private added: string[] = [];

  constructor(rows: ReadonlyMap<string, unknown>) {
    this.rows = rows;
  }

  /** Must be told of every key that is put into the map. Costs nothing until an order was asked for. */
  add(keyText: string): void {
    if (this.sorted !== undefined) this.added.push(keyText);
  }

  /** Keys ascending; later additions do not change the array. */
  keys(): readonly string[] {
    if (this.sorted === undefined) this.sorted = [...this.rows.keys()].sort();
    else if (this.added.length > 0) {
      this.sorted = merge(this.sorted, this.added.sort(), this.rows);
      this.added = [];
    }
    return this.sorted;
  }
}

/** Index of the first key that is `>= keyText`. */
export function lowerBound(keys: readonly string[], keyText: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < keyText) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first key that is `> keyText`. */
export function upperBound(keys: readonly string[], keyText: string): number {
  const at = lowerBound(keys, keyText);
  return keys[at] === keyText ? at + 1 : at;
}

function merge(left: readonly string[], right: readonly string[], rows: ReadonlyMap<string, unknown>): string[] {
  const merged: string[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const a = left[i];
    const b = right[j];
    const takeLeft = b === undefined || (a !== undefined && a <= b);
    const key = (takeLeft ? a : b) as string;
    if (takeLeft) i++;
    else j++;
    // A key that was removed and put again is on both sides.
    if (key !== merged[merged.length - 1] && rows.has(key)) merged.push(key);
  }
  return merged;
}
