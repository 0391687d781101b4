import { StreamError } from "../core/errors.ts";
import type { FoundRows } from "./found-rows.ts";
import type { KeyRows } from "./key-index.ts";
import { LayeredStore } from "./layered-store.ts";
import { RowLayers, type RowLayersOptions } from "./row-layers.ts";
import type { RowSink, Scratch, StoreSpec } from "./store.ts";
import { WindowBuckets } from "./window-buckets.ts";

/** How a store type lays out its rows. */
export interface ExpiringStoreOptions extends RowLayersOptions {
  /** What follows the key of every row of a bucket in the changelog; by the bucket's time. */
  readonly keySuffix: (timeMs: number) => string;
  /** A bucket holds the rows of so many milliseconds, 1 without it; its time is the last of them. */
  readonly bucketMs?: number;
  /** Above 0: rows expire together, a segment of so much time at once. */
  readonly segmentMs?: number;
}

/**
 * A store whose rows expire by the store's own stream time: what window and session stores share. Rows with `time <= stream
 * time - retention` are gone (start of a window, end of a session). A row lies in the bucket of its time, and a bucket is
 * dropped when its last row has expired.
 *
 * Expiry is metadata: nothing is written for it. What is visible follows the newest stream time; buckets are freed when a
 * commit with that stream time is acknowledged, because an aborted one turns the time back.
 *
 * @source Kafka Streams `InMemoryWindowStore`, `InMemorySessionStore` (expiry)
 */
export abstract class ExpiringStore extends LayeredStore {
  protected readonly buckets: WindowBuckets;
  /** Rows with a time up to this are invisible. */
  protected expiredUpToMs = Number.NEGATIVE_INFINITY;
  private readonly retentionMs: number;
  private readonly segmentMs: number;
  private readonly followMoves = (slot: number): void => this.moved(slot);

  constructor(spec: StoreSpec, scratch: Scratch, options: ExpiringStoreOptions) {
    if (spec.retentionMs === undefined || !(spec.retentionMs > 0)) {
      throw new StreamError("TOPOLOGY_INVALID", `${spec.type} store ${spec.name} needs a retention above 0 ms`, {
        details: { store: spec.name },
      });
    }
    super(spec, new RowLayers(spec, scratch, options));
    this.retentionMs = spec.retentionMs;
    this.segmentMs = options.segmentMs ?? 0;
    this.buckets = new WindowBuckets(this.layers.rows, options.keySuffix, options.bucketMs);
  }

  seal(changelog: RowSink): void {
    this.layers.seal(changelog, this.expiredUpToMs);
  }

  override acknowledge(): void {
    super.acknowledge();
    this.dropExpired();
  }

  override drop(): void {
    this.layers.drop(this.followMoves);
    this.expiredUpToMs = this.expiredAt(this.layers.storeTimeMs);
  }

  override get storeTimeMs(): number {
    return super.storeTimeMs;
  }

  /** Set at restore, while no layer is open. */
  override set storeTimeMs(storeTimeMs: number) {
    this.layers.committedStoreTimeMs = storeTimeMs;
    this.advance(storeTimeMs);
    this.dropExpired();
  }

  override expiredAt(storeTimeMs: number): number {
    const { segmentMs } = this;
    const upToMs = storeTimeMs - this.retentionMs;
    return segmentMs === 0 ? upToMs : Math.floor(upToMs / segmentMs) * segmentMs - 1;
  }

  /** Moves stream time on, if `timeMs` is news. @returns whether a row of that time is visible */
  protected admits(timeMs: number): boolean {
    if (timeMs > this.layers.storeTimeMs) this.advance(timeMs);
    return timeMs > this.expiredUpToMs;
  }

  /** As `admits`, for a row that is restored. */
  protected admitsRestored(timeMs: number): boolean {
    if (timeMs > this.layers.storeTimeMs) this.storeTimeMs = timeMs;
    return timeMs > this.expiredUpToMs;
  }

  protected visibleFrom(fromMs: number): number {
    return Math.max(fromMs, this.expiredUpToMs + 1);
  }

  /** Finds visible rows of one key with `fromMs <= time <= toMs`. @hotPath once per record */
  protected findIn(rows: KeyRows | undefined, fromMs: number, toMs: number, found: FoundRows): void {
    found.count = 0;
    if (rows === undefined) return;
    const { timesMs, slots } = rows;
    for (let at = rows.firstFrom(this.visibleFrom(fromMs)); at < slots.length; at++) {
      const timeMs = timesMs[at] as number;
      if (timeMs > toMs) return;
      found.add(timeMs, timeMs, this.layers.ready(slots[at] as number));
    }
  }

  /** The slot of a key in the bucket of a time; made if there is none. */
  protected slot(keyText: string, timeMs: number): number {
    return this.layers.slotOf(this.buckets.get(timeMs) ?? this.buckets.create(timeMs), keyText);
  }

  protected badKey(keyText: string): StreamError {
    const { name, type } = this.spec;
    return new StreamError("SCHEMA_UNKNOWN", `a key in the changelog of ${type} store ${name} is too short`, {
      details: { store: name, keyLength: keyText.length },
    });
  }

  /** Told of every row that appeared, vanished or expired other than by a put. */
  protected moved(_slot: number): void {}

  /** Told when rows have expired for good: those with a time up to `_upToMs`. */
  protected dropped(_upToMs: number): void {}

  private advance(storeTimeMs: number): void {
    this.layers.storeTimeMs = storeTimeMs;
    this.expiredUpToMs = this.expiredAt(storeTimeMs);
  }

  private dropExpired(): void {
    const upToMs = this.expiredAt(this.layers.committedStoreTimeMs);
    const expired = this.buckets.takeUpTo(upToMs);
    for (const bucket of expired) this.layers.dropBucket(bucket, this.followMoves);
    if (expired.length > 0) this.dropped(upToMs);
  }
}
