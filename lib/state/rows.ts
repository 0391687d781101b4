import { codeAt } from "../core/code-at.ts";
import { RowBucket } from "./bucket.ts";
import { RowIndex } from "./row-index.ts";

/** No slot: answers of look-ups, ends of lists. */
export const NO_ROW = -1;
/** `generation` of a row whose value must be decoded from its committed bytes before use. */
export const NOT_DECODED = -1;
/** `changedIn` of a row that is in no list of changed rows. */
export const NEVER = -1;
/** Committed values up to this length lie in the row itself. */
export const INLINE_BYTES = 8;
/** `slab` of a row whose committed value lies in the row itself, or that has none. */
export const INLINE = -1;

/** Flags of a row. */
export const PRESENT = 1;
/** In the open layer's dirty list. */
export const OPEN = 2;
/** In the layer that waits for its acknowledgement. */
export const SEALED = 4;
/** In the list of rows that may leave. */
export const LEAVING = 8;

// A row is 64 bytes, a cache line: ten integers, two times, and the place of a small value.
const ROW_BYTES = 64;
const INTS = 16;
const DOUBLES = 8;
const HASH = 0;
const FLAGS = 1;
const CHANGED_IN = 2;
const GENERATION = 3;
const SLAB = 4;
const START = 5;
const LENGTH = 6;
const NEXT = 7;
const PREVIOUS = 8;
const BUCKET = 9;
const TIMESTAMP = 5;
const COMMITTED_TIMESTAMP = 6;
const INLINE_AT = 56;
const FIRST_ROWS = 16;

/**
 * The rows of one store by slot number: no object per row, because an update of one out of many keys waits for memory more than for
 * anything else, and because ten million objects are work for the garbage collector.
 *
 * Owns: memory of rows, key to slot, rows of a bucket. Does not own: what the layers mean, the memory of large values.
 *
 * Invariants:
 * 1. A slot names one key of one bucket until `remove`; then it may name another.
 * 2. `ints` and `doubles` are replaced by `add` only.
 */
export class Rows {
  /** Slots `[0, used)` were given out at some time. */
  used = 0;
  /** Newest values, decoded. */
  readonly values: unknown[] = [];
  private capacity = FIRST_ROWS;
  private bytesOfRows = Buffer.alloc(FIRST_ROWS * ROW_BYTES);
  private ints = new Int32Array(this.bytesOfRows.buffer, this.bytesOfRows.byteOffset, FIRST_ROWS * INTS);
  private doubles = new Float64Array(this.bytesOfRows.buffer, this.bytesOfRows.byteOffset, FIRST_ROWS * DOUBLES);
  private readonly keys: string[] = [];
  private readonly freeSlots: number[] = [];
  private readonly index = new RowIndex();
  private readonly buckets: (RowBucket | undefined)[] = [];
  private readonly freeBuckets: number[] = [];
  private lastText = "";
  private lastHash = hashOf("");

  /** Opens a bucket. @param keySuffix What follows the key of each of its rows in the changelog */
  open(keySuffix: string, startMs: number): RowBucket {
    const id = this.freeBuckets.pop() ?? this.buckets.length;
    const bucket = new RowBucket({ id, firstSlot: NO_ROW, keySuffix, startMs }, this);
    this.buckets[id] = bucket;
    return bucket;
  }

  /** Forgets a bucket that has no row left. */
  close(bucket: RowBucket): void {
    this.buckets[bucket.id] = undefined;
    this.freeBuckets.push(bucket.id);
  }

