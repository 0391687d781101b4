import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryLeaseTable } from "../../../lib/adapters/memory/lease-table.ts";
import { createMemoryObjectStore } from "../../../lib/adapters/memory/object-store.ts";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { bytes } from "../../../lib/serde/bytes.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { decideStore, defaultSnapshotConfig } from "../../../lib/snapshot/decide.ts";
import { encodeSnapshot, type StoreChange } from "../../../lib/snapshot/encode.ts";
import { loadSnapshot } from "../../../lib/snapshot/load.ts";
import { publishSnapshot } from "../../../lib/snapshot/publish.ts";
import { restoreStores } from "../../../lib/snapshot/restore.ts";
import { SegmentCache } from "../../../lib/snapshot/segment-cache.ts";
import { readSegment } from "../../../lib/snapshot/segment-reader.ts";
import { SegmentWriter } from "../../../lib/snapshot/segment-writer.ts";
import type { Manifest } from "../../../lib/snapshot/types.ts";
import { openSnapshotView } from "../../../lib/snapshot/view.ts";
import { createTaskStore } from "../../../lib/state/create-task-store.ts";
import type { StoreRow, StoreSpec, TaskStore } from "../../../lib/state/store.ts";
import { propertyRuns } from "../../support/property-runs.ts";
import { accessTo } from "../state/store-access.ts";
import { type ModelRow, RowCollector, StoreModel } from "../state/store-model.ts";

const latin1 = fc.uint8Array({ maxLength: 6 }).map((key) => Buffer.from(key).latin1Slice());
const value = fc.option(
  fc.uint8Array({ maxLength: 40 }).map((body) => Buffer.from(body)),
  { freq: 4 },
);
const timestamp = fc.integer({ min: -1, max: 2 ** 50 });

test("any sorted rows read back from a segment as they were written", () => {
  const row = fc.tuple(latin1, value, timestamp);
  fc.assert(
    fc.property(fc.uniqueArray(row, { selector: ([key]) => key, maxLength: 200 }), fc.boolean(), (rows, packed) => {
      const sorted = rows.sort(([a], [b]) => (a < b ? -1 : 1));
      const writer = new SegmentWriter({ compression: packed ? "deflate-raw" : "none" });
      for (const [key, body, at] of sorted) writer.row(key, body ?? Buffer.alloc(0), 0, body?.length ?? -1, at);
      const read: unknown[] = [];
      readSegment(Buffer.concat(writer.finish().parts), {
        row: (key, raw, start, length, at) => {
          read.push([key, length < 0 ? null : Buffer.from(raw.subarray(start, start + length)), at]);
        },
      });
      expect(read).toEqual(sorted);
    }),
    { numRuns: propertyRuns(300) },
  );
});

