import type { Entry } from "./entry.ts";
import { EMPTY_SLAB, type Slab } from "./slabs.ts";

/** Length of a row whose window expired inside the transaction: nothing is written for it. */
export const EXPIRED = -2;

/**
 * The encoded rows of one transaction that waits for its acknowledgement: parallel arrays of which the first `count` places
 * are in use, so that a commit of the usual size allocates nothing.
 */
export class SealedLayer {
  count = 0;
  readonly entries: Entry[] = [];
  readonly slabs: Slab[] = [];
  readonly starts: number[] = [];
  /** -1 is a deletion; see `EXPIRED`. */
  readonly lengths: number[] = [];
  readonly timestampsMs: number[] = [];
  /** Between `seal` and `acknowledge` or `drop`. */
  waiting = false;
  storeTimeMs = -1;

  /**
   * Adds the committed form that `entry` gets when the transaction is acknowledged.
   * @hotPath once per changed row of a commit
   */
  push(entry: Entry, slab: Slab, start: number, length: number, timestampMs: number): void {
    entry.sealed = true;
    const at = this.count++;
    this.entries[at] = entry;
    this.slabs[at] = slab;
    this.starts[at] = start;
    this.lengths[at] = length;
    this.timestampsMs[at] = timestampMs;
  }

  clear(): void {
    // Slabs must not be kept alive from here; entries live in their maps anyway.
    this.slabs.fill(EMPTY_SLAB, 0, this.count);
    this.count = 0;
    this.waiting = false;
  }
}
