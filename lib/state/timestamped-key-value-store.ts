import { RowBucket } from "./bucket.ts";
import type { Entry } from "./entry.ts";
import { RowLayers, type RowLayersOptions } from "./row-layers.ts";
import type { FrozenRows, KeyValueStore, RowSink, Scratch, StoreRow, StoreSpec, TaskStore } from "./store.ts";

/**
 * Keyed rows with timestamps, in memory.
 *
 * Changelog: plain key, plain value, record timestamp = row timestamp.
 * @source Kafka Streams `ChangeLoggingTimestampedKeyValueBytesStore`
 */
export class TimestampedKeyValueStore implements TaskStore, KeyValueStore {
  readonly spec: StoreSpec;
  private readonly layers: RowLayers;
  private readonly bucket = new RowBucket("", 0);
  private readonly buckets = [this.bucket];
  /** A put mostly follows the get of the same key. */
  private lastKeyText: string | undefined;
  private lastEntry: Entry | undefined;

  constructor(spec: StoreSpec, scratch: Scratch, options: RowLayersOptions = {}) {
    this.spec = spec;
    this.layers = new RowLayers(spec, scratch, options);
  }

  get(keyText: string): StoreRow | undefined {
    const entry = this.bucket.rows.get(keyText);
    this.lastKeyText = keyText;
    this.lastEntry = entry;
    return entry?.present === true ? this.layers.ready(entry) : undefined;
  }

  put(keyText: string, value: unknown, timestampMs: number): void {
    this.layers.put(this.entry(keyText), value, timestampMs);
  }

  *range(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    for (const keyText of this.bucket.order.ascending(from)) {
      if (to !== undefined && keyText > to) return;
      const entry = this.bucket.rows.get(keyText);
      if (entry?.present === true) yield [keyText, this.layers.ready(entry)];
    }
  }

  *reverseRange(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    for (const keyText of this.bucket.order.descending(to)) {
      if (from !== undefined && keyText < from) return;
      const entry = this.bucket.rows.get(keyText);
      if (entry?.present === true) yield [keyText, this.layers.ready(entry)];
    }
  }

  seal(changelog: RowSink): void {
    this.forgetLast();
    this.layers.seal(changelog, Number.NEGATIVE_INFINITY);
  }

  acknowledge(): void {
    this.layers.acknowledge();
  }

  drop(): void {
    this.forgetLast();
    this.layers.drop();
  }

  /** @hotPath once per restored row */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    this.layers.restore(this.entry(keyText), bytes, valueStart, valueLength, timestampMs);
  }

  freeze(which: "all" | "changed"): FrozenRows {
    this.forgetLast();
    return this.layers.freeze(which, this.buckets);
  }

  get changedCount(): number {
    return this.layers.changedCount;
  }

  get rowCount(): number {
    return this.layers.rowCount;
  }

  get sizeBytes(): number {
    return this.layers.sizeBytes;
  }

  /** Bytes of memory that hold values, dead ones included. */
  get valueMemoryBytes(): number {
    return this.layers.valueMemoryBytes;
  }

  /** A key-value store has no stream time of its own: -1 unless set. */
  expiredAt(): number {
    return Number.NEGATIVE_INFINITY;
  }

  get storeTimeMs(): number {
    return this.layers.storeTimeMs;
  }

  set storeTimeMs(storeTimeMs: number) {
    this.layers.storeTimeMs = storeTimeMs;
    this.layers.committedStoreTimeMs = storeTimeMs;
  }

  private entry(keyText: string): Entry {
    if (this.lastEntry !== undefined && keyText === this.lastKeyText) return this.lastEntry;
    const entry = this.bucket.rows.get(keyText) ?? this.layers.create(keyText, this.bucket);
    this.lastKeyText = keyText;
    this.lastEntry = entry;
    return entry;
  }

  /** After this an entry may have left the map. */
  private forgetLast(): void {
    this.lastKeyText = undefined;
    this.lastEntry = undefined;
  }
}
