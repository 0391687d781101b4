import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { createTaskStore } from "../../../lib/state/create-task-store.ts";
import type { FrozenRows, StoreRow, StoreSpec, TaskStore } from "../../../lib/state/store.ts";
import { propertyRuns } from "../../support/property-runs.ts";
import { accessTo, type StoreAccess } from "./store-access.ts";
import { type ModelKey, type ModelRow, RowCollector, StoreModel } from "./store-model.ts";

/** Values are objects, so that a caller can change them in place. */
type Value = { n: number; pad: string };

const RETENTION_MS = 4;
/** Long enough for buckets of 3 ms. */
const LONG_RETENTION_MS = 384;
const specs: readonly StoreSpec[] = [
  { name: "counts", type: "timestampedKeyValue", keySerde: string(), valueSerde: json(), logged: true },
  { name: "subscriptions", type: "fkSubscriptions", keySerde: string(), valueSerde: json(), logged: true },
  { name: "held", type: "suppressBuffer", keySerde: string(), valueSerde: json(), logged: true },
  { name: "waiting", type: "timeOrderedBuffer", keySerde: string(), valueSerde: json(), logged: true },
  {
    name: "windows",
    type: "timestampedWindow",
    keySerde: string(),
    valueSerde: json(),
    logged: true,
    windowSizeMs: 1,
    retentionMs: RETENTION_MS,
  },
  {
    name: "sessions",
    type: "session",
    keySerde: string(),
    valueSerde: json(),
    logged: true,
    retentionMs: RETENTION_MS,
  },
  {
    name: "sessions in buckets",
    type: "session",
    keySerde: string(),
    valueSerde: json(),
    logged: true,
    retentionMs: LONG_RETENTION_MS,
  },
] as never;

