/**
 * The state of a pin between memory, snapshot and changelog.
 *
 * Owns: which part of a restore comes from the snapshot and which from the changelog; what of each store goes into the next
 * snapshot. Does not own: formats and the order of a publication (`snapshot/`), when it happens (`pin-running.ts`).
 *
 * Invariants
 * - A snapshot is derived: without it everything comes from the changelog, and the next one is written whole.
 * - I4 what is frozen is the committed layer, together with the position that it belongs to, in one synchronous step.
 * - I5 a restore ends at the position's changelog ends, and asserts that nothing committed lies beyond.
 */
import type { TaskChangelog } from "../application/plan.ts";
import { encodePosition, type Position } from "../application/position.ts";
import { StreamError } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { LeaseRow } from "../ports/lease-table.ts";
import { decideRestore, decideStore } from "../snapshot/decide.ts";
import { type EncodedSnapshot, encodeSnapshot, type PublishedStore, type StoreChange } from "../snapshot/encode.ts";
import { loadSnapshot } from "../snapshot/load.ts";
import { isCorrupt } from "../snapshot/manifest.ts";
import { type PublishOutcome, publishSnapshot } from "../snapshot/publish.ts";
import { restoreStores } from "../snapshot/restore.ts";
import { type Manifest, storeKey } from "../snapshot/types.ts";
import type { TaskStore } from "../state/store.ts";
import type { CallSurroundings } from "./ahead-calls.ts";
import type { PinCore, PinEnvironment } from "./pin-acquire.ts";
import type { PinEffect, PinEvent } from "./pin-state.ts";
import { assertNothingBeyond, type ReplayRange, replayChangelogs } from "./replay.ts";
import { SOURCE_DELETE_RETENTION_MS, sourceStarts } from "./source-changelog.ts";
import { Task } from "./task.ts";

interface LoggedStore {
  readonly store: TaskStore;
  readonly changelog: TaskChangelog;
  readonly key: PartitionKey;
}

type RestoreEffect = Extract<PinEffect, { kind: "restore" }>;
type PublishEffect = Extract<PinEffect, { kind: "publish" }>;
type Published = Extract<PublishOutcome, { kind: "published" }>;

/** What is ready to be published. */
interface Built {
  readonly snapshot: EncodedSnapshot;
  readonly stores: readonly PublishedStore[];
  /** Stores were written in full because changes were lost before. */
  readonly afterFailure: boolean;
  readonly startedAtMs: number;
  /** Newest one that it covers. */
  readonly transaction: number;
}

/** Snapshots of one pin. */
export class PinSnapshots {
  private readonly environment: PinEnvironment;
  private readonly inside: PinCore;
  /** The manifest that the lease row pointed to when we last looked or published. */
  private manifest: Manifest | undefined;
  /** What a delta would be based on is not what the last manifest holds: only whole stores may be written next. */
  private lostChanges = false;
  /** Number of the last publication or restore: an earlier publication that ends late changes nothing here. */
  private attempt = 0;

  constructor(environment: PinEnvironment, inside: PinCore) {
    this.environment = environment;
    this.inside = inside;
  }

  /**
   * Builds the tasks at a position: snapshot first, then the changelog's tail. A snapshot that is gone or damaged costs time, not
   * data: the changelog has everything.
   */
  async restore(effect: RestoreEffect): Promise<{ tasks: Task[]; tailRecords: number }> {
    const { position, row } = effect;
    this.attempt++; // a publication that still runs is of other stores
    if (position === undefined && row.pointer !== undefined) throw positionsLost(this.environment, row);
    try {
      return await this.restoreWith(await this.load(row), effect);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.tellLost(row, error);
      return await this.restoreWith(undefined, effect);
    }
  }

  private async load({ pointer }: LeaseRow): Promise<Manifest | undefined> {
    return pointer && (await loadSnapshot({ objects: this.environment.ports.objects, pointer }));
  }

  private tellLost({ pin, pointer }: LeaseRow, error: unknown): void {
    const { ports, worker } = this.environment;
    ports.logger.error("snapshot-lost", { pin, worker, path: pointer?.path ?? "", error: String(error) });
  }

