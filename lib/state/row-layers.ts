import { invariant } from "../core/errors.ts";
import type { RowBucket } from "./bucket.ts";
import { FrozenLayer } from "./frozen-layer.ts";
import { RowValues } from "./row-values.ts";
import { INLINE, INLINE_BYTES, LEAVING, NEVER, NO_ROW, OPEN, PRESENT, Rows, SEALED } from "./rows.ts";
import { EXPIRED, SealedLayer } from "./sealed-layer.ts";
import { Slabs } from "./slabs.ts";
import type { FrozenRow } from "./sorted-runs.ts";
import type { FrozenRows, RowSink, Scratch, StoreRow, StoreSpec } from "./store.ts";

/** What differs between store types. */
export interface RowLayersOptions {
  /**
   * False: nothing is written for a row that came and went between two commits. Kafka Streams logs such deletions; a type
   * whose keys move with every record would write little else.
   */
  readonly logsUnborn?: boolean;
}

/** A row for the changelog alone. */
interface LogOnlyRow {
  readonly changelogKey: string;
  readonly value: unknown;
  readonly timestampMs: number;
}

/** What is handed out of a row, again and again. */
class RowView implements StoreRow {
  value: unknown = null;
  timestampMs = 0;
}

/**
 * The layers of one store: what every store type that keeps one value per key shares. Rows are named by their slot.
 *
 * Owns: newest and committed form of every row, the dirty list of the open layer, the sealed layer, what changed since the
 * last freeze, the memory of values, when a slot is free again. Does not own: which buckets exist, their expiry, the changelog,
 * the outcome of a commit.
 *
 * Invariants:
 * 1. A row's committed bytes change in `acknowledge` and `restore` only; so `drop` can always return to them.
 * 2. At most one sealed layer waits. The open layer above it may be filled meanwhile.
 * 3. A slot is freed only when its row is absent in every layer and no list names it: dirty, sealed, changed, leaving, frozen.
 */
export class RowLayers {
  readonly spec: StoreSpec;
  readonly rows = new Rows();
  rowCount = 0;
  sizeBytes = 0;
  /** Newest and committed stream time of the store. */
  storeTimeMs = -1;
  committedStoreTimeMs = -1;
  private readonly scratch: Scratch;
  private readonly slabs = new Slabs(this.rows);
  private readonly values: RowValues;
  private readonly view = new RowView();
  private dirty: number[] = [];
  private logOnly: LogOnlyRow[] = [];
  private readonly sealed = new SealedLayer();
  private freezeCount = 0;
  private changed: number[] = [];
  private changedInDropped = 0;
  /** Rows whose committed form became absent: they leave at the next freeze, when no frozen layer can name them. */
  private leaving: number[] = [];
  /** Expired buckets with rows that some list still names. */
  private droppedBuckets: RowBucket[] = [];
  private frozen: FrozenLayer | undefined;
  private readonly logsUnborn: boolean;

  constructor(spec: StoreSpec, scratch: Scratch, { logsUnborn = true }: RowLayersOptions = {}) {
    this.spec = spec;
    this.scratch = scratch;
    this.logsUnborn = logsUnborn;
    this.values = new RowValues(this, scratch);
  }

  get changedCount(): number {
    return this.changed.length - this.changedInDropped;
  }

  /** Bytes of the slabs that hold values, dead ones included. */
  get valueMemoryBytes(): number {
    return this.slabs.memoryBytes;
  }

  isPresent(slot: number): boolean {
    return this.rows.has(slot, PRESENT);
  }

  isOpen(slot: number): boolean {
    return this.rows.has(slot, OPEN);
  }

  /** Whether a row has a committed form, or gets one when the sealed layer is acknowledged. */
  hasCommitted(slot: number): boolean {
    return this.rows.length(slot) >= 0 || this.rows.has(slot, SEALED);
  }

  /** The newest form of a row that is present, in an object that is used again for the next one. @hotPath once per record */
  ready(slot: number): StoreRow {
    const { rows, view } = this;
    view.value = this.values.of(slot);
    view.timestampMs = rows.timestampMs(slot);
    return view;
  }

  /** As `ready`, in an object of its own: for readers of many rows. */
  row(slot: number): StoreRow {
    return { value: this.values.of(slot), timestampMs: this.rows.timestampMs(slot) };
  }

