import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { KeyIndex } from "./key-index.ts";
import { NO_ROW } from "./rows.ts";
import type { Scratch, StoreRow, StoreSpec, WindowStore } from "./store.ts";
import { isWindowKey, keyOfWindowKey, windowKey, windowKeySuffix, windowStartOf } from "./window-key.ts";

/** Kafka Streams' shortest segment of a window store. */
const SEGMENT_MIN_MS = 60_000;

/**
 * Rows per key and window start, in memory. Windows with `start <= stream time - retention` are gone; below a record cache they
 * go segment by segment, as what Kafka Streams' caching store still shows.
 *
 * Puts into windows that are gone are logged, as in Kafka Streams, and forgotten.
 *
 * Changelog: `windowKey` (key, window start, sequence number 0), plain value, record timestamp = row timestamp.
 * @source Kafka Streams `ChangeLoggingTimestampedWindowBytesStore`
 */
export class TimestampedWindowStore extends ExpiringStore implements WindowStore {
  /** Made when windows of a key are asked for: aggregations over time windows never do. */
  private index: KeyIndex | undefined;

  constructor(spec: StoreSpec, scratch: Scratch) {
    const segmentMs = scratch.cached === true ? Math.max((spec.retentionMs ?? 0) / 2, SEGMENT_MIN_MS) : 0;
    super(spec, scratch, { keySuffix: windowKeySuffix, segmentMs });
  }

  get(keyText: string, windowStartMs: number): StoreRow | undefined {
    if (windowStartMs <= this.expiredUpToMs) return undefined;
    const bucket = this.buckets.get(windowStartMs);
    if (bucket === undefined) return undefined;
    const slot = this.layers.rows.find(bucket, keyText);
    return slot !== NO_ROW && this.layers.isPresent(slot) ? this.layers.ready(slot) : undefined;
  }

  /** @hotPath once per record and window */
  put(keyText: string, windowStartMs: number, value: unknown, timestampMs: number): void {
    if (!this.admits(windowStartMs)) {
      this.layers.log(windowKey(keyText, windowStartMs), value, timestampMs);
      return;
    }
    const slot = this.slot(keyText, windowStartMs);
    const wasPresent = this.layers.isPresent(slot);
    this.layers.put(slot, value, timestampMs);
    if (this.layers.isPresent(slot) !== wasPresent) this.moved(slot);
  }

  /** @hotPath once per record */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void {
    this.index ??= this.indexed();
    this.findIn(this.index.of(keyText), fromMs, toMs, found);
  }

  *fetch(keyText: string, fromMs: number, toMs: number): IterableIterator<readonly [number, StoreRow]> {
    this.index ??= this.indexed();
    const rows = this.index.of(keyText);
    if (rows === undefined) return;
    // A copy: rows may come and go while it is read.
    const from = rows.firstFrom(this.visibleFrom(fromMs));
    const to = rows.firstFrom(toMs + 1);
    const startsMs = rows.timesMs.slice(from, to);
    for (const [at, slot] of rows.slots.slice(from, to).entries()) {
      if (this.layers.isPresent(slot)) yield [startsMs[at] as number, this.layers.row(slot)];
    }
  }

  *fetchAll(fromMs: number, toMs: number): IterableIterator<readonly [string, number, StoreRow]> {
    for (const bucket of this.buckets.between(this.visibleFrom(fromMs), toMs)) {
      for (const keyText of bucket.order.ascending(undefined)) {
        const slot = this.layers.rows.find(bucket, keyText);
        if (slot !== NO_ROW && this.layers.isPresent(slot)) yield [keyText, bucket.startMs, this.layers.row(slot)];
      }
    }
  }

  /** @hotPath once per restored row */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    if (!isWindowKey(keyText)) throw this.badKey(keyText);
    const startMs = windowStartOf(keyText);
    if (!this.admitsRestored(startMs)) return;
    const slot = this.slot(keyOfWindowKey(keyText), startMs);
    this.layers.restore(slot, bytes, valueStart, valueLength, timestampMs);
    this.moved(slot);
  }

  protected override moved(slot: number): void {
    if (this.index !== undefined && !this.layers.rows.bucket(slot).dropped) this.setIn(this.index, slot);
  }

  protected override dropped(upToMs: number): void {
    this.index?.expire(upToMs);
  }

  private indexed(): KeyIndex {
    const index = new KeyIndex();
    for (const bucket of this.buckets.all()) {
      for (const slot of this.layers.rows.slotsOf(bucket)) this.setIn(index, slot);
    }
    return index;
  }

  private setIn(index: KeyIndex, slot: number): void {
    const { rows } = this.layers;
    const { startMs } = rows.bucket(slot);
    if (this.layers.isPresent(slot)) index.add(rows.keyText(slot), startMs, startMs, slot);
    else index.remove(rows.keyText(slot), startMs, startMs);
  }
}
