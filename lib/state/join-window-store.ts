import type { Header } from "../records/reader.ts";
import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { JoinWindowIndex } from "./join-window-index.ts";
import { joinWindowKey } from "./join-window-key.ts";
import type { JoinStore, RowSink, Scratch, StoredRecord, StoreSpec } from "./store.ts";
import { isWindowKey, windowStartOf } from "./window-key.ts";

/** Into how many buckets the retention is cut. */
const BUCKETS = 16;

/**
 * The records of one side of a join of streams, in memory: per key and timestamp, duplicates kept. Records with
 * `timestamp <= stream time - retention` are gone; stream time is the largest timestamp ever put.
 *
 * Expiry is metadata, as in window stores: nothing is written for it, and memory is freed when a commit is acknowledged.
 *
 * Changelog: `joinWindowKey`, plain value, headers and timestamp of the record. Records with a null value and records that
 * come too late are logged and not kept.
 * @source Kafka Streams `ChangeLoggingWindowBytesStore` with `retainDuplicates`, `RocksDBWindowStore`
 */
export class JoinWindowStore extends ExpiringStore implements JoinStore {
  private readonly index = new JoinWindowIndex(this.layers.rows);
  /** Headers of the open layer's records that have some, by changelog key. */
  private readonly headers = new Map<string, readonly Header[]>();

  /** @throws {StreamError} `TOPOLOGY_INVALID` without a retention above 0 ms */
  constructor(spec: StoreSpec, scratch: Scratch) {
    super(spec, scratch, { keySuffix: () => "", bucketMs: Math.ceil((spec.retentionMs ?? 0) / BUCKETS) });
  }

  /** @hotPath once per record */
  put(keyText: string, sequence: number, record: StoredRecord): boolean {
    const { value, timestampMs, headers } = record;
    const changelogKey = joinWindowKey(keyText, timestampMs, sequence);
    if (headers.length > 0) this.headers.set(changelogKey, headers);
    const isNull = value === null || value === undefined;
    const isInTime = isNull || this.admits(timestampMs);
    if (isNull || !isInTime) this.layers.log(changelogKey, value, timestampMs);
    else {
      const slot = this.slot(changelogKey, timestampMs);
      this.layers.put(slot, value, timestampMs);
      this.index.add(keyText, slot);
    }
    return isInTime;
  }

  /** @hotPath once per record */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void {
    found.count = 0;
    const slots = this.index.of(keyText);
    for (let at = this.index.firstFrom(slots, this.visibleFrom(fromMs)); at < slots.length; at++) {
      const row = this.layers.ready(slots[at] as number);
      const { timestampMs } = row;
      if (timestampMs > toMs) return;
      found.add(timestampMs, timestampMs, row);
    }
  }

  override seal(changelog: RowSink): void {
    const { headers } = this;
    super.seal(headers.size === 0 ? changelog : withHeaders(changelog, headers));
    headers.clear();
  }

  override drop(): void {
    super.drop();
    this.headers.clear();
  }

  /** @hotPath once per restored row */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    if (!isWindowKey(keyText)) throw this.badKey(keyText);
    const putMs = windowStartOf(keyText);
    if (valueLength < 0 || !this.admitsRestored(putMs)) return;
    const slot = this.slot(keyText, putMs);
    const isKnown = this.layers.isPresent(slot);
    this.layers.restore(slot, bytes, valueStart, valueLength, timestampMs);
    if (!isKnown) this.index.addRestored(slot);
  }

  protected override moved(slot: number): void {
    if (!this.layers.isPresent(slot)) this.index.remove(slot);
  }
}

function withHeaders(changelog: RowSink, headers: ReadonlyMap<string, readonly Header[]>): RowSink {
  return {
    /** @hotPath once per changed row of a commit */
    row(keyText, bytes, valueStart, valueLength, timestampMs) {
      changelog.row(keyText, bytes, valueStart, valueLength, timestampMs, headers.get(keyText));
    },
  };
}
