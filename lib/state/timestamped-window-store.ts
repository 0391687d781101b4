import { ExpiringStore } from "./expiring-store.ts";
import type { Scratch, StoreRow, StoreSpec, WindowStore } from "./store.ts";
import { isWindowKey, keyOfWindowKey, windowKeySuffix, windowStartOf } from "./window-key.ts";

/**
 * Rows per key and window start, in memory. Windows with `start <= stream time - retention` are gone.
 *
 * Changelog: `windowKey` (key, window start, sequence number 0), plain value, record timestamp = row timestamp.
 * @source Kafka Streams `ChangeLoggingTimestampedWindowBytesStore`
 */
export class TimestampedWindowStore extends ExpiringStore implements WindowStore {
  constructor(spec: StoreSpec, scratch: Scratch) {
    super(spec, scratch, { keySuffix: windowKeySuffix });
  }

  get(keyText: string, windowStartMs: number): StoreRow | undefined {
    if (windowStartMs <= this.expiredUpToMs) return undefined;
    const entry = this.buckets.get(windowStartMs)?.rows.get(keyText);
    return entry?.present === true ? this.layers.ready(entry) : undefined;
  }

  /** @hotPath once per record and window */
  put(keyText: string, windowStartMs: number, value: unknown, timestampMs: number): void {
    if (this.admits(windowStartMs)) this.layers.put(this.entry(keyText, windowStartMs), value, timestampMs);
  }

  *fetch(keyText: string, fromMs: number, toMs: number): IterableIterator<readonly [number, StoreRow]> {
    for (const bucket of this.buckets.between(this.visibleFrom(fromMs), toMs)) {
      const entry = bucket.rows.get(keyText);
      if (entry?.present === true) yield [bucket.startMs, this.layers.ready(entry)];
    }
  }

  *fetchAll(fromMs: number, toMs: number): IterableIterator<readonly [string, number, StoreRow]> {
    for (const bucket of this.buckets.between(this.visibleFrom(fromMs), toMs)) {
      for (const keyText of bucket.order.keys()) {
        const entry = bucket.rows.get(keyText);
        if (entry?.present === true) yield [keyText, bucket.startMs, this.layers.ready(entry)];
      }
    }
  }

  /** @hotPath once per restored row */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    if (!isWindowKey(keyText)) throw this.badKey(keyText);
    const startMs = windowStartOf(keyText);
    if (!this.admitsRestored(startMs)) return;
    this.layers.restore(this.entry(keyOfWindowKey(keyText), startMs), bytes, valueStart, valueLength, timestampMs);
  }
}
