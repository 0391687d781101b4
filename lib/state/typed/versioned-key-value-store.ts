import type { VersionedStore } from "../store.ts";
import { PUT_DROPPED } from "../store.ts";
import { KeyText } from "./key-text.ts";
import { RowCopies } from "./row-copies.ts";
import type { StateStore, ValueAndTimestamp } from "./state-store.ts";

/**
 * What became of a version that was put: it is the newest of its key, valid until a newer one, or older than the history and
 * not there.
 */
export type PutVersion =
  | { readonly kind: "newest" }
  | { readonly kind: "valid-until"; readonly timestampMs: number }
  | { readonly kind: "dropped" };

/**
 * A key-value store that keeps the history of its rows. A version is valid from its timestamp until that of the next newer one.
 *
 * @source Kafka Streams `VersionedKeyValueStore`
 * @example
 * const versions = Stores.versionedKeyValue("versions", { key: string(), value: string(), historyRetention: "1h" });
 * words.process((context: ProcessorContext<string, string>) => {
 *   const store = context.getStateStore(versions);
 *   return {
 *     process: (record) => {
 *       store.put(record.key, record.value, record.timestampMs);
 *       context.forward(record.withValue(store.get(record.key, record.timestampMs - 60_000)?.value ?? ""));
 *     },
 *   };
 * }, { stores: [versions] });
 */
export class VersionedKeyValueStore<K, V> implements StateStore {
  private readonly rows: VersionedStore;
  private readonly keys: KeyText<K>;
  private readonly copies: RowCopies;

  /** @internal Made by `getStateStore`. */
  constructor(rows: VersionedStore) {
    this.rows = rows;
    this.keys = new KeyText(rows.spec);
    this.copies = new RowCopies(rows.spec);
  }

  get name(): string {
    return this.rows.spec.name;
  }

  /** Puts a version into its place in the history; null deletes the key from that time on. */
  put(key: K, value: V | null, timestampMs: number): PutVersion {
    const validToMs = this.rows.put(this.keys.of(key), value, timestampMs);
    if (validToMs === PUT_DROPPED) return { kind: "dropped" };
    return validToMs < 0 ? { kind: "newest" } : { kind: "valid-until", timestampMs: validToMs };
  }

  /**
   * Deletes a key from a time on.
   * @returns the version that was valid at that time, or undefined
   */
  delete(key: K, timestampMs: number): ValueAndTimestamp<V> | undefined {
    const before = this.get(key, timestampMs);
    this.put(key, null, timestampMs);
    return before;
  }

  /**
   * The newest version of a key, or the one that was valid at a time; undefined when there was none, or when the history does
   * not go back that far. Its timestamp is that from which on it is valid.
   */
  get(key: K, asOfMs?: number): ValueAndTimestamp<V> | undefined {
    const keyText = this.keys.of(key);
    const row = asOfMs === undefined ? this.rows.get(keyText) : this.rows.getAsOf(keyText, asOfMs);
    return row && { value: this.copies.of(row.value), timestampMs: row.timestampMs };
  }
}