const key = fc.constantFrom("", "a", "ab", "a\u0000", "b", "\u00ff", "\u00ff\u0001");
const start = fc.nat({ max: 12 });
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("put" as const), key, start, n: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("putLarge" as const), key, start, n: fc.nat({ max: 9 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("changeInPlace" as const), key, start }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), key, start }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("changeWithoutPutAndDrop" as const), key, start }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("seal" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("acknowledge" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("freezeAll" as const, "freezeChanged" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("writeSlice" as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** A store, its model, and everything that was promised about them. */
class Run {
  readonly model: StoreModel;
  readonly store: TaskStore;
  /** Changelog records of acknowledged layers, in order. */
  readonly log: (readonly [string, ModelRow])[] = [];
  readonly frozen: {
    rows: FrozenRows;
    want: readonly (readonly [string, ModelRow])[];
    got: RowCollector;
    done: boolean;
  }[] = [];
  private readonly spec: StoreSpec;
  private readonly access: StoreAccess;
  private sealedRecords: (readonly [string, ModelRow])[] = [];
  private clockMs = 100;

  constructor(spec: StoreSpec) {
    this.spec = spec;
    this.model = new StoreModel(spec);
    this.store = createTaskStore(spec, { sink: new ByteSink(8) });
    this.access = accessTo(this.store);
  }

  apply(step: Operation): void {
    switch (step.do) {
      case "put":
        this.put(this.key(step), { n: step.n, pad: "" });
        break;
      case "putLarge":
        this.put(this.key(step), { n: step.n, pad: "x".repeat(2_000 * step.n) });
        break;
      case "changeInPlace":
        this.changeInPlace(this.key(step));
        break;
      case "delete":
        this.put(this.key(step), undefined);
        break;
      case "changeWithoutPutAndDrop": {
        const row = this.get(this.key(step));
        if (row !== undefined) (row.value as Value).n = 1_000;
        this.drop();
        break;
      }
      case "seal":
        this.seal();
        break;
      case "acknowledge":
        this.acknowledge();
        break;
      case "drop":
        this.drop();
        break;
      case "freezeAll":
        this.freeze("all");
        break;
      case "freezeChanged":
        this.freeze("changed");
        break;
      case "writeSlice":
        for (const one of this.frozen) this.writeSlice(one);
        break;
    }
  }

  check(): void {
    const want = this.model.visible();
    expect(new Map(visibleRows(this.access))).toEqual(want);
    for (const modelKey of want.keys()) {
      const row = this.get(modelKey as ModelKey);
      expect({ value: JSON.stringify(row?.value), timestampMs: row?.timestampMs }).toEqual(want.get(modelKey));
    }
    const committed = [...this.model.committed];
    expect(this.store.rowCount).toBe(committed.length);
    const bytes = committed.map(
      ([modelKey, row]) => this.model.changelogKey(modelKey as ModelKey).length + (row.value?.length ?? 0),
    );
    expect(this.store.sizeBytes).toBe(bytes.reduce((sum, size) => sum + size, 0));
    expect(this.store.changedCount).toBe(this.model.changedCount);
    expect(this.store.storeTimeMs).toBe(this.model.storeTimeMs);
  }

  finish(): void {
    for (const one of this.frozen) {
      while (!one.done) this.writeSlice(one);
      expect(one.got.rows).toEqual(one.want);
    }
    this.drop();
    const restored = createTaskStore(this.spec, { sink: new ByteSink() });
    for (const [keyText, { value, timestampMs }] of this.log) {
      const bytes = Buffer.from(`..${value ?? ""}`);
      restored.row(keyText, bytes, 2, value === undefined ? -1 : bytes.length - 2, timestampMs);
    }
    restored.storeTimeMs = this.model.committedTimeMs;
    expect(new Map(visibleRows(accessTo(restored)))).toEqual(this.model.visible());
    // Which expired rows wait for the rest of their bucket depends on when they came.
    if (this.model.bucketMs > 1) return;
    const got = new RowCollector();
    restored.freeze("all").writeTo(got);
    expect(got.rows).toEqual(this.model.byChangelogKey(this.model.committed));
    expect(restored.sizeBytes).toBe(this.store.sizeBytes);
  }

  private key(step: { key: string; start: number }): ModelKey {
    return `${step.key}|${this.timeMs(step.start)}`;
  }

  /** With long retention seven neighbours, and six times at which these expire one after the other. */
  private timeMs(start: number): number {
    const { retentionMs } = this.spec;
    if (retentionMs === undefined) return 0;
    if (retentionMs === RETENTION_MS) return start;
    return start < 7 ? 60 + start : retentionMs + 53 + start;
  }

  private get(modelKey: ModelKey): StoreRow | undefined {
    return this.access.get(modelKey);
  }

  private put(modelKey: ModelKey, value: Value | undefined): void {
    const timestampMs = this.clockMs++;
    this.access.put(modelKey, value, timestampMs);
    this.model.put(modelKey, { value: value === undefined ? undefined : JSON.stringify(value), timestampMs });
  }

  private changeInPlace(modelKey: ModelKey): void {
    const value = this.get(modelKey)?.value as Value | undefined;
    if (value === undefined) return;
    value.n++;
    this.put(modelKey, value);
  }

  private seal(): void {
    if (this.model.sealedWaiting) return;
    const got = new RowCollector();
    this.store.seal(got);
    const { replacedCount } = this.model;
    const want = this.model.seal();
    const late = this.model.takeLate();
    const kept = got.rows.slice(0, got.rows.length - late.length);
    expect(new Map(kept)).toEqual(new Map(this.model.byChangelogKey(want)));
    expect(kept.length).toBe(want.size + replacedCount);
    expect(got.rows.slice(kept.length)).toEqual(late);
    this.sealedRecords = got.rows;
  }

  private acknowledge(): void {
    this.store.acknowledge();
    this.model.acknowledge();
    this.log.push(...this.sealedRecords.splice(0));
  }

  private drop(): void {
    this.store.drop();
    this.model.drop();
    this.sealedRecords = [];
  }

  private freeze(which: "all" | "changed"): void {
    const want = this.model.freeze(which);
    const rows = this.store.freeze(which);
    expect(rows.count).toBe(want.length);
    this.frozen.push({ rows, want, got: new RowCollector(), done: false });
  }

  private writeSlice(one: Run["frozen"][number]): void {
    if (!one.done) one.done = !one.rows.writeSlice(one.got, 30);
  }
}

function* visibleRows(access: StoreAccess): Generator<readonly [string, ModelRow]> {
  const seen = ({ value, timestampMs }: StoreRow): ModelRow => ({ value: JSON.stringify(value), timestampMs });
  for (const [modelKey, row] of access.rows()) yield [modelKey, seen(row)];
}

describe.for(specs)("a $type store of $name", (spec) => {
  test("is the naive model: reads, changelog, drops, frozen views, restore from its changelog", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60, size: "max" }), (steps) => {
        const run = new Run(spec);
        for (const step of steps) {
          run.apply(step);
          run.check();
        }
        run.finish();
      }),
      { numRuns: propertyRuns(500) },
    );
  });
});
