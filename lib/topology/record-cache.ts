import { isAbsent } from "../core/absent.ts";
import { ByteSink } from "../core/byte-sink.ts";
import type { Header } from "../records/reader.ts";
import type { FoundRows } from "../state/found-rows.ts";
import type { KeyValueStore, StoreHandle, StoreRow, StoreSpec, WindowStore } from "../state/store.ts";
import { Cursor } from "./cursor.ts";
import type { Process } from "./operator.ts";

/** What a row takes beside its value: a guess. */
const ROW_OVERHEAD_BYTES = 128;

/** A row that has changed and was not forwarded yet. */
interface Pending {
  /** Before the first change that was absorbed. */
  readonly oldValue: unknown;
  key: unknown;
  value: unknown;
  timestampMs: number;
  headers: readonly Header[];
  sendsOldValue: boolean;
  sizeBytes: number;
}

/**
 * Holds back what a node forwards until its task commits: of all changes of a row only the last one goes on, with the value
 * before the first one as its old value. The store itself is always up to date.
 *
 * Owns: which rows wait, and in which order. Does not own: when they go on, except that too many bytes let all go.
 *
 * @source Kafka Streams `CachingKeyValueStore`, `CachingWindowStore`, `TimestampedTupleForwarder`
 */
export class RecordCache {
  private readonly next: Process;
  private readonly maxBytes: number;
  private readonly sink = new ByteSink(256);
  /** In the order of their last change. */
  private pending = new Map<string, Pending>();
  private sizeBytes = 0;
  private spec: StoreSpec | undefined;
  /** The row that the operator has put and not forwarded yet. */
  private put: { readonly id: string; readonly oldValue: unknown; readonly timestampMs: number } | undefined;
  private readonly cursor = new Cursor();

  constructor(next: Process, maxBytes: number) {
    this.next = next;
    this.maxBytes = maxBytes;
  }

  /** The operator's own store, of which every put is noted before it happens. */
  watch<S extends StoreHandle>(store: S): S {
    this.spec = store.spec;
    const isWindowed = store.spec.type === "timestampedWindow";
    const handle: StoreHandle = store;
    const watched: StoreHandle = isWindowed
      ? new WatchedWindows(handle as WindowStore, this)
      : new WatchedRows(handle as KeyValueStore, this);
    return watched as S;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.pending.size === 0;
  }

  /** Takes what the operator forwards. */
  readonly absorb: Process = (cursor) => {
    const { put } = this;
    if (put === undefined) return this.next(cursor);
    this.put = undefined;
    const { key, value, headers, hasOldValue: sendsOldValue } = cursor;
    // A row that is deleted has no time of its own any more: behind a cache it has that of its deletion in the changelog.
    const timestampMs = isAbsent(value) ? put.timestampMs : cursor.timestampMs;
    const before = this.pending.get(put.id);
    // Put again at the end: rows go on in the order of their last change.
    this.pending.delete(put.id);
    const sizeBytes = put.id.length + ROW_OVERHEAD_BYTES + this.sizeOf(value);
    const oldValue = before === undefined ? put.oldValue : before.oldValue;
    this.pending.set(put.id, { oldValue, key, value, timestampMs, headers, sendsOldValue, sizeBytes });
    this.sizeBytes += sizeBytes - (before?.sizeBytes ?? 0);
    this.cursor.copyFrom(cursor);
    if (this.sizeBytes > this.maxBytes) this.flush();
  };

  /** Forwards what waits. A row that came and went meanwhile is not forwarded at all. */
  flush(): void {
    const { pending, cursor } = this;
    if (pending.size === 0) return;
    this.forget();
    for (const { oldValue, key, value, timestampMs, headers, sendsOldValue } of pending.values()) {
      if (isAbsent(oldValue) && isAbsent(value)) continue;
      cursor.setKey(key);
      if (sendsOldValue) cursor.setChange(value, oldValue);
      else cursor.setValue(value);
      cursor.timestampMs = timestampMs;
      cursor.setHeaders(headers);
      this.next(cursor);
    }
  }

  /** Drops what waits: the transaction that it belongs to is aborted. */
  forget(): void {
    this.pending = new Map();
    this.sizeBytes = 0;
    this.put = undefined;
  }

  /** A change of the row waits already: what it was before the next one is of no use. */
  waits(id: string): boolean {
    return this.pending.has(id);
  }

  /** A row is about to be put: notes what it was. */
  note(id: string, row: StoreRow | undefined, timestampMs: number): void {
    this.put = { id, oldValue: row?.value ?? null, timestampMs };
  }

  private sizeOf(value: unknown): number {
    if (isAbsent(value) || this.spec === undefined) return 0;
    this.sink.reset();
    this.spec.valueSerde.write(value, this.sink);
    return this.sink.length;
  }
}

/** A store that tells a cache of every put before it happens. */
class Watched<S extends StoreHandle> {
  readonly spec: StoreSpec;
  protected readonly rows: S;
  protected readonly cache: RecordCache;

  constructor(rows: S, cache: RecordCache) {
    this.spec = rows.spec;
    this.rows = rows;
    this.cache = cache;
  }
}

class WatchedRows extends Watched<KeyValueStore> implements KeyValueStore {
  get(keyText: string): StoreRow | undefined {
    return this.rows.get(keyText);
  }

  put(keyText: string, value: unknown, timestampMs: number): void {
    this.cache.note(keyText, this.cache.waits(keyText) ? undefined : this.rows.get(keyText), timestampMs);
    this.rows.put(keyText, value, timestampMs);
  }

  range(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    return this.rows.range(from, to);
  }

  reverseRange(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    return this.rows.reverseRange(from, to);
  }
}

class WatchedWindows extends Watched<WindowStore> implements WindowStore {
  get(keyText: string, startMs: number): StoreRow | undefined {
    return this.rows.get(keyText, startMs);
  }

  /** @hotPath once per record and window */
  put(keyText: string, startMs: number, value: unknown, timestampMs: number): void {
    const id = `${startMs}/${keyText}`;
    this.cache.note(id, this.cache.waits(id) ? undefined : this.rows.get(keyText, startMs), timestampMs);
    this.rows.put(keyText, startMs, value, timestampMs);
  }

  /** @hotPath once per record */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void {
    this.rows.find(keyText, fromMs, toMs, found);
  }

  fetch(keyText: string, fromMs: number, toMs: number): IterableIterator<readonly [number, StoreRow]> {
    return this.rows.fetch(keyText, fromMs, toMs);
  }

  fetchAll(fromMs: number, toMs: number): IterableIterator<readonly [string, number, StoreRow]> {
    return this.rows.fetchAll(fromMs, toMs);
  }
}
