import { invariant, StreamError } from "../core/errors.ts";
import type { RowBucket } from "./bucket.ts";
import { encodeValue } from "./encode-value.ts";
import { Entry, NOT_DECODED } from "./entry.ts";
import { FrozenLayer } from "./frozen-layer.ts";
import { EXPIRED, SealedLayer } from "./sealed-layer.ts";
import { EMPTY_SLAB, type Slab, Slabs } from "./slabs.ts";
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

/**
 * The layers of one store: what every store type that keeps one value per key shares.
 *
 * Owns: newest and committed form of every entry, the dirty list of the open layer, the sealed layer, what changed since the
 * last freeze, the memory of values. Does not own: which buckets exist, their expiry, the changelog, the outcome of a commit.
 *
 * Invariants:
 * 1. An entry's committed bytes change in `acknowledge` and `restore` only; so `drop` can always return to them.
 * 2. At most one sealed layer waits. The open layer above it may be filled meanwhile.
 * 3. An entry leaves its map only when it is absent in every layer and is not in the list of changed rows.
 * 4. A value object that was handed out before a `drop` is never used again after it: user code may have changed it.
 */
export class RowLayers {
  readonly spec: StoreSpec;
  rowCount = 0;
  sizeBytes = 0;
  /** Newest and committed stream time of the store. */
  storeTimeMs = -1;
  committedStoreTimeMs = -1;
  private readonly scratch: Scratch;
  private readonly slabs = new Slabs();
  private dirty: Entry[] = [];
  private logOnly: LogOnlyRow[] = [];
  private readonly sealed = new SealedLayer();
  private generation = 0;
  private freezeCount = 0;
  private changed: Entry[] = [];
  private changedInDropped = 0;
  /** Entries whose committed form became absent: candidates for leaving their map. */
  private absent: Entry[] = [];
  private frozen: FrozenLayer | undefined;
  private readonly logsUnborn: boolean;

  constructor(spec: StoreSpec, scratch: Scratch, { logsUnborn = true }: RowLayersOptions = {}) {
    this.spec = spec;
    this.scratch = scratch;
    this.logsUnborn = logsUnborn;
  }

  get changedCount(): number {
    return this.changed.length - this.changedInDropped;
  }

  /** Bytes of the slabs that hold values, dead ones included. */
  get valueMemoryBytes(): number {
    return this.slabs.memoryBytes;
  }

  /** Makes `entry.value` usable: decodes committed bytes, or accepts a primitive that outlived a drop. */
  ready(entry: Entry): StoreRow {
    if (entry.generation !== this.generation) {
      if (entry.generation === NOT_DECODED || typeof entry.value === "object") entry.value = this.decode(entry);
      entry.generation = this.generation;
    }
    return this.scratch.copiesReads === true && typeof entry.value === "object" ? this.copyOf(entry) : entry;
  }

  /** Adds a new entry to its bucket. */
  create(keyText: string, bucket: RowBucket): Entry {
    const entry = new Entry(keyText, bucket, EMPTY_SLAB);
    bucket.rows.set(keyText, entry);
    bucket.order.add(keyText);
    return entry;
  }

  /**
   * Puts a value into the open layer.
   * @throws {StreamError} `SERIALIZATION_FAILED`, where a node's failure may be let pass: else only `seal` finds out
   */
  put(entry: Entry, value: unknown, timestampMs: number): void {
    if (this.scratch.copiesReads === true && value !== null && value !== undefined) this.write(value);
    entry.value = value;
    entry.timestampMs = timestampMs;
    entry.present = value !== null && value !== undefined;
    entry.generation = this.generation;
    if (entry.open) return;
    entry.open = true;
    this.dirty.push(entry);
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
    for (const entry of this.dirty) {
      if (entry.bucket.startMs <= expiredUpToMs) sealed.push(entry, EMPTY_SLAB, 0, EXPIRED, 0);
      else if (this.logsUnborn || entry.present || hasCommitted(entry)) this.sealEntry(entry, changelog);
    }
    for (const { changelogKey, value, timestampMs } of this.logOnly) {
      const isPresent = value !== null && value !== undefined;
      if (isPresent) this.write(value);
      const { sink } = this.scratch;
      changelog.row(changelogKey, sink.bytes, 0, isPresent ? sink.length : -1, timestampMs);
    }
    this.logOnly.length = 0;
    // Only now: after a failure above, `drop` still finds every open entry.
    for (const entry of this.dirty) {
      entry.open = false;
      if (!this.logsUnborn) this.forgetIfAbsent(entry);
    }
    this.dirty.length = 0;
  }

