import { ByteSink } from "../../lib/core/byte-sink.ts";
import { loadSnapshotAt } from "../../lib/snapshot/load.ts";
import { restoreStores } from "../../lib/snapshot/restore.ts";
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
    for (const [key, stored] of Object.entries(manifest.stores)) {
      const { topic, next } = stored.changelog;
      if (!changelogs.has(topic)) changelogs.set(topic, await readAll(world.log, topic));
      const spec = world.app.pins
        .flatMap(({ tasks }) => tasks.flatMap(({ changelogs: all }) => all))
        .find(({ store }) => store.name === stored.name)?.store;
      if (spec === undefined) {
        found.push(`I4: ${path} holds a store ${key} that nobody has`);
        continue;
      }
      const store = createTaskStore(spec, { sink: new ByteSink() });
      await restoreStores({
        manifest,
        stores: new Map([[key as `${string}:${number}`, store]]),
        objects: world.objects,
      });
      const expected = fold(
        (changelogs.get(topic) ?? []).filter(
          ({ partition, offset }) => partition === stored.partition && offset < next,
        ),
      );
      const held = rowsOf(store);
      if (held !== expected)
        found.push(
          `I4: ${path} store ${key} below ${next} is ${held.slice(0, 80)}, the changelog says ${expected.slice(0, 80)}`,
        );
    }
  }
  if (manifests === 0) found.push("no snapshot was ever written");
  return found;
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
