/** What holds the keys. */
export interface KeySource {
  /** Keys that are here now. */
  readonly size: number;
  keys(): Iterable<string>;
  has(keyText: string): boolean;
}

/** So many keys may be added between two ranges, whatever is here. */
const FEW_KEYS = 1024;

/** Sorted keys. Those before `first` have left. */
interface Run {
  readonly keys: readonly string[];
  first: number;
}

/**
 * The keys of a bucket in byte order: sorted when first asked for, and kept up from then on; where nobody asks again, the order is
 * forgotten, or it would grow with every key that comes and goes.
 *
 * What was added since goes into a run of its own, and a run is merged with the one before it when it has grown half as large.
 * So a key is moved a few times, however many there are, and a range is read from a few runs at once. Runs never change:
 * what is added while a range is read is not in it. Keys that left it go with the next merge, at the front at once: the
 * reader looks every key up anyway.
 */
export class OrderedKeys {
  private readonly rows: KeySource;
  /** Largest first. */
  private runs: Run[] | undefined;
  private added: string[] = [];

  constructor(rows: KeySource) {
    this.rows = rows;
  }

  /** Must be told of every key that is added. Costs nothing until an order was asked for. */
  add(keyText: string): void {
    if (this.runs === undefined) return;
    this.added.push(keyText);
    // Sorting what is here costs less by now than what was added.
    if (this.added.length > FEW_KEYS && this.added.length > this.rows.size * 2) this.forget();
  }

  /** Keys from `from` on, ascending. */
  *ascending(from: string | undefined): IterableIterator<string> {
    const runs = this.settled();
    const places = runs.map((run) => (from === undefined ? this.trimmed(run) : lowerBound(run.keys, from)));
    for (;;) {
      let next: string | undefined;
      for (let i = 0; i < runs.length; i++) {
        const key = runs[i]?.keys[places[i] as number];
        if (key !== undefined && (next === undefined || key < next)) next = key;
      }
      if (next === undefined) return;
      // A key that was removed and put again is in several.
      for (let i = 0; i < runs.length; i++) {
        const place = places[i] as number;
        if (runs[i]?.keys[place] === next) places[i] = place + 1;
      }
      yield next;
    }
  }

  /** Keys from `to` on, descending. */
  *descending(to: string | undefined): IterableIterator<string> {
    const runs = this.settled();
    const places = runs.map(({ keys }) => (to === undefined ? keys.length : upperBound(keys, to)) - 1);
    for (;;) {
      let next: string | undefined;
      for (let i = 0; i < runs.length; i++) {
        const key = runs[i]?.keys[places[i] as number];
        if (key !== undefined && (next === undefined || key > next)) next = key;
      }
      if (next === undefined) return;
      for (let i = 0; i < runs.length; i++) {
        const place = places[i] as number;
        if (runs[i]?.keys[place] === next) places[i] = place - 1;
      }
      yield next;
    }
  }

  private forget(): void {
    this.runs = undefined;
    this.added = [];
  }

  private settled(): readonly Run[] {
    if (this.runs === undefined) this.runs = [{ keys: [...this.rows.keys()].sort(), first: 0 }];
    else if (this.added.length > 0) {
      this.append(this.runs, { keys: this.added.sort(), first: 0 });
      this.added = [];
    }
    return this.runs.slice();
  }

  private append(runs: Run[], added: Run): void {
    let last = added;
    for (let before = runs.at(-1); before !== undefined && isHalf(last, before); before = runs.at(-1)) {
      runs.pop();
      last = { keys: merged(before, last, this.rows), first: 0 };
    }
    runs.push(last);
  }

  /** Where a run begins, without what has left at its front: a queue is put at one end and taken from the other. */
  private trimmed(run: Run): number {
    const { keys } = run;
    while (run.first < keys.length && !this.rows.has(keys[run.first] as string)) run.first++;
    return run.first;
  }
}

function isHalf(run: Run, of: Run): boolean {
  return (run.keys.length - run.first) * 2 >= of.keys.length - of.first;
}

function merged(left: Run, right: Run, rows: KeySource): string[] {
  const keys: string[] = [];
  let i = left.first;
  let j = right.first;
  for (;;) {
    const a = left.keys[i];
    const b = right.keys[j];
    if (a === undefined && b === undefined) return keys;
    const takesLeft = b === undefined || (a !== undefined && a <= b);
    const key = (takesLeft ? a : b) as string;
    if (takesLeft) i++;
    else j++;
    if (key !== keys[keys.length - 1] && rows.has(key)) keys.push(key);
  }
}

/** Index of the first of some sorted keys that is `>= keyText`. */
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
function upperBound(keys: readonly string[], keyText: string): number {
  const at = lowerBound(keys, keyText);
  return keys[at] === keyText ? at + 1 : at;
}
