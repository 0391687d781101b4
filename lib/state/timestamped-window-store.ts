import { StreamError } from "../core/errors.ts";
import type { Entry } from "./entry.ts";
import { RowLayers } from "./row-layers.ts";
import type { FrozenRows, RowSink, Scratch, StoreRow, StoreSpec, TaskStore, WindowStore } from "./store.ts";
import { WindowBuckets } from "./window-buckets.ts";
import { isWindowKey, keyOfWindowKey, windowStartOf } from "./window-key.ts";

/**
 * Rows per key and window start, in memory. Windows with `start <= stream time - retention` are gone.
 *
 * Expiry is metadata: whole windows are dropped, nothing is written for them. What is visible follows the newest stream time;
 * windows are freed when a commit with that stream time is acknowledged, because an aborted one turns the time back.
 *
 * Changelog: `windowKey` (key, window start, sequence number 0), plain value, record timestamp = row timestamp.
 * @source Kafka Streams `ChangeLoggingTimestampedWindowBytesStore`, `InMemoryWindowStore` (expiry)
 */
export class TimestampedWindowStore implements TaskStore, WindowStore {
  readonly spec: StoreSpec;
  private readonly retentionMs: number;
  private readonly layers: RowLayers;
  private readonly windows = new WindowBuckets();
  /** Windows with a start up to this are invisible. */
  private expiredUpToMs = Number.NEGATIVE_INFINITY;

  constructor(spec: StoreSpec, scratch: Scratch) {
    if (spec.retentionMs === undefined || !(spec.retentionMs > 0)) {
      throw new StreamError("TOPOLOGY_INVALID", `window store ${spec.name} needs a retention above 0 ms`, {
        details: { store: spec.name },
      });
    }
    this.spec = spec;
    this.retentionMs = spec.retentionMs;
    this.layers = new RowLayers(spec, scratch);
  }

  get(keyText: string, windowStartMs: number): StoreRow | undefined {
    if (windowStartMs <= this.expiredUpToMs) return undefined;
    const entry = this.windows.get(windowStartMs)?.rows.get(keyText);
    return entry?.present === true ? this.layers.ready(entry) : undefined;
  }

  /** @hotPath once per record and window */
  put(keyText: string, windowStartMs: number, value: unknown, timestampMs: number): void {
    if (windowStartMs > this.layers.storeTimeMs) this.advance(windowStartMs);
    if (windowStartMs > this.expiredUpToMs) this.layers.put(this.entry(keyText, windowStartMs), value, timestampMs);
  }

  *fetch(keyText: string, fromMs: number, toMs: number): IterableIterator<readonly [number, StoreRow]> {
    for (const bucket of this.windows.between(this.visibleFrom(fromMs), toMs)) {
      const entry = bucket.rows.get(keyText);
      if (entry?.present === true) yield [bucket.startMs, this.layers.ready(entry)];
    }
  }

  *fetchAll(fromMs: number, toMs: number): IterableIterator<readonly [string, number, StoreRow]> {
    for (const bucket of this.windows.between(this.visibleFrom(fromMs), toMs)) {
      for (const keyText of bucket.order.keys()) {
        const entry = bucket.rows.get(keyText);
        if (entry?.present === true) yield [keyText, bucket.startMs, this.layers.ready(entry)];
      }
    }
  }

  seal(changelog: RowSink): void {
    this.layers.seal(changelog, this.expiredUpToMs);
  }

  acknowledge(): void {
    this.layers.acknowledge();
    this.dropExpired();
  }

  drop(): void {
    this.layers.drop();
    this.expiredUpToMs = this.layers.storeTimeMs - this.retentionMs;
  }

  /** @hotPath once per restored row */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    if (!isWindowKey(keyText)) {
      throw new StreamError("SCHEMA_UNKNOWN", `a key in the changelog of window store ${this.spec.name} is too short`, {
        details: { store: this.spec.name, keyLength: keyText.length },
      });
    }
    const startMs = windowStartOf(keyText);
    if (startMs > this.layers.storeTimeMs) this.storeTimeMs = startMs;
    if (startMs <= this.expiredUpToMs) return;
    this.layers.restore(this.entry(keyOfWindowKey(keyText), startMs), bytes, valueStart, valueLength, timestampMs);
  }

  freeze(which: "all" | "changed"): FrozenRows {
    return this.layers.freeze(which, this.windows.all());
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

  get storeTimeMs(): number {
    return this.layers.storeTimeMs;
  }

  /** Set at restore, while no layer is open. */
  set storeTimeMs(storeTimeMs: number) {
    this.layers.committedStoreTimeMs = storeTimeMs;
    this.advance(storeTimeMs);
    this.dropExpired();
  }

  private advance(storeTimeMs: number): void {
    this.layers.storeTimeMs = storeTimeMs;
    this.expiredUpToMs = storeTimeMs - this.retentionMs;
  }

  private dropExpired(): void {
    for (const bucket of this.windows.takeUpTo(this.layers.committedStoreTimeMs - this.retentionMs)) {
      this.layers.dropBucket(bucket);
    }
  }

  private visibleFrom(fromMs: number): number {
    return Math.max(fromMs, this.expiredUpToMs + 1);
  }

  private entry(keyText: string, windowStartMs: number): Entry {
    const bucket = this.windows.get(windowStartMs) ?? this.windows.create(windowStartMs);
    return bucket.rows.get(keyText) ?? this.layers.create(keyText, bucket);
  }
}
