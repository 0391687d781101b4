/**
 * The decisions of the snapshot protocol: facts in, a decision out. No I/O, no clock.
 */
import { StreamError } from "../core/errors.ts";
import type { LeaseRow, SnapshotPointer } from "../ports/lease-table.ts";
import type { ManifestStore } from "./types.ts";

/** When a store is written anew. When a snapshot is due at all is decided by the pin (`task/pin-running.ts`). */
export interface SnapshotConfig {
  /** Delta segments of a store before it is written in full. */
  readonly maxDeltas: number;
  /** A store up to this size is always written in full: one segment to read, for about the price of a delta. */
  readonly smallStoreBytes: number;
}

/** Defaults: a takeover reads at most nine segments of a store. */
export const defaultSnapshotConfig: SnapshotConfig = Object.freeze({ maxDeltas: 8, smallStoreBytes: 256 * 1024 });

/** What is known of a store when a snapshot is decided. */
export interface StoreFacts {
  /** What the last published manifest says of it. */
  readonly previous: ManifestStore | undefined;
  /** Rows changed since the last freeze (`TaskStore.changedCount`). */
  readonly changedCount: number;
  readonly sizeBytes: number;
  /** Changes were frozen for an attempt that was not published: only the whole store has them. */
  readonly lostChanges: boolean;
}

/** What is written of a store. `keep`: no new segment. */
export type StoreDecision = { readonly kind: "full" } | { readonly kind: "delta" } | { readonly kind: "keep" };

/** Decides what is written of one store. */
export function decideStore(facts: StoreFacts, config: SnapshotConfig): StoreDecision {
  const { previous, changedCount, sizeBytes, lostChanges } = facts;
  if (previous === undefined || lostChanges) return { kind: "full" };
  if (changedCount === 0) return { kind: "keep" };
  if (sizeBytes <= config.smallStoreBytes) return { kind: "full" };
  const deltas = previous.segments.filter((segment) => segment.kind === "delta");
  const fulls = previous.segments.filter((segment) => segment.kind === "full");
  if (deltas.length >= config.maxDeltas) return { kind: "full" };
  const bytesOf = (segments: typeof deltas) => segments.reduce((sum, { length }) => sum + length, 0);
  // A window store's full segment expires like any other: then there is nothing to compare deltas with.
  if (fulls.length > 0 && bytesOf(deltas) * 2 > bytesOf(fulls)) return { kind: "full" };
  return { kind: "delta" };
}

/** Whose object is at our path. */
export type ExistsDecision = { readonly kind: "ours" } | { readonly kind: "foreign" };

/**
 * Decides what an object that is already at the path means: a retry after a lost answer finds its own bytes. The writer's
 * unique id is in the manifest, so equal bytes are ours.
 */
export function decideAfterExists(mine: Uint8Array, found: Uint8Array): ExistsDecision {
  return Buffer.compare(mine, found) === 0 ? { kind: "ours" } : { kind: "foreign" };
}

/** What a refused pointer update means. */
export type PointerDecision =
  /** The answer of an earlier try was lost: the pointer is ours. */
  | { readonly kind: "published" }
  /** Nothing moved: try again. */
  | { readonly kind: "retry" }
  /** The lease or the version is another's: drop what was built. */
  | { readonly kind: "moved" };

/** Decides by the row that was found instead of ours. */
export function decideAfterPointerMoved(
  row: LeaseRow | undefined,
  mine: {
    readonly worker: string;
    readonly epoch: number;
    readonly seenVersion: number;
    readonly pointer: SnapshotPointer;
  },
): PointerDecision {
  if (row?.pointer?.path === mine.pointer.path) return { kind: "published" };
  const unmoved = row?.owner === mine.worker && row.epoch === mine.epoch && row.version === mine.seenVersion;
  return { kind: unmoved ? "retry" : "moved" };
}

