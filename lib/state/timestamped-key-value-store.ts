import type { RowBucket } from "./bucket.ts";
import { LayeredStore } from "./layered-store.ts";
import { RowLayers, type RowLayersOptions } from "./row-layers.ts";
import { NO_ROW } from "./rows.ts";
import type { FrozenRows, KeyValueStore, RowSink, Scratch, StoreRow, StoreSpec } from "./store.ts";
import { valueLengthOf } from "./value-length.ts";

/**
 * Keyed rows with timestamps, in memory.
 *
 * Changelog: plain key, plain value, record timestamp = row timestamp.
 * @source Kafka Streams `ChangeLoggingTimestampedKeyValueBytesStore`
 */
export class TimestampedKeyValueStore extends LayeredStore implements KeyValueStore {
  private readonly bucket: RowBucket;
  /** A put mostly follows the get of the same key. */
  private lastKeyText: string | undefined;
  private lastSlot = NO_ROW;

  constructor(spec: StoreSpec, scratch: Scratch, options: RowLayersOptions = {}) {
    super(spec, new RowLayers(spec, scratch, options));
    this.bucket = this.layers.rows.open("", 0);
  }

  get(keyText: string): StoreRow | undefined {
    const { layers } = this;
    const slot = layers.rows.find(this.bucket, keyText);
    this.lastKeyText = keyText;
    this.lastSlot = slot;
    return slot !== NO_ROW && layers.isPresent(slot) ? layers.ready(slot) : undefined;
  }

  put(keyText: string, value: unknown, timestampMs: number): void {
    this.layers.put(this.slot(keyText), value, timestampMs);
  }

  *range(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    for (const keyText of this.bucket.order.ascending(from)) {
      if (to !== undefined && keyText > to) return;
      const slot = this.layers.rows.find(this.bucket, keyText);
      if (slot !== NO_ROW && this.layers.isPresent(slot)) yield [keyText, this.layers.row(slot)];
    }
  }

  *reverseRange(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    for (const keyText of this.bucket.order.descending(to)) {
      if (from !== undefined && keyText < from) return;
      const slot = this.layers.rows.find(this.bucket, keyText);
      if (slot !== NO_ROW && this.layers.isPresent(slot)) yield [keyText, this.layers.row(slot)];
    }
  }

  seal(changelog: RowSink): void {
    this.forgetLast();
    this.layers.seal(changelog, Number.NEGATIVE_INFINITY);
  }

  override drop(): void {
    this.forgetLast();
    super.drop();
  }

  /** @hotPath once per restored row */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    const length = valueLengthOf(this.spec.valueSerde, bytes, valueStart, valueLength);
    this.layers.restore(this.slot(keyText), bytes, valueStart, length, timestampMs);
  }

  override freeze(which: "all" | "changed"): FrozenRows {
    this.forgetLast();
    return super.freeze(which);
  }

  /** Bytes of memory that hold values, dead ones included. */
  get valueMemoryBytes(): number {
    return this.layers.valueMemoryBytes;
  }

  private slot(keyText: string): number {
    if (this.lastSlot !== NO_ROW && keyText === this.lastKeyText) return this.lastSlot;
    this.lastKeyText = keyText;
    this.lastSlot = this.layers.slotOf(this.bucket, keyText);
    return this.lastSlot;
  }

  /** After this a row may have left its slot. */
  private forgetLast(): void {
    this.lastKeyText = undefined;
    this.lastSlot = NO_ROW;
  }
}
