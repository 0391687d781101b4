import type { Header } from "../records/reader.ts";
import type { Entry } from "./entry.ts";
import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { firstFrom, JoinWindowIndex } from "./join-window-index.ts";
import { joinWindowKey } from "./join-window-key.ts";
import type { JoinStore, RowSink, Scratch, StoredRecord, StoreSpec } from "./store.ts";
import { isWindowKey, windowStartOf } from "./window-key.ts";

/** Into how many buckets the retention is cut: rows are freed a whole bucket at a time. */
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
  /** A bucket holds the records of this many milliseconds; its time is the last of them. */
  private readonly spanMs: number;
  private readonly index = new JoinWindowIndex();
  /** Headers of the open layer's records that have some, by changelog key. */
  private readonly headers = new Map<string, readonly Header[]>();

  /** @throws {StreamError} `TOPOLOGY_INVALID` without a retention above 0 ms */
  constructor(spec: StoreSpec, scratch: Scratch) {
    super(spec, scratch, { keySuffix: () => "" });
    this.spanMs = Math.ceil((spec.retentionMs ?? 0) / BUCKETS);
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
      const entry = this.entry(changelogKey, this.bucketTimeMs(timestampMs));
      this.layers.put(entry, value, timestampMs);
      this.index.add(keyText, entry);
    }
    return isInTime;
  }

  /** @hotPath once per record */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void {
    found.count = 0;
    const entries = this.index.of(keyText);
    for (let at = firstFrom(entries, this.visibleFrom(fromMs)); at < entries.length; at++) {
      const entry = entries[at] as Entry;
      const { timestampMs } = entry;
      if (timestampMs > toMs) return;
      found.add(timestampMs, timestampMs, this.layers.ready(entry));
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
    const entry = this.entry(keyText, this.bucketTimeMs(putMs));
    const known = entry.present;
    this.layers.restore(entry, bytes, valueStart, valueLength, timestampMs);
    if (!known) this.index.addRestored(entry);
  }

  protected override moved(entry: Entry): void {
    if (!entry.present) this.index.remove(entry);
  }

  private bucketTimeMs(timestampMs: number): number {
    return (Math.floor(timestampMs / this.spanMs) + 1) * this.spanMs - 1;
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
