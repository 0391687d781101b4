import type { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { Serde } from "../serde/serde.ts";
import type { RowBucket } from "./bucket.ts";
import { encodeValue } from "./encode-value.ts";
import { History, historySerde, type Version } from "./history.ts";
import { LayeredStore } from "./layered-store.ts";
import { RowLayers } from "./row-layers.ts";
import { NO_ROW } from "./rows.ts";
import type { RowSink, Scratch, StoreRow, StoreSpec, VersionedStore } from "./store.ts";
import { PUT_DROPPED, PUT_IS_NEWEST } from "./store.ts";

/** A put as it goes into the changelog. */
interface LoggedPut {
  readonly keyText: string;
  readonly value: Buffer | undefined;
  readonly timestampMs: number;
}

const nowhere: RowSink = { row: () => undefined };
const NO_BYTES = Buffer.alloc(0);

/**
 * Every version of a key, for as long as the history goes back, in memory.
 *
 * A key's versions are one row of the layers below: an abort takes them back together, a snapshot holds them in one value. The
 * changelog has every put, those too that came too late, because any of them may be the one that was valid at a time.
 *
 * Changelog: plain key, plain value, record timestamp = the version's.
 * @source Kafka Streams `RocksDBVersionedStore`, `ChangeLoggingVersionedKeyValueBytesStore`
 */
export class VersionedKeyValueStore extends LayeredStore implements VersionedStore {
  /** Rows of a snapshot hold whole histories, those of the changelog single puts. */
  readonly snapshotRows: RowSink;
  private readonly historyRetentionMs: number;
  private readonly bucket: RowBucket;
  private readonly sink: ByteSink;
  private readonly serde: Serde<History>;
  private puts: LoggedPut[] = [];
  /** Histories that the changelog has given back and that are not in the layers yet: each is encoded once, not once per put. */
  private readonly replayed = new Map<string, History>();

  constructor(spec: StoreSpec, scratch: Scratch) {
    if (spec.historyRetentionMs === undefined) {
      throw new StreamError("TOPOLOGY_INVALID", `versioned store ${spec.name} needs a history retention`, {
        details: { store: spec.name },
      });
    }
    const serde = historySerde(spec.valueSerde);
    // What is logged are puts, not rows.
    super(spec, new RowLayers({ ...spec, logged: false, valueSerde: serde as Serde<never> }, scratch));
    this.historyRetentionMs = spec.historyRetentionMs;
    this.sink = scratch.sink;
    this.serde = serde;
    this.bucket = this.layers.rows.open("", 0);
    this.snapshotRows = new HistoryRows(this.layers, this.bucket);
  }

  get(keyText: string): StoreRow | undefined {
    return present(this.history(keyText)?.latest);
  }

  getAsOf(keyText: string, timestampMs: number): StoreRow | undefined {
    const history = this.history(keyText);
    if (timestampMs >= this.oldestMs) return present(history?.asOf(timestampMs));
    // Only the newest version is known of times before the history.
    const latest = present(history?.latest);
    return latest !== undefined && latest.timestampMs <= timestampMs ? latest : undefined;
  }

  put(keyText: string, value: unknown, timestampMs: number): number {
    const version: Version = { value: value ?? null, timestampMs };
    this.puts.push({ keyText, value: this.bytesOf(version.value), timestampMs });
    if (timestampMs < this.oldestMs) return PUT_DROPPED;
    if (timestampMs > this.layers.storeTimeMs) this.layers.storeTimeMs = timestampMs;
    const history = this.history(keyText) ?? new History();
    const validToMs = history.put(version);
    history.forgetBefore(this.oldestMs);
    const { latest } = history;
    this.layers.put(
      this.layers.slotOf(this.bucket, keyText),
      latest === undefined ? null : history,
      latest?.timestampMs ?? timestampMs,
    );
    return validToMs ?? PUT_IS_NEWEST;
  }

  *range(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    for (const [keyText, history] of this.histories(from, to)) {
      const row = present(history.latest);
      if (row !== undefined) yield [keyText, row];
    }
  }

  *reverseRange(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, StoreRow]> {
    yield* [...this.range(from, to)].reverse();
  }

  *versions(): IterableIterator<readonly [string, StoreRow, number | undefined]> {
    for (const [keyText, { versions }] of this.histories(undefined, undefined)) {
      let validToMs: number | undefined;
      for (const version of versions) {
        if (version.value !== null) yield [keyText, version, validToMs];
        validToMs = version.timestampMs;
      }
    }
  }

  seal(changelog: RowSink): void {
    const { settled } = this;
    if (this.spec.logged) {
      for (const { keyText, value, timestampMs } of this.puts)
        changelog.row(keyText, value ?? NO_BYTES, 0, value?.length ?? -1, timestampMs);
    }
    settled.seal(nowhere, Number.NEGATIVE_INFINITY);
    this.puts = [];
  }

  override drop(): void {
    this.puts = [];
    super.drop();
  }

  /**
   * One put of the changelog.
   * @hotPath once per restored put
   */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    if (timestampMs < this.oldestMs) return;
    if (timestampMs > this.layers.storeTimeMs) this.storeTimeMs = timestampMs;
    const history = this.replayed.get(keyText) ?? this.committed(keyText) ?? new History();
    const { valueSerde } = this.spec;
    const value = valueLength < 0 ? null : valueSerde.read(bytes, valueStart, valueStart + valueLength);
    history.put({ value, timestampMs });
    history.forgetBefore(this.oldestMs);
    this.replayed.set(keyText, history);
  }

  protected override get settled(): RowLayers {
    this.settle();
    return super.settled;
  }

  /** Puts before this come too late, and what was replaced before it is forgotten. */
  private get oldestMs(): number {
    return this.layers.storeTimeMs - this.historyRetentionMs;
  }

  private bytesOf(value: unknown): Buffer | undefined {
    if (value === null) return undefined;
    encodeValue(this.spec, value, this.sink);
    return Buffer.from(this.sink.view());
  }

  private history(keyText: string): History | undefined {
    this.settle();
    return this.committed(keyText);
  }

  private committed(keyText: string): History | undefined {
    const slot = this.layers.rows.find(this.bucket, keyText);
    return slot !== NO_ROW && this.layers.isPresent(slot) ? (this.layers.ready(slot).value as History) : undefined;
  }

  /** Puts into the layers what was replayed. */
  private settle(): void {
    if (this.replayed.size === 0) return;
    const { sink } = this;
    for (const [keyText, history] of this.replayed) {
      const slot = this.layers.slotOf(this.bucket, keyText);
      const { latest } = history;
      if (latest === undefined) this.layers.restore(slot, NO_BYTES, 0, -1, this.layers.storeTimeMs);
      else {
        sink.reset();
        this.serde.write(history, sink);
        this.layers.restore(slot, sink.bytes, 0, sink.length, latest.timestampMs);
      }
    }
    this.replayed.clear();
  }

  private *histories(from: string | undefined, to: string | undefined): IterableIterator<readonly [string, History]> {
    this.settle();
    for (const keyText of this.bucket.order.ascending(from)) {
      if (to !== undefined && keyText > to) return;
      const history = this.history(keyText);
      if (history !== undefined) yield [keyText, history];
    }
  }
}

/** Puts whole histories into the committed layer. */
class HistoryRows implements RowSink {
  private readonly layers: RowLayers;
  private readonly bucket: RowBucket;

  constructor(layers: RowLayers, bucket: RowBucket) {
    this.layers = layers;
    this.bucket = bucket;
  }

  /** @hotPath once per row of a snapshot */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    this.layers.restore(this.layers.slotOf(this.bucket, keyText), bytes, valueStart, valueLength, timestampMs);
  }
}

function present(version: Version | undefined): StoreRow | undefined {
  return version === undefined || version.value === null ? undefined : version;
}
