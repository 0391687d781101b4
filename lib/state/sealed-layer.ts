import { INLINE_BYTES } from "./rows.ts";

/** Length of a row whose window expired inside the transaction: nothing is written for it. */
export const EXPIRED = -2;

/**
 * The encoded rows of one transaction that waits for its acknowledgement: parallel arrays of which the first `count` places
 * are in use, so that a commit of the usual size allocates nothing.
 */
export class SealedLayer {
  count = 0;
  readonly slots: number[] = [];
  /** Slab of the value, or `INLINE`: then it lies in `small`. */
  readonly slabs: number[] = [];
  readonly starts: number[] = [];
  /** -1 is a deletion; see `EXPIRED`. */
  readonly lengths: number[] = [];
  readonly timestampsMs: number[] = [];
  /** Small values: that of place `i` begins at `i * INLINE_BYTES`. */
  small = Buffer.allocUnsafeSlow(64 * INLINE_BYTES);
  /** Between `seal` and `acknowledge` or `drop`. */
  waiting = false;
  storeTimeMs = -1;

  /**
   * Adds the committed form that a row gets when the transaction is acknowledged.
   * @hotPath once per changed row of a commit
   */
  push(slot: number, slab: number, start: number, length: number, timestampMs: number): void {
    const at = this.count++;
    this.slots[at] = slot;
    this.slabs[at] = slab;
    this.starts[at] = start;
    this.lengths[at] = length;
    this.timestampsMs[at] = timestampMs;
  }

  /** Keeps a small value for the next `push`. @returns where it begins in `small` */
  keepSmall(source: Buffer, length: number): number {
    const start = this.count * INLINE_BYTES;
    if (start + INLINE_BYTES > this.small.length) this.grow();
    const { small } = this;
    for (let i = 0; i < length; i++) small[start + i] = source[i] as number;
    return start;
  }

  clear(): void {
    this.count = 0;
    this.waiting = false;
  }

  private grow(): void {
    const grown = Buffer.allocUnsafeSlow(this.small.length * 2);
    this.small.copy(grown);
    this.small = grown;
  }
}
