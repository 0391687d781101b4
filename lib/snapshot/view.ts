/**
 * Reads stores out of a snapshot, for queries: no worker, no task store.
 *
 * For now the segments of a store are read in full at its first use and kept in a cache; the calls are asynchronous, so that
 * reading single blocks can come later without a change for callers.
 */
import type { ObjectStore } from "../ports/object-store.ts";
import { rowTimeOf } from "../state/row-time.ts";
import { keyOfWindowKey, windowKey, windowStartOf } from "../state/window-key.ts";
import type { SortedRows, ViewRow } from "./rows.ts";
import type { SegmentCache } from "./segment-cache.ts";
import { type Manifest, type ManifestStore, storeKey } from "./types.ts";

/** A row of a window store. */
export interface ViewWindowRow extends ViewRow {
  /** The record key, without window start. */
  readonly recordKeyText: string;
  readonly windowStartMs: number;
}

/** The stores of one manifest, and a way to the one that is asked for. */
export interface SnapshotView {
  readonly manifest: Manifest;
  /** A store of a task, or undefined when the manifest does not know it. */
  store(name: string, partition: number): StoreView | undefined;
}

/**
 * Opens a manifest for queries.
 *
 * @param options.cache Shared by all views of a process: objects never change, so nothing in it gets old.
 * @example
 * async function priceOf(manifest: Manifest, objects: ObjectStore, cache: SegmentCache) {
 *   return openSnapshotView({ manifest, objects, cache }).store("prices", 3)?.get("AAPL");
 * }
 */
export function openSnapshotView(options: {
  manifest: Manifest;
  objects: ObjectStore;
  cache: SegmentCache;
}): SnapshotView {
  const { manifest, objects, cache } = options;
  return {
    manifest,
    store(name, partition) {
      const stored = manifest.stores[storeKey(name, partition)];
      if (stored === undefined) return undefined;
      const load = () => Promise.all(stored.segments.map((ref) => cache.rows(objects, ref)));
      return new StoreView({ store: stored, load, storeTimeMs: stored.storeTimeMs });
    },
  };
}

/** One store of a snapshot: rows of its segments, newest wins, tombstones and expired windows hidden. */
export class StoreView {
  readonly store: ManifestStore;
  private readonly load: () => Promise<readonly SortedRows[]>;
  private readonly expiredUpToMs: number;

  /** @param source.load Answers the rows, oldest first. */
  constructor(source: { store: ManifestStore; load: () => Promise<readonly SortedRows[]>; storeTimeMs: number }) {
    this.store = source.store;
    this.load = source.load;
    this.expiredUpToMs =
      source.store.retentionMs === undefined ? Number.NEGATIVE_INFINITY : source.storeTimeMs - source.store.retentionMs;
  }

  /**
   * The same store with the changelog tail on top.
   *
   * @param tail Rows of the changelog from the manifest's `next` on.
   * @param storeTimeMs Stream time of the store in the position up to which the tail goes.
   */
  withTail(tail: SortedRows, storeTimeMs: number): StoreView {
    const { store, load } = this;
    return new StoreView({ store, load: async () => [...(await load()), tail], storeTimeMs });
  }

  /** The row of a changelog key: of the record key in a key-value store. */
  async get(changelogKey: string): Promise<ViewRow | undefined> {
    if (this.expired(changelogKey)) return undefined;
    const layers = await this.load();
    for (let i = layers.length - 1; i >= 0; i--) {
      const row = layers[i]?.find(changelogKey);
      if (row !== undefined) return row.valueLength < 0 ? undefined : row;
    }
    return undefined;
  }

  /** Rows with `from <= changelog key <= to` in byte order, at most `limit`; undefined ends are open. */
  async range(from: string | undefined, to: string | undefined, limit = Number.POSITIVE_INFINITY): Promise<ViewRow[]> {
    const rows: ViewRow[] = [];
    for (const row of merge(await this.load(), from, to)) {
      if (rows.length >= limit) break;
      if (!this.expired(row.keyText)) rows.push(row);
    }
    return rows;
  }

  /** Windows of a record key with `fromMs <= start <= toMs`, ascending. */
  async fetch(recordKeyText: string, fromMs: number, toMs: number): Promise<ViewWindowRow[]> {
    const first = Math.max(0, fromMs, this.expiredUpToMs + 1);
    const last = Math.min(toMs, Number.MAX_SAFE_INTEGER);
    if (first > last) return [];
    const rows = await this.range(windowKey(recordKeyText, first), windowKey(recordKeyText, last));
    // Longer keys that begin with this one lie in between.
    return rows.map(windowRow).filter((row) => row.recordKeyText === recordKeyText);
  }

  /** Windows of all keys with `fromMs <= start <= toMs`, by start, then key. */
  async fetchAll(fromMs: number, toMs: number): Promise<ViewWindowRow[]> {
    const rows = (await this.range(undefined, undefined)).map(windowRow);
    return rows
      .filter(({ windowStartMs }) => windowStartMs >= fromMs && windowStartMs <= toMs)
      .sort((a, b) => a.windowStartMs - b.windowStartMs || (a.recordKeyText < b.recordKeyText ? -1 : 1));
  }

  private expired(changelogKey: string): boolean {
    const { type, retentionMs } = this.store;
    return retentionMs !== undefined && rowTimeOf(type, changelogKey) <= this.expiredUpToMs;
  }
}

function windowRow(row: ViewRow): ViewWindowRow {
  return { ...row, recordKeyText: keyOfWindowKey(row.keyText), windowStartMs: windowStartOf(row.keyText) };
}

/** Merges sorted layers, oldest first: of equal keys the newest layer's row, and no tombstones. */
function* merge(layers: readonly SortedRows[], from: string | undefined, to: string | undefined): Generator<ViewRow> {
  const places = layers.map((layer) => (from === undefined ? 0 : layer.lowerBound(from)));
  for (;;) {
    let smallest: string | undefined;
    let newest = -1;
    layers.forEach((layer, i) => {
      const place = places[i] as number;
      if (place >= layer.count) return;
      const keyText = layer.keyAt(place);
      if (smallest !== undefined && keyText > smallest) return;
      smallest = keyText;
      newest = i;
    });
    if (smallest === undefined || (to !== undefined && smallest > to)) return;
    const row = (layers[newest] as SortedRows).at(places[newest] as number);
    layers.forEach((layer, i) => {
      const place = places[i] as number;
      if (place < layer.count && layer.keyAt(place) === smallest) places[i] = place + 1;
    });
    if (row.valueLength >= 0) yield row;
  }
}
