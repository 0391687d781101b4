import type { ByteSink } from "../core/byte-sink.ts";
import type { Header } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";
import type { BufferedChange } from "./buffered-change.ts";
import type { FoundRows } from "./found-rows.ts";

/** A declared store: frozen data in a topology. Names, types and changelog settings are Kafka Streams'. */
export interface StoreSpec {
  readonly name: string;
  readonly type: StoreType;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  /** False: restores empty, said once, unless a source topic is its changelog. */
  readonly logged: boolean;
  /** A topic of the user's that is the changelog of the store: its records are the rows. It is only read. */
  readonly sourceTopic?: string;
  /** Window stores. */
  readonly windowSizeMs?: number;
  /** Window and session stores. */
  readonly retentionMs?: number;
  /** Versioned stores: how long a version that was replaced is kept, in stream time. */
  readonly historyRetentionMs?: number;
}

/**
 * Store types so far; each is one file in `state/`. A type and its timestamped sister are one: their bytes are the same, and
 * only who reads the store tells whether the timestamp of a row is the user's or that of the record that wrote it.
 */
export type StoreType =
  | "keyValue"
  | "timestampedKeyValue"
  | "window"
  | "timestampedWindow"
  | "session"
  | "joinWindow"
  | "joinSideList"
  | "fkSubscriptions"
  | "suppressBuffer"
  | "timeOrderedBuffer"
  | "versioned";

/** Types with one row per key. */
export const keyedTypes: readonly StoreType[] = ["keyValue", "timestampedKeyValue"];

/** Types with one row per key and window start. */
export const windowTypes: readonly StoreType[] = ["window", "timestampedWindow"];

/** What an operator sees of a row. The object belongs to the store and is the next row's, too: read it at once, never change or keep it. */
export interface StoreRow {
  readonly value: unknown;
  readonly timestampMs: number;
}

/** Any store as an operator holds it. */
export interface StoreHandle {
  readonly spec: StoreSpec;
}

/**
 * Keyed rows with timestamps. Keys are serialized keys, one character per byte: `<` is byte order.
 *
 * Synchronous on purpose: a record is processed to completion without a suspension point. A value may be an object that
 * the caller goes on to change: committed state is kept as bytes, so an abort can always return to it.
 */
export interface KeyValueStore extends StoreHandle {
  /** The row, or undefined: absence is a value. */
  get(keyText: string): StoreRow | undefined;
  /** Null or undefined deletes; a deletion is logged too, whether or not the key existed. */
  put(keyText: string, value: unknown, timestampMs: number): void;
  /** Rows with `from <= key <= to` in byte order; undefined is open. */
  range(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]>;
  /** As `range`, from the last key to the first. */
  reverseRange(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]>;
}

/** Rows per key and window start. Windows at or below stream time minus retention are invisible and dropped. */
export interface WindowStore extends StoreHandle {
  get(keyText: string, windowStartMs: number): StoreRow | undefined;
  put(keyText: string, windowStartMs: number, value: unknown, timestampMs: number): void;
  /** Windows of a key with `fromMs <= start <= toMs`, ascending. @hotPath `found` is reused from record to record */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void;
  /** Rows of a key with `fromMs <= start <= toMs`, ascending. */
  fetch(keyText: string, fromMs: number, toMs: number): IterableIterator<readonly [number, StoreRow]>;
  /** Rows of all keys with `fromMs <= start <= toMs`, by start, then key. */
  fetchAll(fromMs: number, toMs: number): IterableIterator<readonly [string, number, StoreRow]>;
}

/**
 * Rows per key and session `[startMs, endMs]`, both ends inclusive. Sessions with an end at or below stream time minus retention
 * are invisible and dropped. Rows have no timestamp of their own: a result has that of its end.
 */
export interface SessionStore extends StoreHandle {
  /**
   * Sessions of a key with `end >= earliestEndMs` and `start <= latestStartMs`, by end, then start.
   * @hotPath `found` is reused from record to record
   */
  find(keyText: string, earliestEndMs: number, latestStartMs: number, found: FoundRows): void;
  get(keyText: string, startMs: number, endMs: number): StoreRow | undefined;
  /** Null or undefined removes. `timestampMs` is that of the record in hand. @hotPath once per record */
  put(keyText: string, startMs: number, endMs: number, value: unknown, timestampMs: number): void;
  /** Removes a session; one that does not exist leaves no trace. @hotPath once per session that a record extends */
  remove(keyText: string, startMs: number, endMs: number, timestampMs: number): void;
  /** Sessions of all keys with `fromEndMs <= end <= toEndMs`, by end, start, key: `[key, start, end, row]`. */
  fetchAll(fromEndMs: number, toEndMs: number): IterableIterator<readonly [string, number, number, StoreRow]>;
}