  /** The slot of a key of a bucket; made if there is none. */
  slotOf(bucket: RowBucket, keyText: string): number {
    const slot = this.rows.find(bucket, keyText);
    return slot === NO_ROW ? this.rows.add(bucket, keyText) : slot;
  }

  /**
   * Puts a value into the open layer.
   * @throws {StreamError} `SERIALIZATION_FAILED`, where a node's failure may be let pass: else only `seal` finds out
   */
  put(slot: number, value: unknown, timestampMs: number): void {
    const isPresent = value !== null && value !== undefined;
    const { rows } = this;
    this.values.put(slot, value);
    rows.setTimestampMs(slot, timestampMs);
    const flags = rows.flags(slot);
    rows.setFlags(slot, (isPresent ? flags | PRESENT : flags & ~PRESENT) | OPEN);
    if ((flags & OPEN) === 0) this.dirty.push(slot);
  }

  /** Logs a row that is not kept: its window is gone already, but Kafka Streams writes it to the changelog all the same. */
  log(changelogKey: string, value: unknown, timestampMs: number): void {
    if (this.spec.logged) this.logOnly.push({ changelogKey, value, timestampMs });
  }

  /** Closes the open layer: every dirty row is encoded once. @throws {StreamError} `SERIALIZATION_FAILED` */
  seal(changelog: RowSink, expiredUpToMs: number): void {
    const sealed = this.sealed;
    invariant(!sealed.waiting, "state: at most one sealed layer waits for its acknowledgement", {
      store: this.spec.name,
    });
    sealed.waiting = true;
    sealed.storeTimeMs = this.storeTimeMs;
    const { rows } = this;
    for (const slot of this.dirty) {
      if (rows.bucket(slot).startMs <= expiredUpToMs) this.pushSealed(slot, INLINE, 0, EXPIRED);
      else if (this.logsUnborn || this.isPresent(slot) || this.hasCommitted(slot)) this.sealRow(slot, changelog);
    }
    for (const { changelogKey, value, timestampMs } of this.logOnly) {
      const isPresent = value !== null && value !== undefined;
      if (isPresent) this.values.write(value);
      const { sink } = this.scratch;
      changelog.row(changelogKey, sink.bytes, 0, isPresent ? sink.length : -1, timestampMs);
    }
    this.logOnly.length = 0;
    // Only now: after a failure above, `drop` still finds every open row.
    for (const slot of this.dirty) {
      rows.clear(slot, OPEN);
      if (!this.logsUnborn) this.forgetIfAbsent(slot);
    }
    this.dirty.length = 0;
  }