const specs: readonly StoreSpec[] = [
  {
    name: "counts",
    type: "timestampedKeyValue",
    keySerde: bytes() as Serde<unknown>,
    valueSerde: bytes() as Serde<unknown>,
    logged: true,
  },
  {
    name: "windows",
    type: "timestampedWindow",
    keySerde: bytes() as Serde<unknown>,
    valueSerde: bytes() as Serde<unknown>,
    logged: true,
    retentionMs: 8,
  },
  {
    name: "sessions",
    type: "session",
    keySerde: bytes() as Serde<unknown>,
    valueSerde: bytes() as Serde<unknown>,
    logged: true,
    retentionMs: 8,
  },
];
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      key: fc.constantFrom("", "a", "ab", "\u00ff"),
      start: fc.nat({ max: 24 }),
      value,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("commit" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("abort" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("publish" as const, "fail to publish" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("take over" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A pin with one store that lives through commits, aborts, snapshots and takeovers. */
class Life {
  private readonly spec: StoreSpec;
  private readonly objects = createMemoryObjectStore();
  private readonly leases = createMemoryLeaseTable();
  private store: TaskStore;
  private manifest: Manifest | undefined;
  private lostChanges = false;
  /** The committed changelog. */
  private readonly log: (readonly [string, ModelRow])[] = [];
  private committedTimeMs = -1;
  private attempts = 0;
  private epoch = 1;
  private clockMs = 0;

  constructor(spec: StoreSpec) {
    this.spec = spec;
    this.store = createTaskStore(spec, { sink: new ByteSink() });
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.leases.claim(0, "w1");
    for (const one of steps) await this.apply(one);
    this.store.drop();
    await this.publish();
    await this.takeOver();
  }

  private async apply(one: Step): Promise<void> {
    if (one.do === "put") this.put(one);
    else if (one.do === "commit") this.commit();
    else if (one.do === "abort") this.store.drop();
    else if (one.do === "publish") await this.publish();
    else if (one.do === "take over") await this.takeOver();
    else this.lostChanges = this.freeze().lost;
  }

  private put({ key, start, value: body }: Extract<Step, { do: "put" }>): void {
    accessTo(this.store).put(`${key}|${this.spec.retentionMs === undefined ? 0 : start}`, body, this.clockMs++);
  }

  private commit(): void {
    const records = new RowCollector();
    this.store.seal(records);
    this.store.acknowledge();
    this.log.push(...records.rows);
    this.committedTimeMs = this.store.storeTimeMs;
  }

  /** Freezes by the decision; `lost` tells what becomes of it when nothing is published. */
  private freeze(): { change: StoreChange; lost: boolean } {
    const facts = {
      previous: this.manifest?.stores[`${this.spec.name}:0`],
      changedCount: this.store.changedCount,
      sizeBytes: this.store.sizeBytes,
      lostChanges: this.lostChanges,
    };
    const { kind } = decideStore(facts, { ...defaultSnapshotConfig, smallStoreBytes: 0, maxDeltas: 3 });
    if (kind === "keep") return { change: { kind }, lost: this.lostChanges };
    return { change: { kind, rows: this.store.freeze(kind === "full" ? "all" : "changed") }, lost: true };
  }

  private async publish(): Promise<void> {
    const storeTimeMs = this.committedTimeMs;
    const { change } = this.freeze();
    const snapshot = await encodeSnapshot(
      {
        applicationId: "app",
        generation: 1,
        pin: 0,
        epoch: this.epoch,
        seenVersion: this.manifest?.version ?? 0,
        writer: `a${this.attempts++}`,
        reason: "age",
        position: "{}",
        nowMs: 0,
        previous: this.manifest,
        stores: [
          {
            spec: this.spec,
            partition: 0,
            changelog: { topic: "t", topicId: "0", next: this.log.length },
            storeTimeMs,
            expiredUpToMs: this.store.expiredAt(storeTimeMs),
            change,
          },
        ],
      },
      { yieldNow: async () => {} },
    );
    const ports = { objects: this.objects, leases: this.leases };
    const outcome = await publishSnapshot(ports, `w${this.epoch}`, snapshot);
    if (outcome.kind !== "published") return expect.fail("not published");
    this.manifest = outcome.manifest;
    this.lostChanges = false;
    await this.checkView();
  }

  /** I4: what the manifest holds is the fold of the committed changelog below its `next`. */
  private async checkView(): Promise<void> {
    const view = openSnapshotView({
      manifest: this.manifest as Manifest,
      objects: this.objects,
      cache: new SegmentCache(1e6),
    });
    const rows = await view.store(this.spec.name, 0)?.range(undefined, undefined);
    const got = rows?.map((row): [string, ModelRow] => [
      row.keyText,
      {
        value: row.bytes.toString("utf8", row.valueStart, row.valueStart + row.valueLength),
        timestampMs: row.timestampMs,
      },
    ]);
    expect(got).toEqual(this.fold());
  }

  private async takeOver(): Promise<void> {
    await this.leases.release(0, { worker: `w${this.epoch}`, epoch: this.epoch, asleep: false });
    const claim = await this.leases.claim(0, `w${++this.epoch}`);
    this.store = createTaskStore(this.spec, { sink: new ByteSink() });
    this.lostChanges = false;
    const { pointer } = claim.row;
    this.manifest = pointer === undefined ? undefined : await loadSnapshot({ objects: this.objects, pointer });
    const key = `${this.spec.name}:0` as const;
    if (this.manifest !== undefined) {
      await restoreStores({ manifest: this.manifest, stores: new Map([[key, this.store]]), objects: this.objects });
    }
    for (const [keyText, row] of this.log.slice(this.manifest?.stores[key]?.changelog.next ?? 0)) {
      const body = Buffer.from(row.value ?? "", "utf8");
      this.store.row(keyText, body, 0, row.value === undefined ? -1 : body.length, row.timestampMs);
    }
    this.store.storeTimeMs = this.committedTimeMs;
    expect(this.visible()).toEqual(this.fold());
  }

  /** What is in the store, read without a freeze: the next snapshot goes on with a delta. */
  private visible(): (readonly [string, ModelRow])[] {
    const text = ({ value: body, timestampMs }: StoreRow): ModelRow => ({
      value: Buffer.from(body as Uint8Array).toString("utf8"),
      timestampMs,
    });
    const model = new StoreModel(this.spec);
    return [...accessTo(this.store).rows()]
      .map(([key, row]): [string, ModelRow] => [model.changelogKey(key), text(row)])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  private fold(): (readonly [string, ModelRow])[] {
    const model = createTaskStore(this.spec, { sink: new ByteSink() });
    const rows = new Map<string, ModelRow>();
    for (const [keyText, row] of this.log) rows.set(keyText, row);
    for (const [keyText, { value: body, timestampMs }] of rows) {
      if (body !== undefined) model.row(keyText, Buffer.from(body), 0, Buffer.byteLength(body), timestampMs);
    }
    model.storeTimeMs = this.committedTimeMs;
    const got = new RowCollector();
    model.freeze("all").writeTo(got);
    return got.rows;
  }
}

test.for(specs)(
  "every manifest of a $type store is the fold of its changelog, and a takeover continues from it",
  async (spec) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50, size: "max" }), (steps) => new Life(spec).run(steps)),
      { numRuns: propertyRuns(200) },
    );
  },
);