/** Changes that wait, at most one per row, by time and then by key bytes. */
export interface ChangeBuffer extends StoreHandle {
  readonly waitingCount: number;
  /** As Kafka Streams counts them: keys, values, record contexts. */
  readonly waitingBytes: number;
  /** Smallest buffer time in ms; infinity when nothing waits. */
  readonly firstTimeMs: number;
  waiting(keyText: string): BufferedChange | undefined;
  /** Adds a change, or replaces the one of its key, which must have the same buffer time. */
  hold(keyText: string, change: BufferedChange): void;
  /** The first change; something must wait. */
  first(): readonly [string, BufferedChange];
  /** Takes out the first change; something must wait. */
  takeFirst(): readonly [string, BufferedChange];
}

/** `put` answers this for a version that is the newest of its key. */
export const PUT_IS_NEWEST = -1;
/** `put` answers this for a version that came too late: it is not there. @source Kafka Streams `PUT_RETURN_CODE_NOT_PUT` */
export const PUT_DROPPED = Number.MIN_SAFE_INTEGER;

/**
 * Keyed rows with their history. A version is valid from its timestamp until that of the next newer one. `get` and `range` see
 * the newest versions.
 */
export interface VersionedStore extends KeyValueStore {
  /**
   * Puts a version into its place in the history, a deletion for null or undefined.
   * @returns the timestamp until which it is valid, `PUT_IS_NEWEST`, or `PUT_DROPPED` when it is older than the history
   */
  put(keyText: string, value: unknown, timestampMs: number): number;
  /** The version that was valid at a time; before the history only if it is still the newest. */
  getAsOf(keyText: string, timestampMs: number): StoreRow | undefined;
  /** Every version that is kept, by key, newest first, and until when it was valid; undefined for the newest. */
  versions(): IterableIterator<readonly [keyText: string, row: StoreRow, validToMs: number | undefined]>;
}

/** A record that a join store keeps. */
export interface StoredRecord {
  readonly value: unknown;
  readonly timestampMs: number;
  readonly headers: readonly Header[];
}

/** Records per key and timestamp, duplicates kept. Records at or below stream time minus retention are invisible and dropped. */
export interface JoinStore extends StoreHandle {
  /**
   * @param sequence Keeps records of one key and timestamp apart, in the order of arrival; over all keys of the store.
   * @returns false when the record comes too late for anybody to find it
   */
  put(keyText: string, sequence: number, record: StoredRecord): boolean;
  /**
   * Records of a key with `fromMs <= timestamp <= toMs`, by timestamp, then arrival.
   * @hotPath `found` is reused from record to record
   */
  find(keyText: string, fromMs: number, toMs: number, found: FoundRows): void;
}

/** Where rows go, of a snapshot or of a changelog: Kafka Streams' changelog key bytes, plain value bytes, timestamp. */
export interface RowSink {
  /** `valueLength` -1 is a tombstone. `bytes` is valid during the call only. @hotPath no view per row */
  row(
    keyText: string,
    bytes: Buffer,
    valueStart: number,
    valueLength: number,
    timestampMs: number,
    headers?: readonly Header[],
  ): void;
}

/**
 * A store as its task drives it: a committed layer plus one layer per transaction that is not yet acknowledged.
 *
 * Order of calls: operators put → `seal` when the transaction's changelog is written → next transaction may start putting →
 * `acknowledge` or, for all unacknowledged layers at once, `drop`. At most one sealed layer waits for its acknowledgement.
 */
export interface TaskStore extends StoreHandle, RowSink {
  /** Where a snapshot's rows go, where they are not of the changelog's form: they then hold what was frozen. */
  readonly snapshotRows?: RowSink;
  /** Encodes what changed since the last seal, one row per key (last value), and starts the next layer. */
  seal(changelog: RowSink): void;
  /** Folds the sealed layer into the committed one. */
  acknowledge(): void;
  /** Forgets every layer that is not committed. */
  drop(): void;
  /** Puts one row into the committed layer: a snapshot row or a changelog record during restore. */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void;
  /** Rows of the committed layer in key order: all of them, or those changed since the last `freeze`, tombstones included. */
  freeze(which: "all" | "changed"): FrozenRows;
  /** Rows changed since the last freeze. */
  readonly changedCount: number;
  readonly rowCount: number;
  readonly sizeBytes: number;
  /** The store's own stream time (largest window start, or session end, put), -1 at first: part of the position record. */
  storeTimeMs: number;
  /** Rows of this time and older are gone at a stream time of the store; minus infinity where nothing expires. */
  expiredAt(storeTimeMs: number): number;
}

/** A frozen committed layer: later puts do not change it. */
export interface FrozenRows {
  readonly count: number;
  /** Writes the rows in ascending changelog-key order. */
  writeTo(sink: RowSink): void;
  /**
   * Goes on writing the rows, about `maxBytes` of them, so that a snapshot is written in slices between batches of records.
   * The first slices only sort. False when everything is written.
   */
  writeSlice(sink: RowSink, maxBytes: number): boolean;
  /** Forgets the rows: nothing more is kept for them. */
  discard(): void;
}

/** Scratch space that encoders of one task share. */
export interface Scratch {
  readonly sink: ByteSink;
  /**
   * Hand out copies of values that are objects. Only needed where a node may change one in place, fail, and be let pass: what
   * it changed must not stay.
   */
  readonly copiesReads?: boolean;
  /** The stores are below record caches. */
  readonly cached?: boolean;
}
