import { createMemoryLeaseTable } from "../../../lib/adapters/memory/lease-table.ts";
import { createMemoryObjectStore } from "../../../lib/adapters/memory/object-store.ts";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { json } from "../../../lib/serde/json.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { encodeSnapshot, type SnapshotRequest, type StoreChange } from "../../../lib/snapshot/encode.ts";
import { type PublishOutcome, type PublishPorts, publishSnapshot } from "../../../lib/snapshot/publish.ts";
import type { Manifest } from "../../../lib/snapshot/types.ts";
import { createTaskStore } from "../../../lib/state/create-task-store.ts";
import type { KeyValueStore, StoreSpec, TaskStore, WindowStore } from "../../../lib/state/store.ts";

export const countsSpec: StoreSpec = {
  name: "counts",
  type: "timestampedKeyValue",
  keySerde: string() as Serde<unknown>,
  valueSerde: json(),
  logged: true,
};

export const windowsSpec: StoreSpec = {
  ...countsSpec,
  name: "windows",
  type: "timestampedWindow",
  windowSizeMs: 10,
  retentionMs: 100,
};

export function emptyStore(spec: StoreSpec): TaskStore {
  return createTaskStore(spec, { sink: new ByteSink() });
}

/** Puts rows in one acknowledged commit. Windows: `start` is the window start. */
export function fill(
  store: TaskStore,
  rows: readonly { key: string; value: unknown; at?: number; start?: number }[],
): TaskStore {
  for (const { key, value, at = 1, start } of rows) {
    if (start === undefined) (store as unknown as KeyValueStore).put(key, value, at);
    else (store as unknown as WindowStore).put(key, start, value, at);
  }
  store.seal({ row: () => {} });
  store.acknowledge();
  return store;
}

/** Committed rows as text, for comparison. */
export function rowsOf(store: TaskStore): string[] {
  const rows: string[] = [];
  store.freeze("all").writeTo({
    row: (keyText, bytes, start, length, timestampMs) =>
      rows.push(
        `${Buffer.from(keyText, "latin1").toString("hex")}=${bytes.toString("utf8", start, start + length)}@${timestampMs}`,
      ),
  });
  return rows;
}

/** Memory ports with a pin 0 that is held by worker `w` in epoch 1. */
export async function heldPin() {
  const objects = createMemoryObjectStore();
  const leases = createMemoryLeaseTable();
  await leases.claim(0, "w");
  let yields = 0;
  const yieldNow = async () => {
    yields++;
  };
  return { objects, leases, yieldNow, yieldCount: () => yields };
}

export function request(options: {
  store: TaskStore;
  change: StoreChange;
  next: number;
  previous?: Manifest | undefined;
  writer?: string;
}): SnapshotRequest {
  const { store, change, next, previous, writer = `w${next}` } = options;
  return {
    applicationId: "app",
    generation: 1,
    pin: 0,
    epoch: 1,
    seenVersion: previous?.version ?? 0,
    writer,
    reason: "age",
    position: `{"transaction":${next}}`,
    nowMs: 1_700_000_000_000 + next,
    previous,
    stores: [
      {
        spec: store.spec,
        partition: 3,
        changelog: { topic: `app-${store.spec.name}-changelog`, topicId: "00ff", next },
        storeTimeMs: store.storeTimeMs,
        expiredUpToMs: store.expiredAt(store.storeTimeMs),
        change,
      },
    ],
  };
}

/** Encodes and publishes as worker `w`. */
export async function encodeAndPublish(
  world: PublishPorts & { readonly yieldNow: () => Promise<void> },
  asked: SnapshotRequest,
): Promise<PublishOutcome> {
  return publishSnapshot(world, "w", await encodeSnapshot(asked, { yieldNow: world.yieldNow }));
}
