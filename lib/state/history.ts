import type { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { Serde } from "../serde/serde.ts";

/** One version of a key. It is valid from `timestampMs` until the next newer version begins. */
export interface Version {
  readonly timestampMs: number;
  /** Null: the key was deleted. */
  readonly value: unknown;
}

const FORMAT = 1;
const NULL_LENGTH = -1;

/**
 * Every version of one key that is kept, newest first. Mutable: a put of a late version goes into its place.
 *
 * Kafka Streams keeps no deletion of its newest version: it takes the version away, and what was before ends at a time that is
 * known where something is stored that ends there. So the newest version may have a deletion of its own timestamp below it: that
 * is what remains of it when it is deleted.
 *
 * Owns: the order of versions and which one was valid when. Does not own: which puts are too late, streams' times (store).
 *
 * @source Kafka Streams `RocksDBVersionedStore`, `RocksDBVersionedStoreSegmentValueFormatter`
 */
export class History {
  readonly versions: Version[];

  constructor(versions: Version[] = []) {
    this.versions = versions;
  }

  get latest(): Version | undefined {
    return this.versions[0];
  }

  /**
   * Puts a version into its place; one with the same timestamp is replaced.
   *
   * @returns the timestamp of the next newer version; undefined for the newest
   */
  put(version: Version): number | undefined {
    const { latest } = this;
    if (latest === undefined || version.timestampMs > latest.timestampMs) this.putNewer(version);
    else if (version.timestampMs === latest.timestampMs) this.replaceLatest(latest, version);
    else return this.putLate(version);
    return undefined;
  }

  /** The version that was valid at a time, deletions included. */
  asOf(timestampMs: number): Version | undefined {
    return this.versions[this.placeOf(timestampMs)];
  }

  /** Forgets what was replaced before a time: nobody may ask for it any more. */
  forgetBefore(timeMs: number): void {
    const { versions } = this;
    // The version that is valid at the time itself stays.
    while (versions.length > 1 && (versions[versions.length - 2] as Version).timestampMs <= timeMs) versions.pop();
    while (versions.length > 1 && isDeletionBefore(versions[versions.length - 1] as Version, timeMs)) versions.pop();
  }

  /** Place of the newest version that begins at a time or before it: mostly the first. */
  private placeOf(timestampMs: number): number {
    const { versions } = this;
    let low = 0;
    let high = versions.length;
    if (high > 0 && (versions[0] as Version).timestampMs <= timestampMs) return 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((versions[middle] as Version).timestampMs > timestampMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private putNewer(version: Version): void {
    const { versions } = this;
    if (versions[0] !== undefined && versions[1]?.timestampMs === versions[0].timestampMs) versions.splice(1, 1);
    versions.unshift(version);
  }

  private replaceLatest(latest: Version, version: Version): void {
    const { versions } = this;
    const isDeletion = version.value === null;
    if (latest.value === null) {
      // The deletion stays below what replaces it.
      if (!isDeletion) versions.unshift(version);
    } else if (!isDeletion) versions[0] = version;
    else {
      versions.shift();
      if (isPresent(versions[0])) versions.unshift(version);
    }
  }

  private putLate(version: Version): number {
    const { versions } = this;
    const { timestampMs } = version;
    const at = this.placeOf(timestampMs);
    versions.splice(at, versions[at]?.timestampMs === timestampMs ? 1 : 0, version);
    const next = versions[at - 1] as Version;
    // It ends where the newest version begins.
    if (at === 1 && version.value === null && next.value !== null) versions.splice(1, 0, { ...next, value: null });
    return next.timestampMs;
  }
}

function isPresent(version: Version | undefined): boolean {
  return version !== undefined && version.value !== null;
}

function isDeletionBefore({ value, timestampMs }: Version, timeMs: number): boolean {
  return value === null && timestampMs <= timeMs;
}

/**
 * The stored form of a history: format (1 byte), number of versions (int32), then each, newest first: timestamp (int64),
 * length of the value (int32, -1 for a deletion), value. In snapshots only: a changelog has one record per put.
 *
 * @param value Serde of the values.
 */
export function historySerde(value: Serde<unknown>): Serde<History> {
  return {
    id: `history(${value.id})`,
    write: (history, sink) => writeHistory(history, value, sink),
    read: (bytes, start) => readHistory(bytes, start, value),
  };
}

function writeHistory({ versions }: History, serde: Serde<unknown>, sink: ByteSink): void {
  sink.uint8(FORMAT);
  sink.int32(versions.length);
  for (const { timestampMs, value } of versions) {
    sink.int64(timestampMs);
    const lengthAt = sink.length;
    sink.int32(NULL_LENGTH);
    if (value === null) continue;
    serde.write(value, sink);
    sink.bytes.writeInt32BE(sink.length - lengthAt - 4, lengthAt);
  }
}

function readHistory(bytes: Buffer, start: number, serde: Serde<unknown>): History {
  const format = bytes[start];
  if (format !== FORMAT) {
    throw new StreamError(
      "SCHEMA_UNKNOWN",
      `history format ${format} is not known to this version: deploy a newer one`,
    );
  }
  const versions: Version[] = [];
  const count = bytes.readInt32BE(start + 1);
  let at = start + 5;
  for (let i = 0; i < count; i++) {
    const timestampMs = Number(bytes.readBigInt64BE(at));
    const length = bytes.readInt32BE(at + 8);
    at += 12;
    const value = length < 0 ? null : serde.read(bytes, at, at + length);
    versions.push({ timestampMs, value });
    if (length > 0) at += length;
  }
  return new History(versions);
}
