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
 * Owns: the order of versions and which one was valid when. Does not own: which puts are too late, streams' times (store).
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
   * Puts a version into its place; one with the same timestamp is replaced. A deletion that replaces the newest version leaves
   * nothing where nothing was before it either: a later version for a time before it is valid beyond it.
   *
   * @source Kafka Streams `RocksDBVersionedStore.maybePutToLatestValueStore`: a deletion at the time of the latest value only
   *   removes it, and is known afterwards only as the end of the version before
   * @returns the timestamp of the next newer version; undefined for the newest
   */
  put(version: Version): number | undefined {
    const { versions } = this;
    const { timestampMs } = version;
    let at = 0;
    while (at < versions.length && (versions[at] as Version).timestampMs > timestampMs) at++;
    const isThere = versions[at]?.timestampMs === timestampMs;
    if (isThere && at === 0 && version.value === null && versions[0]?.value !== null && isNothing(versions[1])) {
      versions.shift();
      return undefined;
    }
    versions.splice(at, isThere ? 1 : 0, version);
    return versions[at - 1]?.timestampMs;
  }

  /** The version that was valid at a time, deletions included. */
  asOf(timestampMs: number): Version | undefined {
    return this.versions.find((version) => version.timestampMs <= timestampMs);
  }

  /** Forgets what was replaced before a time: nobody may ask for it any more. */
  forgetBefore(timeMs: number): void {
    const { versions } = this;
    // The version that is valid at the time itself stays.
    while (versions.length > 1 && (versions[versions.length - 2] as Version).timestampMs <= timeMs) versions.pop();
    while (versions.length > 1 && isDeletionBefore(versions[versions.length - 1] as Version, timeMs)) versions.pop();
  }
}

function isNothing(version: Version | undefined): boolean {
  return version === undefined || version.value === null;
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
