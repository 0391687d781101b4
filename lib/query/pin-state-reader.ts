/**
 * The committed state of a pin for queries, whether or not a worker runs: newest manifest, and on demand the changelog tail
 * up to one position.
 *
 * Owns: caches of manifests and tails. Does not own: which pin holds a key. Invariant I7: an answer is one committed state:
 * every store of an answer is bounded by the same position.
 */
import { readNewestPosition } from "../application/newest-position.ts";
import type { ApplicationPlan, TaskChangelog } from "../application/plan.ts";
import { decodePosition, type Position } from "../application/position.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { LeaseTable, SnapshotPointer } from "../ports/lease-table.ts";
import type { Log } from "../ports/log.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { loadSnapshot } from "../snapshot/load.ts";
import { SortedRows } from "../snapshot/rows.ts";
import { SegmentCache } from "../snapshot/segment-cache.ts";
import type { Manifest, ManifestStore } from "../snapshot/types.ts";
import { storeKey } from "../snapshot/types.ts";
import { openSnapshotView, StoreView } from "../snapshot/view.ts";
import type { RowSink, StoreSpec } from "../state/store.ts";
import { valueLengthOf } from "../state/value-length.ts";
import { replayChangelogs } from "../task/replay.ts";
import { sourceStarts } from "../task/source-changelog.ts";

/** Ports of a reader. */
export interface QueryPorts {
  readonly log: Log;
  readonly leases: LeaseTable;
  readonly objects: ObjectStore;
}

/** How new an answer must be: the newest snapshot, or everything that is committed. */
export type Freshness = "snapshot" | "committed";

/** One store of one task at one position. */
export interface StoreState {
  readonly view: StoreView;
  readonly position: Position | undefined;
  readonly snapshotVersion: number | undefined;
  readonly tailRecords: number;
}

/** Which store of which task is asked for. */
export interface StateRequest {
  readonly changelog: TaskChangelog;
  /** Task id, as it stands in positions. */
  readonly task: string;
  readonly freshness: Freshness;
}

interface Tail {
  readonly base: string;
  readonly rows: SortedRows;
  upTo: number;
  records: number;
}

const CACHE_BYTES = 128 << 20;

/** Reads the state of pins. One per process: what it has read stays useful. */
export class PinStateReader {
  private readonly app: ApplicationPlan;
  private readonly ports: QueryPorts;
  private readonly cache = new SegmentCache(CACHE_BYTES);
  private readonly manifests = new Map<number, { readonly path: string; readonly manifest: Manifest }>();
  private readonly tails = new Map<PartitionKey, Tail>();
  /** Queries of one store run one after the other: they share its tail, which grows. */
  private readonly turns = new Map<PartitionKey, Promise<unknown>>();

  constructor(app: ApplicationPlan, ports: QueryPorts) {
    this.app = app;
    this.ports = ports;
  }

  /**
   * Asks the state of a store's partition.
   *
   * @param ask Is called with the state, which stands still until it has answered (I7); it may keep rows, not the view.
   */
  async read<T>(request: StateRequest, ask: (state: StoreState) => Promise<T>): Promise<T> {
    const { key } = request.changelog;
    const before = this.turns.get(key) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(async () => ask(await this.stateNow(request)));
    this.turns.set(key, turn);
    return turn;
  }

  private async stateNow({ changelog, task, freshness }: StateRequest): Promise<StoreState> {
    const pin = changelog.partition % this.app.pinCount;
    const manifest = await this.manifest(pin);
    const stored = manifest?.stores[storeKey(changelog.store.name, changelog.partition)];
    const base = this.baseView(changelog, stored, manifest);
    if (freshness === "snapshot") {
      const position = manifest === undefined ? undefined : decodePosition(Buffer.from(manifest.position));
      return { view: base, position, snapshotVersion: manifest?.version, tailRecords: 0 };
    }
    const position = await readNewestPosition(this.ports.log, this.app.positionsTopic, pin);
    const storeTimeMs = position?.storeTimes[`${task}/${changelog.store.name}`] ?? -1;
    const tail = await this.tail(changelog, {
      base: manifest?.writer ?? "",
      from: stored?.changelog.next ?? (await sourceStarts(this.ports.log, [changelog])).get(changelog.key) ?? 0,
      to: position?.changelogs[changelog.key] ?? 0,
    });
    return {
      view: base.withTail(tail.rows, storeTimeMs),
      position,
      snapshotVersion: manifest?.version,
      tailRecords: tail.records,
    };
  }

  private baseView(
    changelog: TaskChangelog,
    stored: ManifestStore | undefined,
    manifest: Manifest | undefined,
  ): StoreView {
    if (manifest !== undefined && stored !== undefined) {
      const view = openSnapshotView({ manifest, objects: this.ports.objects, cache: this.cache }).store(
        changelog.store.name,
        changelog.partition,
      );
      if (view !== undefined) return view;
    }
    return new StoreView({ store: emptyStore(changelog), load: async () => [], storeTimeMs: -1 });
  }

  private async manifest(pin: number): Promise<Manifest | undefined> {
    const pointer: SnapshotPointer | undefined = (await this.ports.leases.read(pin))?.pointer;
    if (pointer === undefined) return undefined;
    const known = this.manifests.get(pin);
    if (known?.path === pointer.path) return known.manifest;
    const manifest = await loadSnapshot({ objects: this.ports.objects, pointer });
    this.manifests.set(pin, { path: pointer.path, manifest });
    return manifest;
  }

  /** The changelog `[from, to)` on top of a manifest; grows with the position, begins anew with the next manifest. */
  private async tail(changelog: TaskChangelog, want: { base: string; from: number; to: number }): Promise<Tail> {
    let tail = this.tails.get(changelog.key);
    if (tail === undefined || tail.base !== want.base || tail.upTo > want.to) {
      tail = { base: want.base, rows: new SortedRows(), upTo: want.from, records: 0 };
      this.tails.set(changelog.key, tail);
    }
    if (tail.upTo < want.to) {
      tail.records += await replayChangelogs(this.ports.log, [
        { changelog, from: tail.upTo, to: want.to, store: asStored(changelog.store, tail.rows) },
      ]);
      tail.upTo = want.to;
    }
    return tail;
  }
}

/** Takes rows as the store does. */
function asStored({ valueSerde }: StoreSpec, rows: SortedRows): RowSink {
  return {
    /** @hotPath once per row of a tail */
    row(keyText, bytes, start, length, timestampMs) {
      rows.row(keyText, bytes, start, valueLengthOf(valueSerde, bytes, start, length), timestampMs);
    },
  };
}

function emptyStore({ store, partition, topic }: TaskChangelog): ManifestStore {
  return {
    name: store.name,
    partition,
    type: store.type,
    keySerde: store.keySerde.id,
    valueSerde: store.valueSerde.id,
    ...(store.windowSizeMs === undefined ? {} : { windowSizeMs: store.windowSizeMs }),
    ...(store.retentionMs === undefined ? {} : { retentionMs: store.retentionMs }),
    changelog: { topic, topicId: "", next: 0 },
    storeTimeMs: -1,
    segments: [],
  };
}
