import { type PartitionKey, partitionKey } from "../core/ids.ts";

/** Version of the manifest's stored form; see docs/formats/snapshot.md. */
export const MANIFEST_FORMAT = 1;

/**
 * A sorted immutable segment inside a snapshot object.
 *
 * Counts and keys are copies of what the segment itself says: a reader decides by them whether to read it.
 */
export interface SegmentRef {
  /** Object that holds it: the manifest's own, or an older one. */
  readonly path: string;
  /** First byte and length inside the object. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of index and trailer, the last ones of the segment. */
  readonly indexLength: number;
  /** Rows, tombstones included. */
  readonly rows: number;
  readonly tombstones: number;
  /** `full`: every row of the store at that time. `delta`: what changed since the segment before. */
  readonly kind: "full" | "delta";
  /** Smallest and largest changelog key, base64. */
  readonly minKey: string;
  readonly maxKey: string;
  /** Stream time of the store when the segment was frozen: no window in it starts later. */
  readonly storeTimeMs: number;
}

/** What a manifest says of one store of one task. */
export interface ManifestStore {
  readonly name: string;
  readonly partition: number;
  /** Store type and serde ids: a store that is declared otherwise now cannot be restored from it. */
  readonly type: string;
  readonly keySerde: string;
  readonly valueSerde: string;
  readonly windowSizeMs?: number;
  readonly retentionMs?: number;
  readonly changelog: ManifestChangelog;
  readonly storeTimeMs: number;
  /** Oldest first: a row of a later segment replaces the same key of an earlier one. */
  readonly segments: readonly SegmentRef[];
}

/** The changelog partition of a store and how much of it the segments are the fold of. */
export interface ManifestChangelog {
  readonly topic: string;
  /** Kafka's topic id: changes when the topic is created again. */
  readonly topicId: string;
  /** The segments are the fold of the committed changelog `[0, next)` (I4). */
  readonly next: number;
}

/** Why a snapshot was taken. */
export type PublishReason = "age" | "bytes" | "tail" | "sleep" | "handover" | (string & {});

/** A snapshot of one pin: what is in which segment, up to which offset, belonging to which position. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly applicationId: string;
  readonly generation: number;
  readonly pin: number;
  /** Lease epoch of the writer. */
  readonly epoch: number;
  /** One more than the version seen in the lease row. */
  readonly version: number;
  /** Unique for every attempt to publish. */
  readonly writer: string;
  readonly reason: PublishReason;
  /** Wall time of the writer: compared with `delete.retention.ms` only. */
  readonly createdAtMs: number;
  /** The committed position record that the stores belong to, as stored in the positions topic. */
  readonly position: string;
  /** By `storeKey(name, partition)`. Stores that the topology no longer has are carried over. */
  readonly stores: Readonly<Record<PartitionKey, ManifestStore>>;
}

/** The key of a store in a manifest: `name:partition`. */
export function storeKey(name: string, partition: number): PartitionKey {
  return partitionKey(name, partition);
}
