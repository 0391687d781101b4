/** One row of a frozen layer: changelog key, and a view of the value. */
export interface FrozenRow {
  readonly keyText: string;
  readonly bytes: Buffer;
  readonly start: number;
  /** -1 is a tombstone. */
  readonly length: number;
  readonly timestampMs: number;
}

interface RunCursor {
  readonly rows: readonly FrozenRow[];
  next: number;
  keyText: string;
}

/** Sorts rows with distinct keys by key bytes, in place. Keys are latin1 text, so `<` is byte order. */
export function sortRun(rows: FrozenRow[]): FrozenRow[] {
  return rows.sort((a, b) => (a.keyText < b.keyText ? -1 : 1));
}

/** Merges sorted runs whose keys are distinct: a binary heap of one cursor per run. */
export function* mergeRuns(runs: readonly (readonly FrozenRow[])[]): Generator<FrozenRow> {
  const heap: RunCursor[] = [];
  for (const rows of runs) {
    if (rows[0] !== undefined) heap.push({ rows, next: 1, keyText: rows[0].keyText });
  }
  for (let i = (heap.length >>> 1) - 1; i >= 0; i--) siftDown(heap, i);
  while (heap.length > 0) {
    const top = heap[0] as RunCursor;
    yield top.rows[top.next - 1] as FrozenRow;
    const following = top.rows[top.next];
    if (following === undefined) {
      const last = heap.pop() as RunCursor;
      if (heap.length > 0) heap[0] = last;
    } else {
      top.next++;
      top.keyText = following.keyText;
    }
    siftDown(heap, 0);
  }
}

function siftDown(heap: RunCursor[], from: number): void {
  for (let at = from; ; ) {
    const left = 2 * at + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const smaller =
      right < heap.length && (heap[right] as RunCursor).keyText < (heap[left] as RunCursor).keyText ? right : left;
    const parent = heap[at] as RunCursor;
    const child = heap[smaller] as RunCursor;
    if (parent.keyText <= child.keyText) return;
    heap[at] = child;
    heap[smaller] = parent;
    at = smaller;
  }
}
