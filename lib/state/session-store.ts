import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { KeyIndex } from "./key-index.ts";
import { NO_ROW } from "./rows.ts";
import { isSessionKey, keyOfSessionKey, sessionEndOf, sessionKey, sessionStartOf } from "./session-key.ts";
import type { FrozenRows, RowSink, Scratch, SessionStore, StoreRow, StoreSpec } from "./store.ts";

const NO_BYTES = Buffer.alloc(0);

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
  /** Changelog keys of committed sessions that were removed and put again in the open layer. */
  private readonly replaced = new Set<string>();

  constructor(spec: StoreSpec, scratch: Scratch) {
    super(spec, scratch, { keySuffix: () => "", logsUnborn: false });
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
      const { layers } = this;
      const changelogKey = sessionKey(keyText, startMs, endMs);
      const slot = this.slot(changelogKey, endMs);
      if (layers.isOpen(slot) && !layers.isPresent(slot) && layers.hasCommitted(slot)) this.replaced.add(changelogKey);
      layers.put(slot, value, timestampMs);
      this.index.set(keyText, { startMs, timeMs: endMs, slot, isPresent: true });
    }
  }

  /** @hotPath once per session that a record extends */
  remove(keyText: string, startMs: number, endMs: number, timestampMs: number): void {
    if (!this.admits(endMs)) return;
    const slot = this.index.get(keyText, startMs, endMs);
    if (slot === NO_ROW) return;
    this.replaced.delete(this.layers.rows.keyText(slot));
    this.layers.put(slot, null, timestampMs);
    this.index.set(keyText, { startMs, timeMs: endMs, slot, isPresent: false });
  }

  *fetchAll(fromEndMs: number, toEndMs: number): IterableIterator<readonly [string, number, number, StoreRow]> {
    const { rows } = this.layers;
    for (const bucket of this.buckets.between(this.visibleFrom(fromEndMs), toEndMs)) {
      const live = rows.slotsOf(bucket).filter((slot) => this.layers.isPresent(slot));
      const byKey = live.map((slot) => ({ keyText: rows.keyText(slot), row: this.layers.row(slot) }));
      for (const { keyText, row } of byKey.sort(byStartThenKey)) {
        yield [keyOfSessionKey(keyText), sessionStartOf(keyText), bucket.startMs, row];
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

  override freeze(which: "all" | "changed"): FrozenRows {
    const frozen = super.freeze(which);
    // Sessions move to other buckets all the time, and this is where the last row of one is forgotten.
    this.buckets.prune();
    return frozen;
  }

  protected override moved(slot: number): void {
    const { rows } = this.layers;
    const keyText = rows.keyText(slot);
    this.index.set(keyOfSessionKey(keyText), {
      startMs: sessionStartOf(keyText),
      timeMs: rows.bucket(slot).startMs,
      slot,
      isPresent: this.layers.isPresent(slot),
    });
  }
}

function byStartThenKey({ keyText: a }: { keyText: string }, { keyText: b }: { keyText: string }): number {
  return sessionStartOf(a) - sessionStartOf(b) || (a < b ? -1 : 1);
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
