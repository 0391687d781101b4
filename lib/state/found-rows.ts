import type { StoreRow } from "./store.ts";

/** Where a store puts what it found of a key: parallel arrays, of which the first `count` places are in use, reused by every record. */
export class FoundRows {
  count = 0;
  /** Starts of windows or sessions. */
  readonly startsMs: number[] = [];
  /** Ends of sessions, inclusive; of windows the start again, because a window store does not know their size. */
  readonly endsMs: number[] = [];
  readonly values: unknown[] = [];
  readonly timestampsMs: number[] = [];

  add(startMs: number, endMs: number, row: StoreRow): void {
    const at = this.count++;
    this.startsMs[at] = startMs;
    this.endsMs[at] = endMs;
    this.values[at] = row.value;
    this.timestampsMs[at] = row.timestampMs;
  }
}
