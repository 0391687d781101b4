import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { KeyIndex } from "./key-index.ts";
import { NO_ROW } from "./rows.ts";
import { isSessionKey, keyOfSessionKey, sessionEndOf, sessionKey, sessionStartOf } from "./session-key.ts";
import { SessionOrder } from "./session-order.ts";
import type { RowSink, Scratch, SessionStore, StoreRow, StoreSpec } from "./store.ts";

const NO_BYTES = Buffer.alloc(0);
/** Into how many buckets the retention is cut: so small a part of the sessions is kept longer than must be. */
const BUCKETS = 128;

/**
 * Rows per key and session, in memory. Sessions with `end <= stream time - retention` are gone.
 *
 * A record that extends a session moves its row to another key, so a busy session is deleted and made again many times between
 * two commits: what came and went in between leaves nothing.
 *
 * Changelog: `sessionKey` (key, end, start), plain value, timestamp of the record that was processed. A session that is removed
 * and put again under the same key is logged as Kafka Streams does, as a deletion and then the row.
 * @source Kafka Streams `ChangeLoggingSessionBytesStore`, `InMemorySessionStore`
 */
export class SessionRowStore extends ExpiringStore implements SessionStore {
  private readonly index = new KeyIndex();
  /** Made when sessions of all keys are asked for: aggregations that emit every update never do. */
  private order: SessionOrder | undefined;
  /** Changelog keys of committed sessions that were removed and put again in the open layer. */
  private readonly replaced = new Set<string>();

  constructor(spec: StoreSpec, scratch: Scratch) {
    const bucketMs = Math.ceil((spec.retentionMs ?? 0) / BUCKETS);
    super(spec, scratch, { keySuffix: () => "", bucketMs, logsUnborn: false });
  }

  /** @hotPath once per record */
  find(keyText: string, earliestEndMs: number, latestStartMs: number, found: FoundRows): void {
    found.count = 0;
    const sessions = this.index.of(keyText);
    if (sessions === undefined) return;
    const { startsMs, timesMs, slots } = sessions;
    const first = sessions.firstFrom(this.visibleFrom(earliestEndMs));
    for (let at = first; at < slots.length; at++) {
      const startMs = startsMs[at] as number;
      if (startMs > latestStartMs) continue;
      found.add(startMs, timesMs[at] as number, this.layers.ready(slots[at] as number));
    }
  }

  get(keyText: string, startMs: number, endMs: number): StoreRow | undefined {
    if (endMs <= this.expiredUpToMs) return undefined;
    const slot = this.index.get(keyText, startMs, endMs);
    return slot === NO_ROW ? undefined : this.layers.ready(slot);
  }

  /** @hotPath once per record */
  put(keyText: string, startMs: number, endMs: number, value: unknown, timestampMs: number): void {
    if (value === null || value === undefined) this.remove(keyText, startMs, endMs, timestampMs);
    else if (this.admits(endMs)) {
      const known = this.index.get(keyText, startMs, endMs);
      const slot = known === NO_ROW ? this.absent(sessionKey(keyText, startMs, endMs), endMs) : known;
      this.layers.put(slot, value, timestampMs);
      if (known === NO_ROW) this.appeared(keyText, startMs, endMs, slot);
    }
  }

  /** @hotPath once per session that a record extends */
  remove(keyText: string, startMs: number, endMs: number, timestampMs: number): void {
    if (!this.admits(endMs)) return;
    const slot = this.index.get(keyText, startMs, endMs);
    if (slot === NO_ROW) return;
    if (this.replaced.size > 0) this.replaced.delete(this.layers.rows.keyText(slot));
    this.layers.put(slot, null, timestampMs);
    this.index.remove(keyText, startMs, endMs);
    this.order?.remove(slot);
  }

  *fetchAll(fromEndMs: number, toEndMs: number): IterableIterator<readonly [string, number, number, StoreRow]> {
    this.order ??= new SessionOrder(this.layers);
    const fromMs = this.visibleFrom(fromEndMs);
    for (const bucket of this.buckets.between(fromMs, toEndMs)) {
      for (const [keyText, startMs, endMs] of this.order.between(bucket, fromMs, toEndMs)) {
        const slot = this.index.get(keyText, startMs, endMs);
        if (slot !== NO_ROW) yield [keyText, startMs, endMs, this.layers.row(slot)];
      }
    }
  }

  override seal(changelog: RowSink): void {
    super.seal(this.replaced.size === 0 ? changelog : withDeletions(changelog, this.replaced));
    this.replaced.clear();
  }

  override drop(): void {
    super.drop();
    this.replaced.clear();
  }

  /** @hotPath once per restored row */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    if (!isSessionKey(keyText)) throw this.badKey(keyText);
    const endMs = sessionEndOf(keyText);
    if (!this.admitsRestored(endMs)) return;
    const slot = this.slot(keyText, endMs);
    this.layers.restore(slot, bytes, valueStart, valueLength, timestampMs);
    this.moved(slot);
  }

  protected override moved(slot: number): void {
    const { rows } = this.layers;
    if (rows.bucket(slot).dropped) return;
    const changelogKey = rows.keyText(slot);
    const keyText = keyOfSessionKey(changelogKey);
    const startMs = sessionStartOf(changelogKey);
    const endMs = sessionEndOf(changelogKey);
    if (this.layers.isPresent(slot)) this.appeared(keyText, startMs, endMs, slot);
    else {
      this.index.remove(keyText, startMs, endMs);
      this.order?.remove(slot);
    }
  }

  protected override dropped(upToMs: number): void {
    this.index.expire(upToMs);
  }

  /** The slot of a session that does not exist now. */
  private absent(changelogKey: string, endMs: number): number {
    const { layers } = this;
    const slot = this.slot(changelogKey, endMs);
    if (layers.isOpen(slot) && layers.hasCommitted(slot)) this.replaced.add(changelogKey);
    return slot;
  }

  /** @hotPath once per session that appears */
  private appeared(keyText: string, startMs: number, endMs: number, slot: number): void {
    this.index.add(keyText, startMs, endMs, slot);
    this.order?.add(slot);
  }
}

/** Writes a deletion in front of some rows. */
function withDeletions(changelog: RowSink, keys: ReadonlySet<string>): RowSink {
  return {
    /** @hotPath once per changed row of a commit */
    row(keyText, bytes, valueStart, valueLength, timestampMs) {
      if (keys.has(keyText)) changelog.row(keyText, NO_BYTES, 0, -1, timestampMs);
      changelog.row(keyText, bytes, valueStart, valueLength, timestampMs);
    },
  };
}
