import { createMemoryObjectStore } from "../adapters/memory/object-store.ts";
import { encodePosition, type Position } from "../application/position.ts";
import { partitionKey } from "../core/ids.ts";
import { decideStore } from "../snapshot/decide.ts";
import { encodeSnapshot, type PublishedStore } from "../snapshot/encode.ts";
import { restoreStores } from "../snapshot/restore.ts";
import { type Manifest, storeKey } from "../snapshot/types.ts";
import type { TaskStore } from "../state/store.ts";
import { readableRows } from "../task/source-changelog.ts";
import { restoredFrom } from "../topology/sub-topologies.ts";
import type { LogRecord } from "./driver-log.ts";

/** Small, so that a test meets full segments, deltas, and full ones again. */
const config = { maxDeltas: 3, smallStoreBytes: 0 };
const atOnce = async (): Promise<void> => {};

/** A store of a task, and the name of its stream time in a position. */
export interface DriverStore {
  readonly store: TaskStore;
  readonly timeKey: string;
}

/** The stores of a test driver as snapshot and changelog: with the code and the bytes of a worker, in memory. */
export class DriverSnapshots {
  private readonly objects = createMemoryObjectStore();
  private readonly applicationId: string;
  private manifest: Manifest | undefined;

  constructor(applicationId: string) {
    this.applicationId = applicationId;
  }

  /** Writes what the stores hold, or what changed since the snapshot before. */
  async take(stores: readonly DriverStore[], position: Position): Promise<void> {
    const { applicationId, manifest } = this;
    const seenVersion = manifest?.version ?? 0;
    const identity = { applicationId, generation: 1, pin: 0, epoch: 1, writer: "driver" };
    const request = {
      ...identity,
      seenVersion,
      reason: "test",
      position: encodePosition(position).toString("utf8"),
      nowMs: 0,
      previous: manifest,
      stores: stores.flatMap((each) => this.frozen(each, position)),
    };
    const { path, object, manifest: written } = await encodeSnapshot(request, { yieldNow: atOnce });
    await this.objects.create(path, object.body);
    this.manifest = written;
  }

  /** Fills empty stores: from the snapshot, then from the changelogs behind it. A store without changelog stays empty. */
  async restore(stores: readonly DriverStore[], changelog: (topic: string) => readonly LogRecord[]): Promise<void> {
    const logged = stores.map(({ store }) => store).filter(({ spec }) => restoredFrom(spec, this.applicationId));
    const { manifest, objects, applicationId } = this;
    if (manifest !== undefined) {
      const byKey = new Map(logged.map((store) => [storeKey(store.spec.name, 0), store]));
      await restoreStores({ manifest, stores: byKey, objects });
    }
    for (const store of logged) {
      const next = manifest?.stores[storeKey(store.spec.name, 0)]?.changelog.next ?? 0;
      const topic = restoredFrom(store.spec, applicationId) as string;
      const sink = store.spec.sourceTopic === undefined ? store : readableRows(store.spec, store);
      for (const { key, value, timestampMs } of changelog(topic).slice(next)) {
        const bytes = value ?? NOTHING;
        if (key !== null) sink.row(key.toString("latin1"), bytes, 0, value === null ? -1 : bytes.length, timestampMs);
      }
    }
  }

  private frozen({ store, timeKey }: DriverStore, position: Position): PublishedStore[] {
    const { spec, changedCount, sizeBytes } = store;
    const topic = restoredFrom(spec, this.applicationId);
    if (topic === undefined) return [];
    const previous = this.manifest?.stores[storeKey(spec.name, 0)];
    const decision = decideStore({ previous, changedCount, sizeBytes, lostChanges: false }, config);
    const storeTimeMs = position.storeTimes[timeKey] ?? -1;
    const change =
      decision.kind === "keep"
        ? decision
        : { kind: decision.kind, rows: store.freeze(decision.kind === "full" ? "all" : "changed") };
    return [
      {
        spec,
        partition: 0,
        changelog: { topic, topicId: "", next: position.changelogs[partitionKey(topic, 0)] ?? 0 },
        storeTimeMs,
        expiredUpToMs: store.expiredAt(storeTimeMs),
        change,
      },
    ];
  }
}

const NOTHING = Buffer.alloc(0);
