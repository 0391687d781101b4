import { describe, expect, test } from "vitest";
import { type AppSettings, defineApp } from "../../../lib/dsl/app.ts";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { sessionWindows, slidingWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import type { FixedKeyProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { KeyValueStore } from "../../../lib/state/typed/key-value-store.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import { logAndContinue } from "../../../lib/topology/exception-handler.ts";

const text = { key: string(), value: string() };

interface Count {
  n: number;
}

const none = (): Count => ({ n: 0 });
const add = (_key: unknown, _value: unknown, count: Count): Count => {
  count.n++;
  return count;
};
/** Makes new objects long enough to be taken for a function that does, and then changes what it is given. */
const addLate = (_key: unknown, _value: unknown, count: Count): Count =>
  count.n < LATE ? { n: count.n + 1 } : add("", "", count);
const LATE = 70;
const kept = { value: json<Count>() };

const grouped = (builder: StreamsBuilder) => builder.stream("in", text).groupByKey();

interface Kept {
  readonly adder: typeof add;
  /** Which result a table keeps: the very object. */
  readonly nth: number;
}

function keep<K>(results: KStream<K, Count>, { nth }: Kept): void {
  results.filter((_key, count) => count !== null && count.n === nth).toTable({ ...kept, store: "kept" });
}

/** Aggregations of which a result is kept. */
const aggregations: Readonly<Record<string, (builder: StreamsBuilder, how: Kept) => void>> = {
  aggregate: (builder, how) => keep(grouped(builder).aggregate(none, how.adder, kept).toStream(), how),
  reduce: (builder, how) =>
    keep(
      builder
        .stream("in", text)
        .mapValues((): Count => ({ n: 1 }))
        .groupByKey({ ...text, value: json<Count>() })
        .reduce((count) => how.adder("", "", count), kept)
        .toStream(),
      how,
    ),
  "time windows": (builder, how) =>
    keep(
      grouped(builder)
        .windowedBy(timeWindows({ size: 100, grace: 0 }))
        .aggregate(none, how.adder, kept)
        .toStream(),
      how,
    ),
  "sliding windows": (builder, how) =>
    keep(
      grouped(builder)
        .windowedBy(slidingWindows({ timeDifference: 100, grace: 0 }))
        .aggregate(none, how.adder, kept)
        .toStream(),
      how,
    ),
  sessions: (builder, how) =>
    keep(
      grouped(builder)
        .windowedBy(sessionWindows({ gap: 100, grace: 0 }))
        .aggregate(none, how.adder, {
          ...kept,
          merger: (_key, _first, second) => (how.adder === addLate && second.n < LATE ? { ...second } : second),
        })
        .toStream(),
      how,
    ),
  "a grouped table": (builder, how) =>
    keep(
      builder
        .table("in", text)
        .groupBy((_key, value) => ["A", value], text)
        .aggregate(none, how.adder, { ...kept, subtractor: (_key, _value, count) => count })
        .toStream(),
      how,
    ),
};

describe("what an aggregation forwarded stays as it was, though the next record changes the aggregate in place:", () => {
  /** Keeps a result, and adds two more. */
  function keptOf(name: string, how: Kept, settings: Omit<AppSettings, "id"> = {}): readonly unknown[] {
    const driver = new TopologyTestDriver(
      defineApp({ id: "app", ...settings }, (builder) => aggregations[name]?.(builder, how)),
    );
    const input = driver.createInputTopic<string, string>("in");
    for (let n = 0; n < how.nth + 2; n++) {
      // Keys of the table that is grouped; of streams all are A.
      input.pipeInput(name === "a grouped table" && n > 0 ? `A${n}` : "A", "x", { timestampMs: 10 });
    }
    return driver.keyValueRows("kept").map(({ value }) => value);
  }

  test.for(Object.keys(aggregations))("%s", (name) => {
    expect(keptOf(name, { adder: add, nth: 1 })).toEqual([{ n: 1 }]);
  });

  test.for(Object.keys(aggregations))("%s, which made new objects for long", (name) => {
    expect(keptOf(name, { adder: addLate, nth: LATE })).toEqual([{ n: LATE }]);
  });

  test.for(Object.keys(aggregations))("%s, which did, where nodes may fail", (name) => {
    const settings = { processingExceptionHandler: logAndContinue() };
    expect(keptOf(name, { adder: addLate, nth: LATE }, settings)).toEqual([{ n: LATE }]);
  });
});

test("tables below subtract what was there, not what it has become", () => {
  const driver = new TopologyTestDriver(
    defineApp({ id: "app" }, (builder) => {
      grouped(builder)
        .aggregate(none, add, { ...kept, store: "counts" })
        .groupBy((_key, { n }) => ["all", n], { key: string(), value: int64() })
        .reduce(
          (sum, n) => sum + n,
          (sum, n) => sum - n,
          { store: "sum" },
        );
    }),
  );
  const input = driver.createInputTopic<string, string>("in");
  for (let n = 0; n < 3; n++) input.pipeInput("A", "x");
  expect(driver.keyValueRows("sum")).toMatchObject([{ key: "all", value: 3 }]);
});

test.for([0, 1_000_000])(
  "tables below subtract what was there, with record caches of %d bytes",
  (statestoreCacheMaxBytes) => {
    const driver = new TopologyTestDriver(
      defineApp({ id: "app", statestoreCacheMaxBytes }, (builder) => {
        grouped(builder)
          .aggregate(none, addLate, { ...kept, store: "counts" })
          .groupBy((_key, { n }) => ["all", n], { key: string(), value: int64() })
          .reduce(
            (sum, n) => sum + n,
            (sum, n) => sum - n,
            { store: "sum" },
          );
      }),
    );
    const input = driver.createInputTopic<string, string>("in");
    for (let n = 0; n < LATE + 5; n++) input.pipeInput("A", "x");
    expect(driver.keyValueRows("sum")).toMatchObject([{ key: "all", value: LATE + 5 }]);
  },
);

test("an adder that changes the list that it is given is not taken for its subtractor, which makes new ones", () => {
  const driver = new TopologyTestDriver(
    defineApp({ id: "app" }, (builder) => {
      builder
        .table("in", text)
        .groupBy((_key, value) => ["all", value], text)
        .aggregate(
          () => [] as string[],
          (_key, value, list) => {
            list.push(value);
            return list;
          },
          {
            store: "lists",
            value: json<string[]>(),
            subtractor: (_key, value, list) => list.filter((each) => each !== value),
          },
        )
        .groupBy((_key, list) => ["sizes", list.length], { key: string(), value: int64() })
        .reduce(
          (sum, n) => sum + n,
          (sum, n) => sum - n,
          { store: "sum" },
        );
    }),
  );
  const input = driver.createInputTopic<string, string | null>("in");
  input.pipeInput("A", "a");
  input.pipeInput("A", null);
  for (const key of ["B", "C", "D", "E"]) input.pipeInput(key, key);
  input.pipeInput("C", "c");
  expect(driver.keyValueRows("lists")).toMatchObject([{ value: ["B", "D", "E", "c"] }]);
  expect(driver.keyValueRows("sum")).toMatchObject([{ value: 4 }]);
});

test("a window that emits when it closes is not copied for every record", () => {
  let reads = 0;
  const value: typeof kept.value = {
    ...kept.value,
    read: (...at) => {
      reads++;
      return kept.value.read(...at);
    },
  };
  const driver = new TopologyTestDriver(
    defineApp({ id: "app" }, (builder) => {
      grouped(builder)
        .windowedBy(timeWindows({ size: 100, grace: 0 }))
        .emitStrategy("onWindowClose")
        .aggregate(none, add, { value, store: "counts" });
    }),
  );
  const input = driver.createInputTopic<string, string>("in");
  for (let n = 0; n < 5; n++) input.pipeInput("A", "x", { timestampMs: n });
  expect(reads).toBe(0);
  expect(driver.windowRows("counts")).toMatchObject([{ value: { n: 5 } }]);
});

/** Rows of a processor's store, and of a table that keeps what it forwards with count `nth`, after some records of one key. */
function processed(
  { records, nth }: { readonly records: number; readonly nth: number },
  next: (store: KeyValueStore<string, Count>, key: string) => Count,
) {
  const counts = Stores.keyValue("counts", { key: string(), ...kept });
  const driver = new TopologyTestDriver(
    defineApp({ id: "app" }, (builder) => {
      const results = builder.stream("in", text).processValues(
        (context: FixedKeyProcessorContext<string, Count>) => {
          const store = context.getStateStore(counts);
          return { process: (record) => context.forward(record.withValue(next(store, record.key))) };
        },
        { stores: [counts] },
      );
      keep(results, { adder: add, nth });
    }),
  );
  const input = driver.createInputTopic<string, string>("in");
  for (let n = 0; n < records; n++) input.pipeInput("A", "x");
  return { kept: driver.keyValueRows("kept"), counts: driver.keyValueRows("counts") };
}

test("what a processor forwards and has put stays as it was, though it changes the row in place", () => {
  const rows = processed({ records: 4, nth: 2 }, (store, key) => {
    const count = add("", "", store.get(key) ?? none());
    store.put(key, count);
    return count;
  });
  expect(rows.kept).toMatchObject([{ value: { n: 2 } }]);
  expect(rows.counts).toMatchObject([{ value: { n: 4 } }]);
});

test("rows of two keys that a processor reads before it puts them are both its own", () => {
  const rows = processed({ records: 5, nth: 8 }, (store) => {
    const from = store.get("from") ?? { n: 10 };
    const to = store.get("to") ?? none();
    from.n--;
    to.n++;
    store.put("from", from);
    store.put("to", to);
    return from;
  });
  expect(rows.kept).toMatchObject([{ value: { n: 8 } }]);
  expect(rows.counts).toMatchObject([{ value: { n: 5 } }, { value: { n: 5 } }]);
});
