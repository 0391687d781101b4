/**
 * Fills stores from a snapshot.
 *
 * Owns: the order oldest segment → newest, the stream time of the stores. Does not own: whether the snapshot may be used
 * (`decideRestore`), the changelog tail that comes after (task).
 *
 * Invariants:
 * - I4 afterwards a store is the fold of the committed changelog below the manifest's `next`.
 * - R1 rows from a snapshot do not count as changed: the next delta holds what comes after it.
 * - R2 windows that have expired at the manifest's stream time do not come back.
 */
import { invariant } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { TaskStore } from "../state/store.ts";
import { loadSegments, readRows, type WantedSegment } from "./segment-source.ts";
import type { Manifest } from "./types.ts";

/** What was restored. */
export interface RestoreReport {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Fills empty stores from the segments of a manifest. Stores that the manifest does not know stay as they are.
 *
 * @param options.stores By `storeKey(name, partition)`: only those that `decideRestore` lets use the snapshot.
 * @param options.yieldNow Called every few thousand rows: `() => clock.sleep(0)`.
 * @throws {StreamError} `CORRUPT_SNAPSHOT`, `SCHEMA_UNKNOWN`, `OBJECT_STORE_UNAVAILABLE`
 */
export async function restoreStores(options: {
  manifest: Manifest;
  stores: ReadonlyMap<PartitionKey, TaskStore>;
  objects: ObjectStore;
  yieldNow?: () => Promise<void>;
}): Promise<RestoreReport> {
  const { manifest, stores, objects } = options;
  const yieldNow = options.yieldNow ?? (async () => {});
  const wanted: WantedSegment<TaskStore>[] = [];
  for (const [key, store] of stores) {
    const stored = manifest.stores[key];
    if (stored === undefined) continue;
    invariant(store.rowCount === 0, "snapshot: only an empty store is restored", { store: key });
    store.storeTimeMs = stored.storeTimeMs;
    for (const ref of stored.segments) wanted.push({ ref, owner: store });
  }
  let rows = 0;
  let bytes = 0;
  for await (const segment of loadSegments(objects, wanted)) {
    await readRows(objects, segment, { sink: segment.owner.snapshotRows ?? segment.owner, yieldNow });
    rows += segment.ref.rows;
    bytes += segment.ref.length;
  }
  for (const store of new Set(wanted.map(({ owner }) => owner))) store.freeze("changed").discard();
  return { rows, bytes };
}
