/**
 * Encodes a snapshot: manifest and segments of what was frozen, in slices, into one object.
 *
 * Owns: the object's path and content. Does not own: what is frozen (`decide.ts`, the task), bytes of a segment
 * (`segment-writer.ts`), writing the object and moving the pointer (`publish.ts`).
 *
 * Invariants:
 * - I4 every manifest equals the fold of the committed changelog below its `next`: the caller freezes only acknowledged
 *   layers, and gives the position record that those layers belong to.
 * - S1 an object path is written once: it holds the epoch, the version and an id that is new for every attempt.
 */
import { invariant } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { FrozenRows, StoreSpec } from "../state/store.ts";
import { type EncodedObject, SnapshotObjectWriter } from "./object.ts";
import { type PinIdentity, snapshotPath } from "./paths.ts";
import { type SegmentOptions, SegmentWriter } from "./segment-writer.ts";
import {
  MANIFEST_FORMAT,
  type Manifest,
  type ManifestChangelog,
  type ManifestStore,
  type PublishReason,
  type SegmentRef,
  storeKey,
} from "./types.ts";

/** Rows that are encoded between two yields: about 2 ms. */
const SLICE_BYTES = 64 * 1024;

/** What is written of a store; see `decideStore`. */
export type StoreChange =
  | { readonly kind: "full"; readonly rows: FrozenRows }
  | { readonly kind: "delta"; readonly rows: FrozenRows }
  | { readonly kind: "keep" };

/** A store as it goes into the manifest. Stores without changelog are left out: they restore empty. */
export interface PublishedStore {
  readonly spec: StoreSpec;
  readonly partition: number;
  /** `next` is the end offset of the changelog in the position. */
  readonly changelog: ManifestChangelog;
  /** The store's stream time in the position. */
  readonly storeTimeMs: number;
  /** What is gone at this stream time: `TaskStore.expiredAt`. */
  readonly expiredUpToMs: number;
  readonly change: StoreChange;
}

/** What a snapshot consists of. */
export interface SnapshotRequest extends PinIdentity {
  readonly epoch: number;
  /** `version` of the lease row. */
  readonly seenVersion: number;
  /** A fresh unique id for every call (`random.uuid()`): a second attempt is another object. */
  readonly writer: string;
  readonly reason: PublishReason;
  /** The committed position record, as text. */
  readonly position: string;
  readonly nowMs: number;
  /** The manifest that the lease row points to. */
  readonly previous: Manifest | undefined;
  readonly stores: readonly PublishedStore[];
}

/** A snapshot that is ready to be published. */
export interface EncodedSnapshot {
  readonly path: string;
  readonly manifest: Manifest;
  readonly object: EncodedObject;
}

/** How a snapshot is encoded. */
export interface EncodeOptions extends SegmentOptions {
  /** Called between slices of work, so that records go on being processed: `() => clock.sleep(0)`. */
  readonly yieldNow: () => Promise<void>;
}

/** Builds manifest and object of a snapshot, in slices. The frozen rows are discarded as they are encoded. */
export async function encodeSnapshot(request: SnapshotRequest, options: EncodeOptions): Promise<EncodedSnapshot> {
  const path = snapshotPath({ ...request, version: request.seenVersion + 1 });
  const writer = new SnapshotObjectWriter();
  const { previous } = request;
  // Stores that are not ours to judge are carried over untouched: an older version of the topology may come back.
  const stores: Record<PartitionKey, ManifestStore> = { ...previous?.stores };
  for (const store of request.stores) {
    const key = storeKey(store.spec.name, store.partition);
    const segment = await encodeStore(store, { ...options, path, writer });
    const older = store.change.kind === "full" ? [] : liveSegments(store, previous?.stores[key]);
    stores[key] = manifestStore(store, segment === undefined ? older : [...older, segment]);
  }
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    applicationId: request.applicationId,
    generation: request.generation,
    pin: request.pin,
    epoch: request.epoch,
    version: request.seenVersion + 1,
    writer: request.writer,
    reason: request.reason,
    createdAtMs: request.nowMs,
    position: request.position,
    stores,
  };
  return { path, manifest, object: writer.finish(manifest) };
}

async function encodeStore(
  { change, storeTimeMs }: PublishedStore,
  options: EncodeOptions & { readonly path: string; readonly writer: SnapshotObjectWriter },
): Promise<SegmentRef | undefined> {
  if (change.kind === "keep") return undefined;
  const segmentWriter = new SegmentWriter(options);
  while (change.rows.writeSlice(segmentWriter, SLICE_BYTES)) await options.yieldNow();
  // The store keeps hold of what it froze last: until the next snapshot every row would be in memory twice.
  change.rows.discard();
  const segment = segmentWriter.finish();
  if (segment.rows === 0) return undefined;
  return {
    path: options.path,
    offset: options.writer.add(segment),
    length: segment.length,
    indexLength: segment.indexLength,
    rows: segment.rows,
    tombstones: segment.tombstones,
    kind: change.kind,
    minKey: base64(segment.minKey),
    maxKey: base64(segment.maxKey),
    storeTimeMs,
  };
}

/** The segments that a new one comes on top of. A segment in which every window has expired is left out: no rewrite. */
function liveSegments(
  { spec, expiredUpToMs }: PublishedStore,
  previous: ManifestStore | undefined,
): readonly SegmentRef[] {
  invariant(previous !== undefined, "snapshot: only a store that the manifest knows can be kept or extended", {
    store: spec.name,
  });
  return previous.segments.filter((segment) => segment.storeTimeMs > expiredUpToMs);
}

function manifestStore(store: PublishedStore, segments: readonly SegmentRef[]): ManifestStore {
  const { spec } = store;
  return {
    name: spec.name,
    partition: store.partition,
    type: spec.type,
    keySerde: spec.keySerde.id,
    valueSerde: spec.valueSerde.id,
    ...(spec.windowSizeMs === undefined ? {} : { windowSizeMs: spec.windowSizeMs }),
    ...(spec.retentionMs === undefined ? {} : { retentionMs: spec.retentionMs }),
    changelog: { topic: store.changelog.topic, topicId: store.changelog.topicId, next: store.changelog.next },
    storeTimeMs: store.storeTimeMs,
    segments,
  };
}

function base64(latin1Text: string): string {
  return Buffer.from(latin1Text, "latin1").toString("base64");
}
