import type { Entry } from "./entry.ts";

const SLAB_BYTES = 64 * 1024;
/** Larger values get a slab of their own: they would waste the rest of a shared one. */
const SHARED_VALUE_MAX_BYTES = SLAB_BYTES / 4;
/** A slab with less than this part in use is emptied: bounds memory at four times the values, copies a third of a write. */
const EVACUATE_BELOW_RATIO = 0.25;

/** A block of memory with many values in it. */
export class Slab {
  readonly bytes: Buffer;
  usedBytes = 0;
  liveBytes = 0;
  queued = false;
  /** Entries whose committed bytes were put here; some have moved on since. */
  readonly entries: Entry[] = [];

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }
}

/** Holds values of length 0, and of entries without a value. */
export const EMPTY_SLAB = new Slab(0);

/**
 * Memory for value bytes: copies into large blocks instead of one small buffer per value.
 *
 * A block lives as long as one value in it does, so a cold key could keep 64 KiB alive: `evacuate` moves the last values out
 * of mostly dead blocks.
 */
export class Slabs {
  /** Where the last `copy` put its bytes: results without an allocation. */
  slab: Slab = EMPTY_SLAB;
  start = 0;
  /** Bytes of all slabs in use. */
  memoryBytes = SLAB_BYTES;
  private current = new Slab(SLAB_BYTES);
  private readonly sparse: Slab[] = [];

  /** Copies `source[start, start + length)`; the place is in `slab` and `start`. */
  copy(source: Buffer, start: number, length: number): void {
    const slab = length === 0 ? EMPTY_SLAB : this.room(length);
    const at = slab.usedBytes;
    if (length <= 32) {
      // A loop beats the call into native code for small values.
      const target = slab.bytes;
      for (let i = 0; i < length; i++) target[at + i] = source[start + i] as number;
    } else source.copy(slab.bytes, at, start, start + length);
    slab.usedBytes += length;
    slab.liveBytes += length;
    this.slab = slab;
    this.start = at;
  }

  /** Tells that `length` bytes of a slab are no longer needed. */
  release(slab: Slab, length: number): void {
    slab.liveBytes -= length;
    if (slab !== this.current) this.queueIfSparse(slab);
  }

  /** Moves what is left in sparse slabs. Only while no sealed row is outstanding: those are not known to the slab. */
  evacuate(): void {
    if (this.sparse.length === 0) return;
    for (const slab of this.sparse.splice(0)) {
      for (const entry of slab.entries) {
        if (entry.slab !== slab) continue;
        this.copy(slab.bytes, entry.start, entry.length);
        entry.slab = this.slab;
        entry.start = this.start;
        this.slab.entries.push(entry);
      }
      this.memoryBytes -= slab.bytes.length;
      slab.entries.length = 0;
      slab.liveBytes = 0;
    }
  }

  private room(length: number): Slab {
    if (length > SHARED_VALUE_MAX_BYTES) {
      this.memoryBytes += length;
      return new Slab(length);
    }
    const full = this.current;
    if (full.usedBytes + length <= full.bytes.length) return full;
    this.current = new Slab(SLAB_BYTES);
    this.memoryBytes += SLAB_BYTES;
    this.queueIfSparse(full);
    return this.current;
  }

  private queueIfSparse(slab: Slab): void {
    if (slab.queued || slab.liveBytes >= slab.bytes.length * EVACUATE_BELOW_RATIO) return;
    slab.queued = true;
    this.sparse.push(slab);
  }
}
