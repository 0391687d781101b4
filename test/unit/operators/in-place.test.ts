import { describe, expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { sessionWindows, slidingWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import type { FixedKeyProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";

const text = { key: string(), value: string() };

interface Count {
  n: number;
}

const none = (): Count => ({ n: 0 });
const add = (_key: unknown, _value: unknown, count: Count): Count => {
  count.n++;
  return count;
};
const kept = { value: json<Count>() };

const grouped = (builder: StreamsBuilder) => builder.stream("in", text).groupByKey();

/** Aggregations that change their aggregate in place, as streams of results under the record's key. */
const aggregations: Readonly<Record<string, (builder: StreamsBuilder) => KStream<string, Count>>> = {
  aggregate: (builder) => grouped(builder).aggregate(none, add, kept).toStream(),
  reduce: (builder) =>
    builder
      .stream("in", text)
      .mapValues((): Count => ({ n: 1 }))
      .groupByKey({ ...text, value: json<Count>() })
      .reduce((count) => add("", "", count), kept)
      .toStream(),
  "time windows": (builder) =>
    grouped(builder)
      .windowedBy(timeWindows({ size: 100, grace: 0 }))
      .aggregate(none, add, kept)
      .toStream()
      .selectKey(({ key }) => key),
  "sliding windows": (builder) =>
    grouped(builder)
      .windowedBy(slidingWindows({ timeDifference: 100, grace: 0 }))
      .aggregate(none, add, kept)
      .toStream()
      .selectKey(({ key }) => key),
  sessions: (builder) =>
    grouped(builder)
      .windowedBy(sessionWindows({ gap: 100, grace: 0 }))
      .aggregate(none, add, {
        ...kept,
        merger: (_key, _first, second) => second,
      })
      .toStream()
      .selectKey(({ key }) => key)
      .filter((_key, count) => count !== null),
  "a grouped table": (builder) =>
    builder
      .table("in", text)
      .groupBy((_key, value) => ["A", value], text)
      .aggregate(none, add, { ...kept, subtractor: (_key, _value, count) => count })
      .toStream(),
};

describe("what an aggregation forwarded stays as it was, though the next record changes the aggregate in place:", () => {
  test.for(Object.entries(aggregations))("%s", ([, results]) => {
    const driver = new TopologyTestDriver(
      defineApp({ id: "app" }, (builder) => {
        results(builder)
          .filter((_key, { n }) => n === 1)
          .groupByKey({ key: string(), value: json<Count>() })
          .reduce((_before, count) => count, { ...kept, store: "first" });
      }),
    );
    const input = driver.createInputTopic<string, string>("in");
    for (const key of ["A", "B", "C"]) {
      // Keys of the table that is grouped; of streams all are A.
      input.pipeInput(results === aggregations["a grouped table"] ? key : "A", "x", { timestampMs: 10 });
    }
    expect(driver.keyValueRows("first")).toMatchObject([{ key: "A", value: { n: 1 } }]);
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

test("what a processor forwards and has put stays as it was, though it changes the row in place", () => {
  const counts = Stores.keyValue("counts", { key: string(), ...kept });
  const driver = new TopologyTestDriver(
    defineApp({ id: "app" }, (builder) => {
      builder
        .stream("in", text)
        .processValues(
          (context: FixedKeyProcessorContext<string, Count>) => {
            const store = context.getStateStore(counts);
            return {
              process: (record) => {
                const count = add("", "", store.get(record.key) ?? none());
                store.put(record.key, count);
                context.forward(record.withValue(count));
              },
            };
          },
          { stores: [counts] },
        )
        .filter((_key, { n }) => n === 2)
        .toTable({ ...kept, store: "second" });
    }),
  );
  const input = driver.createInputTopic<string, string>("in");
  for (let n = 0; n < 4; n++) input.pipeInput("A", "x");
  expect(driver.keyValueRows("second")).toMatchObject([{ value: { n: 2 } }]);
  expect(driver.keyValueRows("counts")).toMatchObject([{ value: { n: 4 } }]);
});
