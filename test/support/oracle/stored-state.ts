import type { ApplicationPlan, TaskChangelog } from "../../../lib/application/plan.ts";
import { decodePosition, type Position } from "../../../lib/application/position.ts";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import type { LeaseTable } from "../../../lib/ports/lease-table.ts";
import type { Log } from "../../../lib/ports/log.ts";
import type { ObjectStore } from "../../../lib/ports/object-store.ts";
import { loadSnapshot, loadSnapshotAt } from "../../../lib/snapshot/load.ts";
import { restoreStores } from "../../../lib/snapshot/restore.ts";
import { type Manifest, storeKey } from "../../../lib/snapshot/types.ts";
import { createTaskStore } from "../../../lib/state/create-task-store.ts";
import type { TaskStore } from "../../../lib/state/store.ts";
import { replayChangelogs } from "../../../lib/task/replay.ts";
import {
  ChangelogFold,
  type ChangelogRow,
  type Rows,
  readChangelog,
  rowDifferences,
  rowText,
  unexpired,
} from "./changelog.ts";
import { Violations } from "./committed.ts";

/** Where the state of an application is. */
export interface StatePlaces {
  readonly plan: ApplicationPlan;
  readonly log: Log;
  readonly objects: ObjectStore;
  readonly leases: LeaseTable;
}

/** One store of one task. */
export interface StoreChangelog {
  readonly task: string;
  readonly pin: number;
  readonly changelog: TaskChangelog;
  readonly rows: readonly ChangelogRow[];
}

/** Every changelog of an application, by `topic:partition`. */
export async function readChangelogs({ plan, log }: StatePlaces): Promise<ReadonlyMap<string, StoreChangelog>> {
  const all = new Map<string, StoreChangelog>();
  for (const { pin, tasks } of plan.pins) {
    for (const { id, changelogs } of tasks) {
      for (const changelog of changelogs)
        all.set(changelog.key, { task: id, pin, changelog, rows: await readChangelog(log, changelog) });
    }
  }
  return all;
}

/** I5: the newest position of each pin says where its changelogs end, and nothing committed lies beyond. */
export function endViolations(
  changelogs: ReadonlyMap<string, StoreChangelog>,
  positions: readonly (readonly Position[])[],
): readonly string[] {
  const found = new Violations();
  for (const { pin, changelog, rows } of changelogs.values()) {
    const end = positions[pin]?.at(-1)?.changelogs[changelog.key] ?? -1;
    for (const { offset } of rows)
      if (offset >= end) found.add(`I5: ${changelog.key}@${offset} lies beyond the end ${end} in the newest position`);
    const last = rows.at(-1)?.offset;
    if (last !== undefined && last + 1 !== end)
      found.add(`I5: the newest position ends ${changelog.key} at ${end}, its last record is ${last}`);
  }
  return found.list;
}

/** A fresh store from the newest manifest and the changelog's tail holds what the fold of the whole changelog says. */
export async function restoreViolations(
  places: StatePlaces,
  changelogs: ReadonlyMap<string, StoreChangelog>,
): Promise<readonly string[]> {
  const found = new Violations();
  for (const { pin, changelog, rows } of changelogs.values()) {
    const { store: spec, partition } = changelog;
    const pointer = (await places.leases.read(pin))?.pointer;
    const manifest = pointer === undefined ? undefined : await loadSnapshot({ objects: places.objects, pointer });
    const store = createTaskStore(spec, { sink: new ByteSink() });
    const key = storeKey(spec.name, partition);
    if (manifest !== undefined)
      await restoreStores({ manifest, stores: new Map([[key, store]]), objects: places.objects });
    const end = (rows.at(-1)?.offset ?? -1) + 1;
    await replayChangelogs(places.log, [
      { changelog, from: manifest?.stores[key]?.changelog.next ?? 0, to: end, store },
    ]);
    const expected = unexpired(new ChangelogFold(rows).upTo(end), spec.retentionMs);
    for (const difference of rowDifferences(unexpired(rowsOf(store), spec.retentionMs), expected))
      found.add(`${key}: ${difference}`);
  }
  return found.list;
}

/** What was checked of an application's snapshots. */
export interface SnapshotFindings {
  readonly violations: readonly string[];
  readonly snapshots: number;
}

/** I4: every snapshot that was ever written, published or not, is the fold of the changelog below its `next`. */
export async function snapshotViolations(
  places: StatePlaces,
  changelogs: ReadonlyMap<string, StoreChangelog>,
  positions: readonly (readonly Position[])[],
): Promise<SnapshotFindings> {
  const found = new Violations();
  const manifests: { path: string; manifest: Manifest }[] = [];
  for await (const { path } of places.objects.list(`${places.plan.applicationId}/`)) {
    manifests.push({ path, manifest: (await loadSnapshotAt({ objects: places.objects, path })).manifest });
  }
  const byStore = new Map<string, { path: string; manifest: Manifest; next: number }[]>();
  for (const { path, manifest } of manifests) {
    checkManifestPosition({ path, manifest }, positions, found);
    for (const [key, stored] of Object.entries(manifest.stores)) {
      const entries = byStore.get(key) ?? [];
      byStore.set(key, entries);
      entries.push({ path, manifest, next: stored.changelog.next });
    }
  }
  const stores = new Map(
    [...changelogs.values()].map((entry) => [
      storeKey(entry.changelog.store.name, entry.changelog.partition) as string,
      entry,
    ]),
  );
  for (const [key, entries] of byStore) {
    const entry = stores.get(key);
    if (entry === undefined) {
      found.add(`${entries[0]?.path} holds a store ${key} that nobody has`);
      continue;
    }
    const { store: spec } = entry.changelog;
    const fold = new ChangelogFold(entry.rows);
    for (const { path, manifest, next } of entries.sort((a, b) => a.next - b.next)) {
      const expected = unexpired(fold.upTo(next), spec.retentionMs);
      const store = createTaskStore(spec, { sink: new ByteSink() });
      await restoreStores({
        manifest,
        stores: new Map([[storeKey(spec.name, entry.changelog.partition), store]]),
        objects: places.objects,
      });
      for (const difference of rowDifferences(unexpired(rowsOf(store), spec.retentionMs), expected))
        found.add(`I4: ${path}, ${key} below ${next}: ${difference}`);
    }
  }
  return { violations: found.list, snapshots: manifests.length };
}

/** The position in a manifest is one that was committed, and its changelog ends are the manifest's. */
function checkManifestPosition(
  { path, manifest }: { path: string; manifest: Manifest },
  positions: readonly (readonly Position[])[],
  found: Violations,
): void {
  const position = decodePosition(Buffer.from(manifest.position));
  const committed = positions[manifest.pin]?.[position.transaction - 1];
  if (JSON.stringify(committed) !== JSON.stringify(position))
    found.add(`I4: ${path} belongs to transaction ${position.transaction}, which was committed with another position`);
  for (const [key, { changelog, partition }] of Object.entries(manifest.stores)) {
    const end = position.changelogs[`${changelog.topic}:${partition}`];
    if (end !== changelog.next) found.add(`I4: ${path} holds ${key} below ${changelog.next}, its position says ${end}`);
  }
}

/** Rows of a store's committed layer. */
function rowsOf(store: TaskStore): Rows {
  const rows = new Map<string, string>();
  store.freeze("all").writeTo({
    row: (keyText, bytes, start, length, timestampMs) =>
      rows.set(keyText, rowText(bytes, start, { length, timestampMs })),
  });
  return rows;
}
