import type { Entry } from "./entry.ts";
import { ExpiringStore } from "./expiring-store.ts";
import type { FoundRows } from "./found-rows.ts";
import { KeyIndex } from "./key-index.ts";
import { hasCommitted } from "./row-layers.ts";
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
    const { startsMs, timesMs, entries } = sessions;
    const first = sessions.firstFrom(this.visibleFrom(earliestEndMs));
    for (let at = first; at < entries.length; at++) {
      const startMs = startsMs[at] as number;
      if (startMs > latestStartMs) continue;
      found.add(startMs, timesMs[at] as number, this.layers.ready(entries[at] as Entry));
    }
  }

  get(keyText: string, startMs: number, endMs: number): StoreRow | undefined {
    if (endMs <= this.expiredUpToMs) return undefined;
    const entry = this.index.get(keyText, startMs, endMs);
    return entry && this.layers.ready(entry);
  }

  /** @hotPath once per record */
  put(keyText: string, startMs: number, endMs: number, value: unknown, timestampMs: number): void {
    if (value === null || value === undefined) this.remove(keyText, startMs, endMs, timestampMs);
    else if (this.admits(endMs)) {
      const entry = this.entry(sessionKey(keyText, startMs, endMs), endMs);
      if (entry.open && !entry.present && hasCommitted(entry)) this.replaced.add(entry.keyText);
      this.layers.put(entry, value, timestampMs);
      this.index.set(keyText, startMs, entry);
    }
  }

  /** @hotPath once per session that a record extends */
  remove(keyText: string, startMs: number, endMs: number, timestampMs: number): void {
    if (!this.admits(endMs)) return;
    const entry = this.index.get(keyText, startMs, endMs);
    if (entry === undefined) return;
    this.replaced.delete(entry.keyText);
    this.layers.put(entry, null, timestampMs);
    this.index.set(keyText, startMs, entry);
  }

  *fetchAll(fromEndMs: number, toEndMs: number): IterableIterator<readonly [string, number, number, StoreRow]> {
    for (const bucket of this.buckets.between(this.visibleFrom(fromEndMs), toEndMs)) {
      const live = [...bucket.rows.values()].filter(({ present }) => present);
      for (const entry of live.sort(byStartThenKey)) {
        const { keyText } = entry;
        yield [keyOfSessionKey(keyText), sessionStartOf(keyText), bucket.startMs, this.layers.ready(entry)];
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
    const entry = this.entry(keyText, endMs);
    this.layers.restore(entry, bytes, valueStart, valueLength, timestampMs);
    this.moved(entry);
  }

  override freeze(which: "all" | "changed"): FrozenRows {
    const frozen = super.freeze(which);
    // Sessions move to other buckets all the time, and this is where the last row of one is forgotten.
    this.buckets.prune();
    return frozen;
  }

  protected override moved(entry: Entry): void {
    this.index.set(keyOfSessionKey(entry.keyText), sessionStartOf(entry.keyText), entry);
  }
}

function byStartThenKey({ keyText: a }: Entry, { keyText: b }: Entry): number {
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
