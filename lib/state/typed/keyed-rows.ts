import type { Serde } from "../../serde/serde.ts";
import type { KeyValueStore, StoreRow, TaskStore } from "../store.ts";
import { KeyText } from "./key-text.ts";
import { RowCopies } from "./row-copies.ts";
import type { RecordTime, StateStore } from "./state-store.ts";

/** The store below. */
export type KeyedStoreRows = KeyValueStore & Pick<TaskStore, "rowCount">;

/**
 * Rows by key, in the order of the keys' bytes: what stores with and without timestamps have in common. `R` is what a row
 * reads as.
 *
 * What is read is the newest value, this record's own changes included. Objects that are read are copies, the reader's own; those
 * that are put are the store's.
 *
 * @source Kafka Streams `KeyValueStore`
 */
export abstract class KeyedRows<K, R> implements StateStore {
  protected readonly rows: KeyedStoreRows;
  protected readonly keys: KeyText<K>;
  protected readonly time: RecordTime;
  private readonly copies: RowCopies;

  /** @internal Made by `getStateStore`. */
  constructor(rows: KeyedStoreRows, time: RecordTime) {
    this.rows = rows;
    this.keys = new KeyText(rows.spec);
    this.time = time;
    this.copies = new RowCopies(rows.spec);
  }

  /** Sets the value of a key; null deletes it. */
  abstract put(key: K, value: R | null): void;

  /** What a row of the store below is to the reader. */
  protected abstract read(value: unknown, timestampMs: number): R;

  get name(): string {
    return this.rows.spec.name;
  }

  /** The value of a key, or undefined. @throws {StreamError} `PROCESSING_FAILED` for a null key */
  get(key: K): R | undefined {
    const row = this.rows.get(this.keys.of(key));
    return row && this.own(row);
  }

  /** Sets the value of a key that has none. @returns the value that was there, or undefined */
  putIfAbsent(key: K, value: R | null): R | undefined {
    const before = this.get(key);
    if (before === undefined) this.put(key, value);
    return before;
  }

  /** Sets several values. */
  putAll(entries: Iterable<readonly [K, R | null]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  /** Deletes a key. @returns the value that was there, or undefined */
  delete(key: K): R | undefined {
    const before = this.get(key);
    this.put(key, null);
    return before;
  }

  /** Rows with `from <= key <= to` in byte order; undefined is open. */
  range(from: K | undefined, to: K | undefined): IterableIterator<readonly [K, R]> {
    return this.typed(this.rows.range(this.bound(from), this.bound(to)));
  }

  /** As `range`, from the last key to the first. */
  reverseRange(from: K | undefined, to: K | undefined): IterableIterator<readonly [K, R]> {
    return this.typed(this.rows.reverseRange(this.bound(from), this.bound(to)));
  }

  /** All rows, in byte order of the keys. */
  all(): IterableIterator<readonly [K, R]> {
    return this.range(undefined, undefined);
  }

  /** All rows, from the last key to the first. */
  reverseAll(): IterableIterator<readonly [K, R]> {
    return this.reverseRange(undefined, undefined);
  }

  /**
   * Rows whose key bytes begin with the bytes of a prefix.
   *
   * @param serde Writes the prefix; the serde of the keys without it.
   */
  prefixScan<P = K>(prefix: P, serde?: Serde<P>): IterableIterator<readonly [K, R]> {
    const text = this.keys.ofPrefix(prefix, serde);
    return this.typed(whileStartsWith(this.rows.range(text, undefined), text));
  }

  /** Number of rows as of the last commit. */
  approximateNumEntries(): number {
    return this.rows.rowCount;
  }

  /** Puts a row into the store below. */
  protected putRow(key: K, value: unknown, timestampMs: number): void {
    this.rows.put(this.keys.of(key), value, timestampMs);
  }

  private own({ value, timestampMs }: StoreRow): R {
    return this.read(this.copies.of(value), timestampMs);
  }

  private bound(key: K | undefined): string | undefined {
    return key === undefined ? undefined : this.keys.of(key);
  }

  private *typed(rows: Iterable<readonly [string, StoreRow]>): IterableIterator<readonly [K, R]> {
    for (const [keyText, row] of rows) yield [this.keys.read(keyText), this.own(row)];
  }
}

function* whileStartsWith(
  rows: Iterable<readonly [string, StoreRow]>,
  prefix: string,
): IterableIterator<readonly [string, StoreRow]> {
  for (const row of rows) {
    if (!row[0].startsWith(prefix)) return;
    yield row;
  }
}