  acknowledge(): void {
    const { rows } = this;
    const { count, slots, slabs: slabIds, starts, lengths, timestampsMs, storeTimeMs, small } = this.sealed;
    if (!this.sealed.waiting) return;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const length = lengths[i] as number;
      rows.clear(slot, SEALED);
      if (length === EXPIRED) continue; // its bucket goes with this commit's stream time
      this.commit(slot, small, slabIds[i] as number, starts[i] as number, length);
      rows.setCommittedTimestampMs(slot, timestampsMs[i] as number);
    }
    this.committedStoreTimeMs = storeTimeMs;
    this.sealed.clear();
    this.slabs.evacuate();
  }

  /** @param reverted Told of every row that returned to its committed form. */
  drop(reverted?: (slot: number) => void): void {
    const { count, slots, slabs, lengths } = this.sealed;
    for (let i = 0; i < count; i++) {
      if (slabs[i] !== INLINE) this.slabs.release(slabs[i] as number, lengths[i] as number);
    }
    const touched = new Set([...slots.slice(0, count), ...this.dirty]);
    this.sealed.clear();
    this.dirty.length = 0;
    for (const slot of touched) this.revert(slot);
    for (const slot of touched) {
      reverted?.(slot);
      this.forgetIfAbsent(slot);
    }
    this.logOnly.length = 0;
    this.storeTimeMs = this.committedStoreTimeMs;
    this.values.distrust();
  }

  /**
   * Replaces the committed form of a row; only while no layer is open.
   * @hotPath once per restored row
   */
  restore(slot: number, bytes: Buffer, start: number, length: number, timestampMs: number): void {
    invariant(this.dirty.length === 0 && !this.sealed.waiting, "state: rows are restored only while no layer is open", {
      store: this.spec.name,
    });
    const { rows, slabs } = this;
    if (length <= INLINE_BYTES) this.commit(slot, bytes, INLINE, start, length);
    else {
      slabs.copy(bytes, start, length);
      this.commit(slot, bytes, slabs.slab, slabs.start, length);
    }
    rows.setCommittedTimestampMs(slot, timestampMs);
    this.revert(slot);
    slabs.evacuate();
  }

  freeze(which: "all" | "changed"): FrozenRows {
    this.frozen?.complete();
    this.freezeCount++;
    if (this.droppedBuckets.length > 0) this.forgetDropped();
    const isAll = which === "all";
    this.frozen = new FrozenLayer(this, {
      freeze: this.freezeCount,
      slots: isAll ? this.rows.slots() : this.changed.values(),
      count: isAll ? this.rowCount : this.changed.length,
      withTombstones: !isAll,
    });
    this.changed = [];
    const leaving = this.leaving;
    this.leaving = [];
    for (const slot of leaving) {
      this.rows.clear(slot, LEAVING);
      this.forgetIfAbsent(slot);
    }
    return this.frozen;
  }

  /** What holds the committed value of a row, from `rows.start(slot)` on. */
  bytes(slot: number): Buffer {
    const slab = this.rows.slab(slot);
    return slab === INLINE ? this.rows.bytes : this.slabs.bytes(slab);
  }

  /**
   * The committed form of a row. Memory of slabs is never written again, that of rows is: small values are copied.
   * @param room Where a small value goes, `INLINE_BYTES` from `at` on; memory of its own without it
   */
  committed(slot: number, room: Buffer = Buffer.allocUnsafe(INLINE_BYTES), at = 0): FrozenRow {
    const { rows } = this;
    const length = rows.length(slot);
    const from = rows.start(slot);
    const isInline = rows.slab(slot) === INLINE;
    if (isInline) for (let i = 0; i < length; i++) room[at + i] = rows.bytes[from + i] as number;
    return {
      keyText: rows.keyText(slot) + rows.bucket(slot).keySuffix,
      bytes: isInline ? room : this.bytes(slot),
      start: isInline ? at : from,
      length,
      timestampMs: rows.committedTimestampMs(slot),
    };
  }

  /**
   * Takes the rows of an expired bucket out of every count.
   * @param dropped Told of every row that was present, while its key can still be asked for
   */
  dropBucket(bucket: RowBucket, dropped: (slot: number) => void): void {
    const { rows } = this;
    bucket.droppedIn = this.freezeCount;
    this.rowCount -= bucket.rowCount;
    this.sizeBytes -= bucket.sizeBytes;
    if (bucket.changedIn === this.freezeCount) this.changedInDropped += bucket.changedCount;
    const slots = rows.slotsOf(bucket);
    for (const slot of slots) {
      this.frozen?.keep(slot);
      if (rows.slab(slot) !== INLINE) this.slabs.release(rows.slab(slot), rows.length(slot));
      rows.place(slot, INLINE, 0, -1);
      if (!rows.has(slot, PRESENT)) continue;
      rows.clear(slot, PRESENT);
      dropped(slot);
    }
    this.freeDropped(bucket, slots);
    // Without this a store that is never frozen would keep every row it ever had.
    if (this.changedInDropped > 1024 && this.changedInDropped * 2 > this.changed.length) this.forgetDropped();
  }

  private sealRow(slot: number, changelog: RowSink): void {
    const { rows, spec } = this;
    const { keySuffix } = rows.bucket(slot);
    const { sink } = this.scratch;
    const keyText = rows.keyText(slot);
    const isPresent = this.isPresent(slot);
    if (isPresent) this.values.write(rows.values[slot]);
    const length = isPresent ? sink.length : -1;
    if (spec.logged) {
      const changelogKey = keySuffix === "" ? keyText : keyText + keySuffix;
      changelog.row(changelogKey, sink.bytes, 0, length, rows.timestampMs(slot));
    }
    if (length <= INLINE_BYTES) this.pushSealed(slot, INLINE, this.sealed.keepSmall(sink.bytes, length), length);
    else {
      this.slabs.copy(sink.bytes, 0, length);
      this.pushSealed(slot, this.slabs.slab, this.slabs.start, length);
    }
  }

  /** @hotPath once per changed row of a commit */
  private pushSealed(slot: number, slab: number, start: number, length: number): void {
    this.rows.set(slot, SEALED);
    this.sealed.push(slot, slab, start, length, this.rows.timestampMs(slot));
  }

  /**
   * Makes a value the committed one: in a slab, or with `INLINE` small and copied from `source`.
   * @hotPath once per changed row of a commit
   */
  private commit(slot: number, source: Buffer, slab: number, start: number, length: number): void {
    const { rows, slabs } = this;
    const bucket = rows.bucket(slot);
    if (bucket.dropped) {
      if (slab !== INLINE) slabs.release(slab, length);
      return;
    }
    this.markChanged(slot, bucket);
    const formerLength = rows.length(slot);
    const formerSlab = rows.slab(slot);
    if (formerSlab !== INLINE) slabs.release(formerSlab, formerLength);
    const addedRows = (length >= 0 ? 1 : 0) - (formerLength >= 0 ? 1 : 0);
    // A new value of a row that stays is the common case: its key lies elsewhere in memory and is not looked at.
    const keyLength = addedRows === 0 ? 0 : addedRows * (rows.keyText(slot).length + bucket.keySuffix.length);
    const addedBytes = keyLength + Math.max(length, 0) - Math.max(formerLength, 0);
    if (slab === INLINE) rows.placeInline(slot, source, start, length);
    else {
      rows.place(slot, slab, start, length);
      slabs.hold(slab, slot);
    }
    if (length < 0 && !rows.has(slot, LEAVING)) {
      rows.set(slot, LEAVING);
      this.leaving.push(slot);
    }
    this.rowCount += addedRows;
    bucket.rowCount += addedRows;
    this.sizeBytes += addedBytes;
    bucket.sizeBytes += addedBytes;
  }

  private markChanged(slot: number, bucket: RowBucket): void {
    if (this.rows.changedIn(slot) === this.freezeCount) return;
    this.frozen?.keep(slot);
    this.rows.setChangedIn(slot, this.freezeCount);
    this.changed.push(slot);
    if (bucket.changedIn !== this.freezeCount) {
      bucket.changedIn = this.freezeCount;
      bucket.changedCount = 0;
    }
    bucket.changedCount++;
  }

  /** Makes the committed form the newest one. */
  private revert(slot: number): void {
    const { rows } = this;
    rows.clear(slot, OPEN | SEALED | PRESENT);
    if (rows.length(slot) >= 0) rows.set(slot, PRESENT);
    rows.setTimestampMs(slot, rows.committedTimestampMs(slot));
    this.values.forget(slot);
  }

  private forgetIfAbsent(slot: number): void {
    const { rows } = this;
    if (rows.length(slot) >= 0 || rows.has(slot, PRESENT | OPEN | SEALED | LEAVING)) return;
    if (rows.changedIn(slot) === this.freezeCount) return;
    // A frozen layer may still come to this slot, which soon names another row.
    this.frozen?.keep(slot);
    rows.remove(slot);
  }

  /** Takes the rows of expired buckets out of the lists, and frees them. */
  private forgetDropped(): void {
    const { rows } = this;
    const isKept = (slot: number): boolean => {
      if (!rows.bucket(slot).dropped) return true;
      rows.setChangedIn(slot, NEVER);
      rows.clear(slot, LEAVING);
      return false;
    };
    this.leaving = this.leaving.filter(isKept);
    this.changed = this.changed.filter(isKept);
    this.changedInDropped = 0;
    for (const bucket of this.droppedBuckets.splice(0)) this.freeDropped(bucket, rows.slotsOf(bucket));
  }

  /** Frees those rows of an expired bucket that no list names; the others wait for the lists to forget them. */
  private freeDropped(bucket: RowBucket, slots: readonly number[]): void {
    for (const slot of slots) this.forgetIfAbsent(slot);
    if (bucket.size === 0) this.rows.close(bucket);
    else this.droppedBuckets.push(bucket);
  }
}