  acknowledge(): void {
    const { count, entries, slabs, starts, lengths, timestampsMs, storeTimeMs } = this.sealed;
    if (!this.sealed.waiting) return;
    for (let i = 0; i < count; i++) {
      const entry = entries[i] as Entry;
      entry.sealed = false;
      if (lengths[i] === EXPIRED) continue; // its bucket goes with this commit's stream time
      this.commit(entry, slabs[i] as Slab, starts[i] as number, lengths[i] as number);
      entry.committedTimestampMs = timestampsMs[i] as number;
    }
    this.committedStoreTimeMs = storeTimeMs;
    this.sealed.clear();
    this.slabs.evacuate();
  }

  /** @param reverted Told of every entry that returned to its committed form. */
  drop(reverted?: (entry: Entry) => void): void {
    const { count, entries, slabs, lengths } = this.sealed;
    for (let i = 0; i < count; i++) {
      if ((lengths[i] as number) > 0) this.slabs.release(slabs[i] as Slab, lengths[i] as number);
      this.revert(entries[i] as Entry);
      reverted?.(entries[i] as Entry);
    }
    this.sealed.clear();
    for (const entry of this.dirty) {
      this.revert(entry);
      reverted?.(entry);
    }
    this.dirty.length = 0;
    this.logOnly.length = 0;
    this.storeTimeMs = this.committedStoreTimeMs;
    // Values that were only read may have been changed in place as well: all objects are decoded again on next use.
    this.generation++;
  }

  /**
   * Replaces the committed form of an entry; only while no layer is open.
   * @hotPath once per restored row
   */
  restore(entry: Entry, bytes: Buffer, start: number, length: number, timestampMs: number): void {
    invariant(this.dirty.length === 0 && !this.sealed.waiting, "state: rows are restored only while no layer is open", {
      store: this.spec.name,
    });
    if (length >= 0) this.slabs.copy(bytes, start, length);
    this.commit(entry, length >= 0 ? this.slabs.slab : EMPTY_SLAB, length >= 0 ? this.slabs.start : 0, length);
    entry.committedTimestampMs = timestampMs;
    entry.timestampMs = timestampMs;
    entry.present = length >= 0;
    entry.value = null;
    entry.generation = NOT_DECODED;
    this.slabs.evacuate();
  }

  freeze(which: "all" | "changed", buckets: readonly RowBucket[]): FrozenRows {
    this.frozen?.complete();
    this.freezeCount++;
    this.frozen =
      which === "all"
        ? FrozenLayer.ofBuckets(buckets, { freeze: this.freezeCount, count: this.rowCount })
        : FrozenLayer.ofEntries(this.changed, { freeze: this.freezeCount, count: this.changedCount });
    this.changed = [];
    this.changedInDropped = 0;
    for (const entry of this.absent.splice(0)) this.forgetIfAbsent(entry);
    return this.frozen;
  }

  /** Takes the rows of an expired bucket out of every count; entries are forgotten with their bucket. */
  dropBucket(bucket: RowBucket): void {
    bucket.droppedIn = this.freezeCount;
    this.rowCount -= bucket.rowCount;
    this.sizeBytes -= bucket.sizeBytes;
    if (bucket.changedIn === this.freezeCount) this.changedInDropped += bucket.changedCount;
    for (const entry of bucket.rows.values()) {
      this.frozen?.keep(entry);
      if (entry.length > 0) this.slabs.release(entry.slab, entry.length);
      // Detached, so that evacuation does not copy it.
      entry.slab = EMPTY_SLAB;
      entry.length = -1;
      entry.present = false;
    }
    // Without this a store that is never frozen would keep every entry it ever had.
    if (this.changedInDropped > 1024 && this.changedInDropped * 2 > this.changed.length) {
      this.changed = this.changed.filter((entry) => !entry.bucket.dropped);
      this.absent = this.absent.filter((entry) => !entry.bucket.dropped);
      this.changedInDropped = 0;
    }
  }

