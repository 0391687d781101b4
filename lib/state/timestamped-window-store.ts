import type { Entry } from "./entry.ts";
import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { KeyIndex } from "./key-index.ts";
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
    const entry = this.buckets.get(windowStartMs)?.rows.get(keyText);
    return entry?.present === true ? this.layers.ready(entry) : undefined;
  }

  /** @hotPath once per record and window */
  put(keyText: string, windowStartMs: number, value: unknown, timestampMs: number): void {
    if (!this.admits(windowStartMs)) {
      this.layers.log(windowKey(keyText, windowStartMs), value, timestampMs);
      return;
    }
    const entry = this.entry(keyText, windowStartMs);
    const { present } = entry;
    this.layers.put(entry, value, timestampMs);
    if (entry.present !== present) this.moved(entry);
  }

  /** @hotPath once per record */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void {
    found.count = 0;
    this.index ??= this.indexed();
    const rows = this.index.of(keyText);
    if (rows === undefined) return;
    const { timesMs, entries } = rows;
    for (let at = rows.firstFrom(this.visibleFrom(fromMs)); at < entries.length; at++) {
      const startMs = timesMs[at] as number;
      if (startMs > toMs) return;
      found.add(startMs, startMs, this.layers.ready(entries[at] as Entry));
    }
  }

  *fetch(keyText: string, fromMs: number, toMs: number): IterableIterator<readonly [number, StoreRow]> {
    this.index ??= this.indexed();
    const rows = this.index.of(keyText);
    if (rows === undefined) return;
    // A copy: rows may come and go while it is read.
    for (const entry of rows.entries.slice(rows.firstFrom(this.visibleFrom(fromMs)), rows.firstFrom(toMs + 1))) {
      if (entry.present) yield [entry.bucket.startMs, this.layers.ready(entry)];
    }
  }

  *fetchAll(fromMs: number, toMs: number): IterableIterator<readonly [string, number, StoreRow]> {
    for (const bucket of this.buckets.between(this.visibleFrom(fromMs), toMs)) {
      for (const keyText of bucket.order.ascending(undefined)) {
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
    const entry = this.entry(keyOfWindowKey(keyText), startMs);
    this.layers.restore(entry, bytes, valueStart, valueLength, timestampMs);
    this.moved(entry);
  }
  protected override moved(entry: Entry): void {
    this.index?.set(entry.keyText, entry.bucket.startMs, entry);
  }

  private indexed(): KeyIndex {
    const index = new KeyIndex();
    for (const bucket of this.buckets.all()) {
      for (const entry of bucket.rows.values()) index.set(entry.keyText, bucket.startMs, entry);
    }
    return index;
  }
}
