import type { Header } from "../records/reader.ts";
import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { joinWindowKey, sequenceOf } from "./join-window-key.ts";
import { KeyIndex } from "./key-index.ts";
import type { JoinStore, RowSink, Scratch, StoredRecord, StoreSpec } from "./store.ts";
import { isWindowKey, keyOfWindowKey, windowStartOf } from "./window-key.ts";

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
  /** With sequence numbers in place of starts. */
  private readonly index = new KeyIndex();
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
      this.index.add(keyText, sequence, timestampMs, slot);
    }
    return isInTime;
  }

  /** @hotPath once per record */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void {
    this.findIn(this.index.of(keyText), fromMs, toMs, found);
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
    this.layers.restore(slot, bytes, valueStart, valueLength, timestampMs);
    this.index.add(keyOfWindowKey(keyText), sequenceOf(keyText), putMs, slot);
  }

  protected override moved(slot: number): void {
    const { rows } = this.layers;
    if (this.layers.isPresent(slot) || rows.bucket(slot).dropped) return;
    const changelogKey = rows.keyText(slot);
    this.index.remove(keyOfWindowKey(changelogKey), sequenceOf(changelogKey), windowStartOf(changelogKey));
  }

  protected override dropped(upToMs: number): void {
    this.index.expire(upToMs);
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
