import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { RowSink, StoreSpec } from "../../../lib/state/store.ts";
import { PUT_DROPPED, PUT_IS_NEWEST } from "../../../lib/state/store.ts";
import { VersionedKeyValueStore } from "../../../lib/state/versioned-key-value-store.ts";

const HISTORY_MS = 6;
const LAST_MS = 24;
const keys = ["a", "ab", "b"] as const;
const spec = {
  name: "versions",
  type: "versioned",
  keySerde: string(),
  valueSerde: json(),
  logged: true,
  historyRetentionMs: HISTORY_MS,
} as unknown as StoreSpec;

interface Put {
  readonly key: (typeof keys)[number];
  readonly value: number | null;
  readonly timestampMs: number;
}

const put: fc.Arbitrary<Put> = fc.record({
  key: fc.constantFrom(...keys),
  value: fc.option(fc.nat({ max: 99 }), { freq: 3 }),
  timestampMs: fc.nat({ max: LAST_MS }),
});
const step = fc.oneof(
  { weight: 8, arbitrary: put.map((one) => ({ do: "put" as const, ...one })) },
  { weight: 2, arbitrary: fc.constant({ do: "seal" as const }) },
  { weight: 2, arbitrary: fc.constant({ do: "acknowledge" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "drop" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "snapshot" as const }) },
);

/** Every version ever put that was not too late, and the largest time: nothing is ever forgotten. */
class Model {
  readonly versions = new Map<string, Map<number, number | null>>();
  timeMs = -1;

  constructor(puts: readonly Put[]) {
    for (const one of puts) this.put(one);
  }

  put({ key, value, timestampMs }: Put): number {
    if (timestampMs < this.timeMs - HISTORY_MS) return PUT_DROPPED;
    this.timeMs = Math.max(this.timeMs, timestampMs);
    const versions = this.versions.get(key) ?? new Map<number, number | null>();
    const before = versions.get(timestampMs) ?? null;
    this.versions.set(key, versions.set(timestampMs, value));
    const times = [...versions.keys()].sort((a, b) => b - a);
    // As Kafka Streams: what is deleted at its own time leaves no trace but the end of the version before it.
    const isUndone = value === null && before !== null && times[0] === timestampMs;
    if (isUndone && (versions.get(times[1] ?? -1) ?? null) === null) versions.delete(timestampMs);
    const newer = [...versions.keys()].filter((each) => each > timestampMs);
    return newer.length === 0 ? PUT_IS_NEWEST : Math.min(...newer);
  }

  asOf(key: string, timeMs: number): readonly [unknown, number] | undefined {
    const all = [...(this.versions.get(key) ?? [])].sort(([a], [b]) => b - a);
    const found = timeMs < this.timeMs - HISTORY_MS ? all[0] : all.find(([at]) => at <= timeMs);
    if (found === undefined || found[0] > timeMs || found[1] === null) return undefined;
    return [found[1], found[0]];
  }
}

type Row = readonly [keyText: string, bytes: Buffer | undefined, timestampMs: number];

class Rows implements RowSink {
  readonly rows: Row[] = [];

  row(keyText: string, bytes: Buffer, start: number, length: number, timestampMs: number): void {
    this.rows.push([keyText, length < 0 ? undefined : Buffer.from(bytes.subarray(start, start + length)), timestampMs]);
  }

  into(sink: RowSink): void {
    for (const [keyText, bytes, timestampMs] of this.rows) {
      sink.row(keyText, bytes ?? Buffer.alloc(0), 0, bytes?.length ?? -1, timestampMs);
    }
  }
}

function seen(store: VersionedKeyValueStore) {
  return keys.flatMap((key) =>
    Array.from({ length: LAST_MS + 2 }, (_, timeMs) => {
      const row = store.getAsOf(key, timeMs);
      return row && [row.value, row.timestampMs];
    }),
  );
}

function wanted(model: Model) {
  return keys.flatMap((key) => Array.from({ length: LAST_MS + 2 }, (_, timeMs) => model.asOf(key, timeMs)));
}

function open(): VersionedKeyValueStore {
  return new VersionedKeyValueStore(spec, { sink: new ByteSink(8) });
}

test("answers what was valid when, whatever is put, dropped, sealed or restored", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = open();
      const changelog = new Rows();
      const snapshots: Rows[] = [];
      let [committed, sealed, unsealed]: [Put[], Put[] | undefined, Put[]] = [[], undefined, []];
      let sealedRows = new Rows();
      for (const each of steps) {
        if (each.do === "put") {
          const model = new Model([...committed, ...(sealed ?? []), ...unsealed]);
          expect(store.put(each.key, each.value, each.timestampMs)).toBe(model.put(each));
          unsealed.push(each);
        } else if (each.do === "seal" && sealed === undefined) {
          sealedRows = new Rows();
          store.seal(sealedRows);
          expect(sealedRows.rows.length, "every put is logged").toBe(unsealed.length);
          [sealed, unsealed] = [unsealed, []];
        } else if (each.do === "acknowledge" && sealed !== undefined) {
          store.acknowledge();
          changelog.rows.push(...sealedRows.rows);
          [committed, sealed] = [[...committed, ...sealed], undefined];
        } else if (each.do === "drop") {
          store.drop();
          [sealed, unsealed] = [undefined, []];
        } else if (each.do === "snapshot") {
          const rows = new Rows();
          store.freeze(snapshots.length === 0 ? "all" : "changed").writeTo(rows);
          snapshots.push(rows);
        }
        expect(seen(store)).toEqual(wanted(new Model([...committed, ...(sealed ?? []), ...unsealed])));
      }
      store.drop();
      const replayed = open();
      changelog.into(replayed);
      expect(seen(replayed), "from the changelog").toEqual(wanted(new Model(committed)));
      const last = new Rows();
      store.freeze(snapshots.length === 0 ? "all" : "changed").writeTo(last);
      const restored = open();
      restored.storeTimeMs = store.storeTimeMs;
      for (const rows of [...snapshots, last]) rows.into(restored.snapshotRows);
      expect(seen(restored), "from snapshots").toEqual(wanted(new Model(committed)));
      expect(restored.storeTimeMs).toBe(new Model(committed).timeMs);
    }),
    { numRuns: 300 },
  );
});
