import type { Rows } from "./rows.ts";

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
  /** Rows whose committed bytes were put here; some have moved on since. */
  readonly slots: number[] = [];
  readonly id: number;

  constructor(id: number, sizeBytes: number) {
    this.id = id;
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }
}

/**
 * Memory for value bytes: copies into large blocks instead of one small buffer per value.
 *
 * A block lives as long as one value in it does, so a cold key could keep 64 KiB alive: `evacuate` moves the last values out
 * of mostly dead blocks.
 */
export class Slabs {
  /** Where the last `copy` put its bytes: results without an allocation. */
  slab = 0;
  start = 0;
  /** Bytes of all slabs in use. */
  memoryBytes = 0;
  private readonly rows: Rows;
  private readonly table: (Slab | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly sparse: Slab[] = [];
  private current: Slab | undefined;

  constructor(rows: Rows) {
    this.rows = rows;
  }

  /** Memory of a slab. */
  bytes(id: number): Buffer {
    return (this.table[id] as Slab).bytes;
  }

  /** Copies `source[start, start + length)`; the place is in `slab` and `start`. */
  copy(source: Buffer, start: number, length: number): void {
    const slab = this.room(length);
    const at = slab.usedBytes;
    if (length <= 32) {
      // A loop beats the call into native code for small values.
      const target = slab.bytes;
      for (let i = 0; i < length; i++) target[at + i] = source[start + i] as number;
    } else source.copy(slab.bytes, at, start, start + length);
    slab.usedBytes += length;
    slab.liveBytes += length;
    this.slab = slab.id;
    this.start = at;
  }

  /** Tells which row has its committed value in a slab: it moves when the slab is emptied. */
  hold(id: number, slot: number): void {
    (this.table[id] as Slab).slots.push(slot);
  }

  /** Tells that `length` bytes of a slab are no longer needed. */
  release(id: number, length: number): void {
    const slab = this.table[id] as Slab;
    slab.liveBytes -= length;
    if (slab !== this.current) this.queueIfSparse(slab);
  }

  /** Moves what is left in sparse slabs. Only while no sealed row is outstanding: those are not known to the slab. */
  evacuate(): void {
    if (this.sparse.length === 0) return;
    const { rows } = this;
    for (const slab of this.sparse.splice(0)) {
      for (const slot of slab.slots) {
        if (rows.slab(slot) !== slab.id) continue;
        const length = rows.length(slot);
        this.copy(slab.bytes, rows.start(slot), length);
        rows.place(slot, this.slab, this.start, length);
        this.hold(this.slab, slot);
      }
      this.memoryBytes -= slab.bytes.length;
      this.table[slab.id] = undefined;
      this.freeIds.push(slab.id);
    }
  }

  private room(length: number): Slab {
    if (length > SHARED_VALUE_MAX_BYTES) return this.open(length);
    const full = this.current;
    if (full !== undefined && full.usedBytes + length <= full.bytes.length) return full;
    this.current = this.open(SLAB_BYTES);
    if (full !== undefined) this.queueIfSparse(full);
    return this.current;
  }

  private open(sizeBytes: number): Slab {
    const slab = new Slab(this.freeIds.pop() ?? this.table.length, sizeBytes);
    this.table[slab.id] = slab;
    this.memoryBytes += sizeBytes;
    return slab;
  }

  private queueIfSparse(slab: Slab): void {
    if (slab.queued || slab.liveBytes >= slab.bytes.length * EVACUATE_BELOW_RATIO) return;
    slab.queued = true;
    this.sparse.push(slab);
  }
}