  private async restoreWith(
    manifest: Manifest | undefined,
    effect: RestoreEffect,
  ): Promise<{ tasks: Task[]; tailRecords: number }> {
    const { position, row } = effect;
    const { ports, globals, limits } = this.environment;
    this.manifest = manifest;
    this.lostChanges = false;
    const calls: CallSurroundings = { sleep: (ms, signal) => ports.clock.sleep(ms, signal), wake: this.inside.wake };
    const surroundings = {
      collector: this.inside.collector,
      nowMs: () => ports.clock.nowMs(),
      globals,
      calls,
      maxIdleMs: limits.maxTaskIdleMs,
    };
    const tasks = this.inside.plan.tasks.map((plan) => new Task(plan, position, surroundings));
    const stores = loggedStores(tasks);
    const from = await this.fromSnapshot(stores, { position, row });
    const firsts = await sourceStarts(
      ports.log,
      stores.map(({ changelog }) => changelog),
    );
    const ranges = stores.map(
      ({ store, changelog, key }): ReplayRange => ({
        changelog,
        from: from.get(key) ?? firsts.get(changelog.key) ?? 0,
        to: position?.changelogs[changelog.key] ?? 0,
        store,
      }),
    );
    const tailRecords = await replayChangelogs(ports.log, ranges);
    const own = ranges.filter(({ changelog }) => !changelog.isSource);
    await assertNothingBeyond(
      ports.log,
      own.map(({ changelog, to }) => ({ changelog, end: to, logEnd: this.inside.ends.get(changelog.key) ?? 0 })),
    );
    if (position !== undefined) for (const task of tasks) task.resetStoreTimes(position);
    return { tasks, tailRecords };
  }

  /** Loads what may be used of the snapshot. @returns where each store's tail begins */
  private async fromSnapshot(
    stores: readonly LoggedStore[],
    at: { position: Position | undefined; row: LeaseRow },
  ): Promise<ReadonlyMap<PartitionKey, number>> {
    const { manifest } = this;
    const { ports, app, limits } = this.environment;
    if (manifest === undefined || stores.length === 0) return new Map();
    const starts = await ports.log.offsets(
      stores.map(({ changelog }) => changelog),
      "earliest",
    );
    const from = new Map<PartitionKey, number>();
    const wanted = new Map<PartitionKey, TaskStore>();
    for (const { store, changelog, key } of stores) {
      const decision = decideRestore({
        declared: {
          name: store.spec.name,
          partition: changelog.partition,
          type: store.spec.type,
          keySerde: store.spec.keySerde.id,
          valueSerde: store.spec.valueSerde.id,
        },
        stored: manifest.stores[key],
        publishedAtMs: at.row.pointer?.publishedAtMs ?? 0,
        nowMs: ports.clock.nowMs(),
        changelog: {
          topicId: app.topics.get(changelog.topic)?.topicId ?? "",
          start: starts.get(changelog.key) ?? 0,
          end: at.position?.changelogs[changelog.key] ?? 0,
          deleteRetentionMs: changelog.isSource ? SOURCE_DELETE_RETENTION_MS : limits.deleteRetentionMs,
          isSource: changelog.isSource,
        },
      });
      if (decision.kind === "stop") throw decision.error;
      from.set(key, decision.from);
      if (decision.kind === "use") wanted.set(key, store);
      // A rebuilt store must not go on top of its old segments: deleted keys, whose tombstones are purged, would return.
      else this.lostChanges = true;
    }
    await restoreStores({ manifest, stores: wanted, objects: ports.objects, yieldNow: () => ports.clock.sleep(0) });
    return from;
  }

  /** Publishes the committed state. The answer's transaction is the one that the manifest covers. */
  async publish(effect: PublishEffect): Promise<PinEvent> {
    const { worker, encodingTurns, ports } = this.environment;
    const { clock } = ports;
    const attempt = ++this.attempt;
    await this.catchUp(effect.row);
    const built = await encodingTurns.run(async () => (attempt === this.attempt ? this.build(effect) : undefined));
    if (built === undefined) return { kind: "publish-failed", nowMs: clock.monotonicMs() };
    const outcome = await publishSnapshot(ports, worker, built.snapshot);
    const nowMs = clock.monotonicMs();
    if (outcome.kind === "moved") return { kind: "pointer-moved", row: outcome.row, worker };
    if (attempt === this.attempt) {
      this.manifest = outcome.manifest;
      this.lostChanges = false;
    }
    this.tell(effect, { outcome, built, tookMs: nowMs - built.startedAtMs });
    return { kind: "published", row: outcome.row, transaction: built.transaction, nowMs };
  }