  private sealEntry(entry: Entry, changelog: RowSink): void {
    const keySuffix = entry.bucket.keySuffix;
    const changelogKey = keySuffix === "" ? entry.keyText : entry.keyText + keySuffix;
    if (entry.present) {
      const length = this.encode(entry);
      if (this.spec.logged)
        changelog.row(changelogKey, this.scratch.sink.bytes, 0, this.scratch.sink.length, entry.timestampMs);
      this.sealed.push(entry, this.slabs.slab, this.slabs.start, length, entry.timestampMs);
    } else {
      if (this.spec.logged) changelog.row(changelogKey, this.scratch.sink.bytes, 0, -1, entry.timestampMs);
      this.sealed.push(entry, EMPTY_SLAB, 0, -1, entry.timestampMs);
    }
  }

  private encode(entry: Entry): number {
    this.write(entry.value);
    const { bytes, length } = this.scratch.sink;
    this.slabs.copy(bytes, 0, length);
    return length;
  }

  private write(value: unknown): void {
    encodeValue(this.spec, value, this.scratch.sink);
  }

  private copyOf({ value, timestampMs }: Entry): StoreRow {
    this.write(value);
    // Serdes may answer views of what they read.
    const bytes = Buffer.from(this.scratch.sink.view());
    return { value: this.spec.valueSerde.read(bytes, 0, bytes.length), timestampMs };
  }

  private decode(entry: Entry): unknown {
    try {
      return this.spec.valueSerde.read(entry.slab.bytes, entry.start, entry.start + entry.length);
    } catch (cause) {
      throw new StreamError(
        "SCHEMA_UNKNOWN",
        `a stored value of store ${this.spec.name} is not ${this.spec.valueSerde.id}: ${String((cause as Error)?.message ?? cause)}`,
        { details: { store: this.spec.name, serde: this.spec.valueSerde.id }, cause },
      );
    }
  }

  /** @hotPath once per changed row of a commit */
  private commit(entry: Entry, slab: Slab, start: number, length: number): void {
    const bucket = entry.bucket;
    if (bucket.dropped) {
      if (length > 0) this.slabs.release(slab, length);
      return;
    }
    this.markChanged(entry, bucket);
    const keyLength = entry.keyText.length + bucket.keySuffix.length;
    let addedRows = 0;
    let addedBytes = 0;
    if (entry.length >= 0) {
      addedRows--;
      addedBytes -= keyLength + entry.length;
      if (entry.length > 0) this.slabs.release(entry.slab, entry.length);
    }
    if (length >= 0) {
      addedRows++;
      addedBytes += keyLength + length;
    } else this.absent.push(entry);
    if (length > 0) slab.entries.push(entry);
    entry.slab = slab;
    entry.start = start;
    entry.length = length;
    this.rowCount += addedRows;
    bucket.rowCount += addedRows;
    this.sizeBytes += addedBytes;
    bucket.sizeBytes += addedBytes;
  }

  private markChanged(entry: Entry, bucket: RowBucket): void {
    if (entry.changedIn === this.freezeCount) return;
    this.frozen?.keep(entry);
    entry.changedIn = this.freezeCount;
    this.changed.push(entry);
    if (bucket.changedIn !== this.freezeCount) {
      bucket.changedIn = this.freezeCount;
      bucket.changedCount = 0;
    }
    bucket.changedCount++;
  }

  private revert(entry: Entry): void {
    entry.open = false;
    entry.sealed = false;
    entry.present = entry.length >= 0;
    entry.timestampMs = entry.committedTimestampMs;
    entry.value = null;
    entry.generation = NOT_DECODED;
    this.forgetIfAbsent(entry);
  }

  private forgetIfAbsent(entry: Entry): void {
    if (entry.length >= 0 || entry.open || entry.sealed || entry.changedIn === this.freezeCount) return;
    const { rows } = entry.bucket;
    if (rows.get(entry.keyText) === entry) rows.delete(entry.keyText);
  }
}

/** Whether a row has a committed form, or gets one when the sealed layer is acknowledged. */
export function hasCommitted(entry: Entry): boolean {
  return entry.length >= 0 || entry.sealed;
}
