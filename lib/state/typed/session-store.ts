import type { Windowed } from "../../serde/windowed.ts";
import { FoundRows } from "../found-rows.ts";
import type { SessionStore as SessionStoreRows } from "../store.ts";
import { type KeyRange, KeyText } from "./key-text.ts";
import { RowCopies } from "./row-copies.ts";
import type { RecordTime, StateStore } from "./state-store.ts";

/**
 * A session store of a processor: one value per key and session `[startMs, endMs]`, both ends inclusive.
 *
 * @source Kafka Streams `SessionStore`
 * @example
 * const visits = Stores.session("visits", { key: string(), value: int64(), retention: "1h" });
 * clicks.process((context: ProcessorContext<string, number>) => {
 *   const store = context.getStateStore(visits);
 *   return {
 *     process: ({ key, timestampMs }) => {
 *       let count = 1;
 *       let window = { startMs: timestampMs, endMs: timestampMs };
 *       for (const [session, before] of store.findSessions(key, timestampMs - 5_000, timestampMs + 5_000)) {
 *         count += before;
 *         window = { startMs: Math.min(window.startMs, session.window.startMs), endMs: Math.max(window.endMs, session.window.endMs) };
 *         store.remove(session);
 *       }
 *       store.put({ key, window }, count);
 *     },
 *   };
 * }, { stores: [visits] });
 */
export class SessionStore<K, V> implements StateStore {
  private readonly rows: SessionStoreRows;
  private readonly keys: KeyText<K>;
  private readonly copies: RowCopies;
  private readonly time: RecordTime;

  /** @internal Made by `getStateStore`. */
  constructor(rows: SessionStoreRows, time: RecordTime) {
    this.rows = rows;
    this.keys = new KeyText(rows.spec);
    this.copies = new RowCopies(rows.spec);
    this.time = time;
  }

  get name(): string {
    return this.rows.spec.name;
  }

  /** Sessions of a key with `end >= earliestEndMs` and `start <= latestStartMs`, by end, then start; as they are now. */
  findSessions(key: K, earliestEndMs: number, latestStartMs: number): readonly (readonly [Windowed<K>, V])[] {
    const found = new FoundRows();
    this.rows.find(this.keys.of(key), earliestEndMs, latestStartMs, found);
    return Array.from({ length: found.count }, (_, at) => {
      const window = { startMs: found.startsMs[at] as number, endMs: found.endsMs[at] as number };
      return [{ key, window }, this.copies.of(found.values[at])];
    });
  }

  /** As `findSessions`, of all keys or of those of a range: by end, then start, then key. */
  findAllSessions(
    earliestEndMs: number,
    latestStartMs: number,
    keys: KeyRange<K> = {},
  ): readonly (readonly [Windowed<K>, V])[] {
    const isWithin = this.keys.within(keys);
    const found: (readonly [Windowed<K>, V])[] = [];
    for (const [keyText, startMs, endMs, row] of this.rows.fetchAll(earliestEndMs, Number.MAX_SAFE_INTEGER)) {
      if (startMs > latestStartMs || !isWithin(keyText)) continue;
      found.push([{ key: this.keys.read(keyText), window: { startMs, endMs } }, this.copies.of(row.value)]);
    }
    return found;
  }

  /** Every session of a key, by end, then start. */
  fetch(key: K): readonly (readonly [Windowed<K>, V])[] {
    return this.findSessions(key, 0, Number.MAX_SAFE_INTEGER);
  }

  /** The value of a session, or undefined. */
  fetchSession(key: K, startMs: number, endMs: number): V | undefined {
    return this.copies.of(this.rows.get(this.keys.of(key), startMs, endMs)?.value);
  }

  /** Sets the value of a session; null removes it. */
  put({ key, window }: Windowed<K>, value: V | null): void {
    this.rows.put(this.keys.of(key), window.startMs, window.endMs, value, this.time());
  }

  /** Removes a session. */
  remove({ key, window }: Windowed<K>): void {
    this.rows.remove(this.keys.of(key), window.startMs, window.endMs, this.time());
  }
}