  /** The pointer is not the one that we know: what was changed since it is not known either. */
  private async catchUp(row: LeaseRow): Promise<void> {
    if (row.pointer === undefined || row.version === this.manifest?.version) return;
    const { attempt } = this;
    const manifest = await this.load(row).catch((error: unknown) => {
      if (!isCorrupt(error)) throw error;
      return undefined; // it is lost, and what comes next does not need it
    });
    if (attempt !== this.attempt) return;
    this.manifest = manifest;
    this.lostChanges = true;
  }

  /** Freezes and encodes. */
  private async build({ row, reason }: PublishEffect): Promise<Built> {
    const { ports, app } = this.environment;
    const startedAtMs = ports.clock.monotonicMs();
    const committed = this.inside.committed() as Position;
    const stores = this.freeze(committed);
    const afterFailure = this.lostChanges;
    this.lostChanges = true; // until the pointer has moved
    const request = {
      applicationId: app.applicationId,
      generation: app.generation,
      pin: row.pin,
      epoch: row.epoch,
      seenVersion: row.version,
      writer: ports.random.uuid(),
      reason,
      position: encodePosition(committed).toString("utf8"),
      nowMs: ports.clock.nowMs(),
      previous: this.manifest,
      stores,
    };
    try {
      const snapshot = await encodeSnapshot(request, { yieldNow: () => ports.clock.sleep(0) });
      return { snapshot, stores, afterFailure, startedAtMs, transaction: committed.transaction };
    } catch (error) {
      for (const { change } of stores) if (change.kind !== "keep") change.rows.discard();
      throw error;
    }
  }

  private tell({ row, reason }: PublishEffect, done: { outcome: Published; built: Built; tookMs: number }): void {
    const { stores, afterFailure } = done.built;
    const { pointer, manifest } = done.outcome;
    const kinds = stores.map(({ change }) => change.kind);
    this.environment.ports.logger.info("snapshot-published", {
      pin: row.pin,
      worker: this.environment.worker,
      epoch: row.epoch,
      version: pointer.version,
      reason,
      full: kinds.filter((kind) => kind === "full").length,
      delta: kinds.filter((kind) => kind === "delta").length,
      rows: newSegments(manifest).reduce((sum, segment) => sum + segment.rows, 0),
      sizeBytes: pointer.manifestOffset + pointer.manifestLength,
      tookMs: Math.round(done.tookMs * 10) / 10,
      afterFailure,
    });
  }

  /** Synchronous: stores and position belong together. */
  private freeze(committed: Position): PublishedStore[] {
    const { app, snapshot } = this.environment;
    return loggedStores(this.inside.tasks()).map(({ store, changelog, key }) => {
      const decision = decideStore(
        {
          previous: this.manifest?.stores[key],
          changedCount: store.changedCount,
          sizeBytes: store.sizeBytes,
          lostChanges: this.lostChanges,
        },
        snapshot,
      );
      const storeTimeMs = committed.storeTimes[storeTimeKey(this.inside.tasks(), store)] ?? -1;
      const change: StoreChange =
        decision.kind === "keep"
          ? decision
          : { kind: decision.kind, rows: store.freeze(decision.kind === "full" ? "all" : "changed") };
      return {
        spec: store.spec,
        partition: changelog.partition,
        changelog: {
          topic: changelog.topic,
          topicId: app.topics.get(changelog.topic)?.topicId ?? "",
          next: committed.changelogs[changelog.key] ?? 0,
        },
        storeTimeMs,
        expiredUpToMs: store.expiredAt(storeTimeMs),
        change,
      };
    });
  }
}

function loggedStores(tasks: readonly Task[]): LoggedStore[] {
  return tasks.flatMap((task) =>
    task.plan.changelogs.map((changelog): LoggedStore => {
      const store = task.stores.find(({ spec }) => spec.name === changelog.store.name) as TaskStore;
      return { store, changelog, key: storeKey(changelog.store.name, changelog.partition) };
    }),
  );
}

function storeTimeKey(tasks: readonly Task[], store: TaskStore): string {
  const task = tasks.find(({ stores }) => stores.includes(store));
  return `${task?.plan.id}/${store.spec.name}`;
}

function newSegments(manifest: Manifest) {
  return Object.values(manifest.stores).flatMap(({ segments }) =>
    segments.filter(({ path }) => path.includes(manifest.writer)),
  );
}

function positionsLost({ app }: PinEnvironment, row: LeaseRow): StreamError {
  return new StreamError(
    "POSITIONS_LOST",
    `pin ${row.pin} has a snapshot but no position in ${app.positionsTopic}: the topic was deleted or emptied; restore it, or run "millrace reset" to begin anew`,
    { details: { pin: row.pin, topic: app.positionsTopic } },
  );
}