/** What is known of one store when a pin is acquired. */
export interface RestoreFacts {
  readonly declared: Pick<ManifestStore, "name" | "partition" | "type" | "keySerde" | "valueSerde">;
  /** What the manifest says of it; undefined without snapshot, or when the store is new. */
  readonly stored: ManifestStore | undefined;
  /** `publishedAtMs` of the pointer. */
  readonly publishedAtMs: number;
  readonly nowMs: number;
  readonly changelog: {
    readonly topicId: string;
    /** Log start offset. */
    readonly start: number;
    /** End offset in the position. */
    readonly end: number;
    readonly deleteRetentionMs: number;
    /** A source topic, which its table was read from. */
    readonly isSource?: boolean;
  };
}

/** From where a store is restored. */
export type RestoreDecision =
  /** Load the segments, then replay the changelog from `from`. */
  | { readonly kind: "use"; readonly from: number }
  /** Replay the changelog from its start, 0 but for source topics, into an empty store. */
  | { readonly kind: "rebuild"; readonly from: number; readonly reason: "no-snapshot" | "too-old" }
  /** Going on would lose or resurrect rows. */
  | { readonly kind: "stop"; readonly error: StreamError };

/**
 * Decides how a store comes back.
 *
 * A snapshot older than half of `delete.retention.ms` is not used with a tail: tombstones in the tail may be purged already, so
 * deleted keys would return. Without a tail nothing can be missing, however old the snapshot is: a pin that slept for a month
 * wakes at once.
 */
export function decideRestore(facts: RestoreFacts): RestoreDecision {
  const { declared, stored, publishedAtMs, nowMs, changelog } = facts;
  if (stored === undefined) return rebuild(facts, "no-snapshot");
  const schema = schemaChange(declared, stored);
  if (schema !== undefined) return stop("SCHEMA_UNKNOWN", facts, schema);
  if (stored.changelog.topicId !== changelog.topicId) {
    return stop("TOPIC_REPLACED", facts, `${stored.changelog.topic} was deleted and created again since the snapshot`);
  }
  const { next } = stored.changelog;
  if (changelog.end < next) {
    return stop(
      "CHANGELOG_TRUNCATED",
      facts,
      `the snapshot covers changelog offsets below ${next}, the log of the position ends at ${changelog.end}`,
    );
  }
  if (next === changelog.end) return { kind: "use", from: next };
  if (nowMs - publishedAtMs > changelog.deleteRetentionMs / 2) return rebuild(facts, "too-old");
  if (changelog.start > next) {
    return stop("CHANGELOG_GAP", facts, `changelog offsets from ${next} to ${changelog.start} are gone`);
  }
  return { kind: "use", from: next };
}

function rebuild(facts: RestoreFacts, reason: "no-snapshot" | "too-old"): RestoreDecision {
  const { start, isSource = false } = facts.changelog;
  // A source topic may begin anywhere: that is where its table began.
  if (start === 0 || isSource) return { kind: "rebuild", from: start, reason };
  const why = reason === "too-old" ? "the snapshot is too old to be used with a tail" : "there is no snapshot of it";
  return stop("CHANGELOG_GAP", facts, `${why}, and changelog offsets below ${start} are gone`);
}

function schemaChange(declared: RestoreFacts["declared"], stored: ManifestStore): string | undefined {
  for (const field of ["type", "keySerde", "valueSerde"] as const) {
    if (declared[field] !== stored[field]) return `its ${field} was ${stored[field]} and is ${declared[field]} now`;
  }
  return undefined;
}

function stop(
  code: "SCHEMA_UNKNOWN" | "TOPIC_REPLACED" | "CHANGELOG_TRUNCATED" | "CHANGELOG_GAP",
  { declared, changelog }: RestoreFacts,
  why: string,
): RestoreDecision {
  const { name, partition } = declared;
  const details = { store: name, partition, logStart: changelog.start, end: changelog.end };
  return { kind: "stop", error: new StreamError(code, `store ${name} of partition ${partition}: ${why}`, { details }) };
}
