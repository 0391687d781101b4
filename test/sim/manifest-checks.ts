import { decodePosition } from "../../lib/application/position.ts";
import { ByteSink } from "../../lib/core/byte-sink.ts";
import type { PartitionKey } from "../../lib/core/ids.ts";
import { loadSnapshot, loadSnapshotAt } from "../../lib/snapshot/load.ts";
import { restoreStores } from "../../lib/snapshot/restore.ts";
import { type Manifest, storeKey } from "../../lib/snapshot/types.ts";
import { createTaskStore } from "../../lib/state/create-task-store.ts";
import type { TaskStore } from "../../lib/state/store.ts";
import { type ReadRecord, readAll } from "./read-all.ts";
import type { World } from "./world.ts";

/** I4: every manifest ever written, published or not, equals the fold of the committed changelog below its `next`. */
export async function manifestViolations(world: World): Promise<string[]> {
  const found: string[] = [];
  const changelogs = new Map<string, readonly ReadRecord[]>();
  let manifests = 0;
  for await (const { path } of world.objects.list("sim/")) {
    manifests++;
    const { manifest } = await loadSnapshotAt({ objects: world.objects, path });
    for (const [key, { partition, changelog }] of Object.entries(manifest.stores)) {
      const { topic, next } = changelog;
      const records = changelogs.get(topic) ?? (await readAll(world.log, topic));
      changelogs.set(topic, records);
      const expected = fold(records.filter((record) => record.partition === partition && record.offset < next));
      const held = await rowsIn(world, manifest, key as PartitionKey);
      if (held === expected) continue;
      const place = `${path} store ${key} below ${next}`;
      found.push(`I4: ${place} is ${held.slice(0, 80)}, the changelog says ${expected.slice(0, 80)}`);
    }
  }
  if (manifests === 0) found.push("no snapshot was ever written");
  return found;
}

/** P3: whenever a pin was put to sleep, its manifest held everything that had been committed under that epoch or an earlier one. */
export async function sleepViolations(world: World): Promise<string[]> {
  const found: string[] = [];
  const positions = (await readAll(world.log, world.app.positionsTopic)).map(({ value }) =>
    decodePosition(value as Buffer),
  );
  for (const { pin, epoch, pointer } of world.asleep) {
    const last = positions.filter((position) => position.pin === pin && position.epoch <= epoch).at(-1);
    const manifest = pointer === undefined ? undefined : await loadSnapshot({ objects: world.objects, pointer });
    for (const { key, store, partition } of world.app.pins[pin]?.tasks.flatMap(({ changelogs }) => changelogs) ?? []) {
      const end = last?.changelogs[key] ?? 0;
      const next = manifest?.stores[storeKey(store.name, partition)]?.changelog.next ?? 0;
      if (next < end)
        found.push(`P3: pin ${pin} slept after epoch ${epoch} with ${key} up to ${next} of ${end} in its manifest`);
    }
  }
  return found;
}

async function rowsIn(world: World, manifest: Manifest, key: PartitionKey): Promise<string> {
  const changelogs = world.app.pins.flatMap(({ tasks }) => tasks.flatMap((task) => task.changelogs));
  const spec = changelogs.find(({ store }) => store.name === manifest.stores[key]?.name)?.store;
  if (spec === undefined) return "a store that nobody has";
  const store = createTaskStore(spec, { sink: new ByteSink() });
  await restoreStores({ manifest, stores: new Map([[key, store]]), objects: world.objects });
  return rowsOf(store);
}

function fold(records: readonly ReadRecord[]): string {
  const rows = new Map<string, string>();
  for (const { key, value, timestampMs } of records) {
    if (value === null) rows.delete(key);
    else rows.set(key, `${value.toString("hex")}@${timestampMs}`);
  }
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, row]) => `${key}=${row}`)
    .join(" ");
}

function rowsOf(store: TaskStore): string {
  const rows: string[] = [];
  store.freeze("all").writeTo({
    row: (keyText, bytes, start, length, timestampMs) =>
      rows.push(`${keyText}=${bytes.toString("hex", start, start + length)}@${timestampMs}`),
  });
  return rows.join(" ");
}
