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
  // Few times: much happens at one time, and between two.
  timestampMs: fc.oneof(fc.nat({ max: LAST_MS }), fc.nat({ max: 4 })),
});
const step = fc.oneof(
  { weight: 8, arbitrary: put.map((one) => ({ do: "put" as const, ...one })) },
  { weight: 2, arbitrary: fc.constant({ do: "seal" as const }) },
  { weight: 2, arbitrary: fc.constant({ do: "acknowledge" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "drop" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "snapshot" as const }) },
);

/** What a key had from one time until another; null: known to have had nothing. One that ends where it begins is a deletion alone. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: number | null;
}

/** A key as Kafka Streams keeps it: its newest version, and spans that end; nothing is ever forgotten. */
class KeyModel {
  private latest: { readonly fromMs: number; readonly value: number } | undefined;
  private spans: Span[] = [];

  put(value: number | null, timestampMs: number): number {
    const { latest } = this;
    if (latest !== undefined && timestampMs >= latest.fromMs) {
      if (timestampMs > latest.fromMs) this.spans.push({ ...latest, toMs: timestampMs });
      this.latest = value === null ? undefined : { fromMs: timestampMs, value };
      return PUT_IS_NEWEST;
    }
    const span = this.spans.find(({ fromMs, toMs }) => fromMs <= timestampMs && timestampMs < toMs);
    const later = [...this.spans.map(({ fromMs }) => fromMs), latest?.fromMs ?? -1].filter(
      (each) => each > timestampMs,
    );
    const toMs = span?.toMs ?? (later.length === 0 ? PUT_IS_NEWEST : Math.min(...later));
    this.spans = this.spans.flatMap((each) => (each !== span ? [each] : this.head(each, timestampMs)));
    if (toMs !== PUT_IS_NEWEST) this.spans.push({ fromMs: timestampMs, toMs, value });
    else if (value !== null) this.latest = { fromMs: timestampMs, value };
    else if (!this.spans.some((each) => each.toMs === timestampMs))
      this.spans.push({ fromMs: timestampMs, toMs: timestampMs, value });
    return toMs;
  }

  asOf(timeMs: number, isKept: boolean): readonly [unknown, number] | undefined {
    const { latest, spans } = this;
    if (latest !== undefined && latest.fromMs <= timeMs) return [latest.value, latest.fromMs];
    const span = isKept ? spans.find(({ fromMs, toMs }) => fromMs <= timeMs && timeMs < toMs) : undefined;
    return span === undefined || span.value === null ? undefined : [span.value, span.fromMs];
  }

  private head(span: Span, toMs: number): Span[] {
    return span.fromMs === toMs ? [] : [{ ...span, toMs }];
  }
}

class Model {
  timeMs = -1;
  private readonly keys = new Map(keys.map((key) => [key as string, new KeyModel()]));

  constructor(puts: readonly Put[]) {
    for (const one of puts) this.put(one);
  }

  put({ key, value, timestampMs }: Put): number {
    if (timestampMs < this.timeMs - HISTORY_MS) return PUT_DROPPED;
    this.timeMs = Math.max(this.timeMs, timestampMs);
    return this.keys.get(key)?.put(value, timestampMs) ?? PUT_DROPPED;
  }

  asOf(key: string, timeMs: number): readonly [unknown, number] | undefined {
    return this.keys.get(key)?.asOf(timeMs, timeMs >= this.timeMs - HISTORY_MS);
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