  /** The slot of a key, or `NO_ROW`. @hotPath once per record */
  find(bucket: RowBucket, keyText: string): number {
    const { ints, keys } = this;
    const { places, mask } = this.index;
    const { id } = bucket;
    const hash = this.hash(keyText, id);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = (places[at * 2] as number) - 1;
      if (slot < 0) return NO_ROW;
      if (places[at * 2 + 1] === hash && ints[slot * INTS + BUCKET] === id && keys[slot] === keyText) return slot;
    }
  }

  /** Whether a bucket has a row of a key, in any layer. */
  knows(bucket: RowBucket, keyText: string): boolean {
    return this.find(bucket, keyText) !== NO_ROW;
  }

  /** Adds an absent row for a key that has none. */
  add(bucket: RowBucket, keyText: string): number {
    const slot = this.freeSlots.pop() ?? this.nextSlot();
    const hash = this.hash(keyText, bucket.id);
    const { ints } = this;
    const at = slot * INTS;
    ints.fill(0, at, at + INTS);
    ints[at + HASH] = hash;
    ints[at + CHANGED_IN] = NEVER;
    ints[at + GENERATION] = NOT_DECODED;
    ints[at + SLAB] = INLINE;
    ints[at + LENGTH] = -1;
    ints[at + BUCKET] = bucket.id;
    ints[at + NEXT] = bucket.firstSlot;
    ints[at + PREVIOUS] = NO_ROW;
    if (bucket.firstSlot !== NO_ROW) ints[bucket.firstSlot * INTS + PREVIOUS] = slot;
    bucket.firstSlot = slot;
    bucket.size++;
    bucket.added(keyText);
    this.keys[slot] = keyText;
    this.values[slot] = null;
    this.index.add(hash, slot);
    return slot;
  }

  /** Frees a slot; nothing may name it any more. */
  remove(slot: number): void {
    const { ints } = this;
    const at = slot * INTS;
    const bucket = this.bucket(slot);
    const next = ints[at + NEXT] as number;
    const previous = ints[at + PREVIOUS] as number;
    if (previous === NO_ROW) bucket.firstSlot = next;
    else ints[previous * INTS + NEXT] = next;
    if (next !== NO_ROW) ints[next * INTS + PREVIOUS] = previous;
    bucket.size--;
    this.index.remove(ints[at + HASH] as number, slot);
    ints[at + FLAGS] = 0;
    this.place(slot, INLINE, 0, -1);
    this.keys[slot] = "";
    this.values[slot] = null;
    this.freeSlots.push(slot);
  }

  /** Every slot up to the last one that is in use now, free ones among them. */
  *slots(): IterableIterator<number> {
    const end = this.used;
    for (let slot = 0; slot < end; slot++) yield slot;
  }

  /** Slots of a bucket's rows; a copy, because rows may leave while it is read. */
  slotsOf(bucket: RowBucket): number[] {
    const slots: number[] = [];
    for (let slot = bucket.firstSlot; slot !== NO_ROW; slot = this.ints[slot * INTS + NEXT] as number) slots.push(slot);
    return slots;
  }

  /** Keys of a bucket's rows, in no order. */
  *keysOf(bucket: RowBucket): IterableIterator<string> {
    for (const slot of this.slotsOf(bucket)) yield this.keys[slot] as string;
  }

  bucket(slot: number): RowBucket {
    return this.buckets[this.ints[slot * INTS + BUCKET] as number] as RowBucket;
  }

  keyText(slot: number): string {
    return this.keys[slot] as string;
  }

  flags(slot: number): number {
    return this.ints[slot * INTS + FLAGS] as number;
  }

  setFlags(slot: number, flags: number): void {
    this.ints[slot * INTS + FLAGS] = flags;
  }

  /** Whether one of some flags is set. */
  has(slot: number, flags: number): boolean {
    return ((this.ints[slot * INTS + FLAGS] as number) & flags) !== 0;
  }

  set(slot: number, flag: number): void {
    this.ints[slot * INTS + FLAGS] = (this.ints[slot * INTS + FLAGS] as number) | flag;
  }

  clear(slot: number, flags: number): void {
    this.ints[slot * INTS + FLAGS] = (this.ints[slot * INTS + FLAGS] as number) & ~flags;
  }

  /** The store's freeze count when the row was put in the list of changed rows. */
  changedIn(slot: number): number {
    return this.ints[slot * INTS + CHANGED_IN] as number;
  }

  setChangedIn(slot: number, freeze: number): void {
    this.ints[slot * INTS + CHANGED_IN] = freeze;
  }

  /** The store's generation when the value was put or decoded: a drop starts a new one, see `RowLayers.drop`. */
  generation(slot: number): number {
    return this.ints[slot * INTS + GENERATION] as number;
  }

  setGeneration(slot: number, generation: number): void {
    this.ints[slot * INTS + GENERATION] = generation;
  }

  /** Time of the newest value. */
  timestampMs(slot: number): number {
    return this.doubles[slot * DOUBLES + TIMESTAMP] as number;
  }

  setTimestampMs(slot: number, timestampMs: number): void {
    this.doubles[slot * DOUBLES + TIMESTAMP] = timestampMs;
  }

  committedTimestampMs(slot: number): number {
    return this.doubles[slot * DOUBLES + COMMITTED_TIMESTAMP] as number;
  }

  setCommittedTimestampMs(slot: number, timestampMs: number): void {
    this.doubles[slot * DOUBLES + COMMITTED_TIMESTAMP] = timestampMs;
  }

  /** Number of the slab that holds the committed value, or `INLINE`. */
  slab(slot: number): number {
    return this.ints[slot * INTS + SLAB] as number;
  }

  /** Where the committed value begins: in its slab, or in `bytes`. */
  start(slot: number): number {
    const at = slot * INTS;
    return this.ints[at + SLAB] === INLINE ? slot * ROW_BYTES + INLINE_AT : (this.ints[at + START] as number);
  }

  /** Length of the committed value, -1 when there is none. */
  length(slot: number): number {
    return this.ints[slot * INTS + LENGTH] as number;
  }

  /** Memory of the rows, for values that lie in them: changed by the next commit, replaced by `add`. */
  get bytes(): Buffer {
    return this.bytesOfRows;
  }

  /** Says where the committed value lies. @hotPath once per changed row of a commit */
  place(slot: number, slab: number, start: number, length: number): void {
    const at = slot * INTS;
    const { ints } = this;
    ints[at + SLAB] = slab;
    ints[at + START] = start;
    ints[at + LENGTH] = length;
  }

  /** Makes `source[from, from + length)` the committed value, at most `INLINE_BYTES`. @hotPath once per changed row of a commit */
  placeInline(slot: number, source: Buffer, from: number, length: number): void {
    const target = this.bytesOfRows;
    const to = slot * ROW_BYTES + INLINE_AT;
    for (let i = 0; i < length; i++) target[to + i] = source[from + i] as number;
    this.place(slot, INLINE, 0, length);
  }

  private hash(keyText: string, bucketId: number): number {
    // Windows of one record have the same key.
    if (keyText !== this.lastText) {
      this.lastText = keyText;
      this.lastHash = hashOf(keyText);
    }
    const mixed = Math.imul(this.lastHash ^ Math.imul(bucketId + 1, 0x9e3779b1), 0x2c1b3c6d);
    return mixed ^ (mixed >>> 15);
  }

  private nextSlot(): number {
    if (this.used === this.capacity) this.grow();
    return this.used++;
  }

  private grow(): void {
    this.capacity *= 2;
    const grown = Buffer.alloc(this.capacity * ROW_BYTES);
    this.bytesOfRows.copy(grown);
    this.bytesOfRows = grown;
    this.ints = new Int32Array(grown.buffer, grown.byteOffset, this.capacity * INTS);
    this.doubles = new Float64Array(grown.buffer, grown.byteOffset, this.capacity * DOUBLES);
  }
}

/** FNV-1a over the characters. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  const { length } = text;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ codeAt(text, i), 0x01000193);
  return hash ^ (hash >>> 13);
}
