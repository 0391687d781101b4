import type { Windowed } from "../../serde/windowed.ts";
import type { StoreRow, WindowStore } from "../store.ts";
import { type KeyRange, KeyText } from "./key-text.ts";
import { RowCopies } from "./row-copies.ts";
import type { RecordTime, StateStore } from "./state-store.ts";

type AnyRow = readonly [keyText: string, startMs: number, row: StoreRow];

/** Lowest and highest time. */
const EVER = [0, Number.MAX_SAFE_INTEGER] as const;

/**
 * Rows by key and window start: what window stores with and without timestamps have in common. `R` is what a row reads as.
 *
 * A window is visible while its start is above the largest start ever put minus retention. Times are window starts in
 * milliseconds, both ends of ranges inclusive. Objects that are read are copies, the reader's own; those that are put are the store's.
 *
 * @source Kafka Streams `WindowStore`
 */
export abstract class WindowRows<K, R> implements StateStore {
  protected readonly rows: WindowStore;
  protected readonly keys: KeyText<K>;
  protected readonly time: RecordTime;
  private readonly copies: RowCopies;

  /** @internal Made by `getStateStore`. */
  constructor(rows: WindowStore, time: RecordTime) {
    this.rows = rows;
    this.keys = new KeyText(rows.spec);
    this.time = time;
    this.copies = new RowCopies(rows.spec);
  }

  /** Sets the value of a key's window; null deletes it. */
  abstract put(key: K, value: R | null, windowStartMs: number): void;

  /** What a row of the store below is to the reader. */
  protected abstract read(value: unknown, timestampMs: number): R;

  get name(): string {
    return this.rows.spec.name;
  }

  /** The value of the window that starts at `windowStartMs`, or undefined. */
  fetch(key: K, windowStartMs: number): R | undefined;
  /** A key's windows with `fromMs <= start <= toMs`, ascending: start and value. */
  fetch(key: K, fromMs: number, toMs: number): IterableIterator<readonly [number, R]>;
  fetch(key: K, fromMs: number, toMs?: number): R | undefined | IterableIterator<readonly [number, R]> {
    const keyText = this.keys.of(key);
    if (toMs !== undefined) return this.ofKey(this.rows.fetch(keyText, fromMs, toMs));
    const row = this.rows.get(keyText, fromMs);
    return row === undefined ? undefined : this.own(row);
  }

  /** As `fetch`, from the newest window to the oldest. */
  backwardFetch(key: K, fromMs: number, toMs: number): IterableIterator<readonly [number, R]> {
    return this.ofKey([...this.rows.fetch(this.keys.of(key), fromMs, toMs)].reverse());
  }

  /** Windows of all keys, or of those of a range, with `fromMs <= start <= toMs`, by start, then key. */
  fetchAll(fromMs: number, toMs: number, keys: KeyRange<K> = {}): IterableIterator<readonly [Windowed<K>, R]> {
    return this.ofAll(this.between(fromMs, toMs, keys));
  }

  /** As `fetchAll`, from the newest window to the oldest. */
  backwardFetchAll(fromMs: number, toMs: number, keys: KeyRange<K> = {}): IterableIterator<readonly [Windowed<K>, R]> {
    return this.ofAll([...this.between(fromMs, toMs, keys)].reverse());
  }

  /** Every window, by start, then key. */
  all(): IterableIterator<readonly [Windowed<K>, R]> {
    return this.fetchAll(...EVER);
  }

  /** Every window, from the newest to the oldest. */
  backwardAll(): IterableIterator<readonly [Windowed<K>, R]> {
    return this.backwardFetchAll(...EVER);
  }

  private own({ value, timestampMs }: StoreRow): R {
    return this.read(this.copies.of(value), timestampMs);
  }

  private *between(fromMs: number, toMs: number, keys: KeyRange<K>): IterableIterator<AnyRow> {
    const isWithin = this.keys.within(keys);
    for (const row of this.rows.fetchAll(fromMs, toMs)) if (isWithin(row[0])) yield row;
  }

  private *ofKey(rows: Iterable<readonly [number, StoreRow]>): IterableIterator<readonly [number, R]> {
    for (const [startMs, row] of rows) yield [startMs, this.own(row)];
  }

  private *ofAll(rows: Iterable<AnyRow>): IterableIterator<readonly [Windowed<K>, R]> {
    const sizeMs = this.rows.spec.windowSizeMs ?? 0;
    for (const [keyText, startMs, row] of rows) {
      const window = { startMs, endMs: startMs + sizeMs };
      yield [{ key: this.keys.read(keyText), window }, this.own(row)];
    }
  }
}
