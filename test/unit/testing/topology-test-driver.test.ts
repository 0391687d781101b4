import { describe, expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";

const text = { key: string(), value: string() };

function drive(define: (builder: StreamsBuilder) => void): TopologyTestDriver {
  return new TopologyTestDriver(defineApp({ id: "app" }, define));
}

function counting(builder: StreamsBuilder): void {
  builder
    .stream("in", text)
    .groupBy((_key, value) => value, text)
    .count({ store: "s" })
    .toStream()
    .to("out");
}

test("runs a record through repartition topics and stores before it returns", () => {
  const driver = drive(counting);
  const input = driver.createInputTopic<string, string>("in");
  const output = driver.createOutputTopic<string, number>("out");
  input.pipeInput("A", "x", { timestampMs: 7 });
  input.pipeInput("B", "x", { timestampMs: 5 });
  expect(output.readRecords()).toEqual([
    { key: "x", value: 1, timestampMs: 7, headers: [] },
    { key: "x", value: 2, timestampMs: 7, headers: [] },
  ]);
  expect(driver.keyValueRows("s")).toEqual([{ key: "x", value: 2, timestampMs: 7 }]);
});

test("hands out each output record once, and null for a deletion", () => {
  const driver = drive((builder) => builder.table("in", text).toStream().to("out"));
  const output = driver.createOutputTopic<string, string>("out");
  expect([output.isEmpty, output.readRecord()]).toEqual([true, undefined]);
  driver.createInputTopic<string, string>("in").pipeInput("A", null, { timestampMs: 3 });
  expect(output.isEmpty).toBe(false);
  expect(output.readRecord()).toEqual({ key: "A", value: null, timestampMs: 3, headers: [] });
  expect([output.isEmpty, output.readRecords()]).toEqual([true, []]);
});

test("a record without a timestamp has that of the record before on its topic", () => {
  const driver = drive((builder) => builder.stream("in", text).to("out"));
  const input = driver.createInputTopic<string, string>("in");
  input.pipeInput("A", "x");
  input.pipeInput("A", "x", { timestampMs: 9 });
  input.pipeInput("A", "x");
  const times = driver.createOutputTopic("out").readRecords();
  expect(times.map(({ timestampMs }) => timestampMs)).toEqual([0, 9, 9]);
});

test("headers go along", () => {
  const driver = drive((builder) => builder.stream("in", text).to("out"));
  const headers = [{ key: "n", value: Buffer.from("1") }];
  driver.createInputTopic<string, string>("in").pipeInput(null, "x", { headers });
  expect(driver.createOutputTopic("out").readRecord()).toMatchObject({ key: null, headers });
});

test("a record that fails is skipped and undone, and the next one is processed", () => {
  const driver = drive((builder) => {
    const counts = builder.stream("in", text).groupByKey().count({ store: "s" }).toStream();
    counts.to("out");
    counts.filter((_key, count) => {
      if (count === 2) throw new Error("no twos");
      return true;
    });
  });
  const input = driver.createInputTopic<string, string>("in");
  input.pipeInput("A", "x");
  expect(() => input.pipeInput("A", "x")).toThrow(expect.objectContaining({ code: "PROCESSING_FAILED" }));
  expect(driver.keyValueRows("s")).toEqual([{ key: "A", value: 1, timestampMs: 0 }]);
  input.pipeInput("B", "x");
  const values = driver.createOutputTopic("out").readRecords();
  expect(values.map(({ key, value }) => [key, value])).toEqual([
    ["A", 1],
    ["B", 1],
  ]);
});

test("bytes that no serde can read fail as they would in production", () => {
  const driver = drive((builder) => {
    builder
      .stream("in", { key: string(), value: int64() })
      .filter((_key, value) => value > 0)
      .to("out");
  });
  const input = driver.createInputTopic("in");
  expect(() => input.pipeBytes(null, Buffer.from("no"))).toThrow(
    expect.objectContaining({ code: "DESERIALIZATION_FAILED" }),
  );
});

test("shows window stores, and internal topics in bytes", () => {
  const driver = drive((builder) => {
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(timeWindows({ size: 10, grace: 0 }))
      .count({ store: "s" });
  });
  driver.createInputTopic<string, string>("in").pipeInput("A", "x", { timestampMs: 12 });
  expect(driver.windowRows("s")).toEqual([{ key: "A", windowStartMs: 10, value: 1, timestampMs: 12 }]);
  expect(driver.records("app-s-changelog").map(({ key }) => key?.toString("hex"))).toEqual([
    "41000000000000000a00000000",
  ]);
});

test("a store without a changelog writes none", () => {
  const driver = drive((builder) => {
    builder.stream("in", text).groupByKey().count({ store: "s", logged: false });
  });
  driver.createInputTopic<string, string>("in").pipeInput("A", "x");
  expect(driver.keyValueRows("s")).toHaveLength(1);
  expect(driver.records("app-s-changelog")).toEqual([]);
});

describe("a restart", () => {
  test("keeps what is stored and forgets what is in variables", async () => {
    const driver = drive((builder) => {
      const counts = Stores.keyValue("counts", { key: string(), value: int64() });
      builder
        .stream("in", text)
        .process(
          (context: ProcessorContext<string, string>) => {
            const store = context.getStateStore(counts);
            let seen = 0;
            return {
              process: (record) => {
                const count = (store.get(record.key) ?? 0) + 1;
                store.put(record.key, count);
                context.forward(record.withValue(`${count} stored, ${++seen} seen`));
              },
            };
          },
          { stores: [counts] },
        )
        .to("out", text);
    });
    const input = driver.createInputTopic<string, string>("in");
    const output = driver.createOutputTopic<string, string>("out");
    input.pipeInput("A", "x");
    await driver.takeSnapshot();
    input.pipeInput("A", "x");
    await driver.restart();
    input.pipeInput("A", "x");
    await driver.restart();
    input.pipeInput("A", "x");
    const values = output.readRecords().map(({ value }) => value);
    expect(values).toEqual(["1 stored, 1 seen", "2 stored, 2 seen", "3 stored, 1 seen", "4 stored, 1 seen"]);
  });

  test("finds no row where a topic that is a changelog says null in its own way", async () => {
    const driver = new TopologyTestDriver(
      defineApp({ id: "app", topologyOptimization: "reuse.ktable.source.topics" }, (builder) => {
        const names = builder.table("names", { key: string(), value: json(), store: "names" });
        const joined = builder.stream("in", text).join(names, (value, name) => `${name}: ${value}`);
        joined.to("out", text);
      }),
    );
    driver.createInputTopic("names").pipeBytes(Buffer.from("A"), Buffer.from("null"));
    const input = driver.createInputTopic<string, string>("in");
    input.pipeInput("A", "before");
    await driver.restart();
    input.pipeInput("A", "after");
    expect(driver.createOutputTopic("out").readRecords()).toEqual([]);
    expect(driver.keyValueRows("names")).toEqual([]);
  });

  test("empties stores without a changelog, and reads global tables anew", async () => {
    const driver = drive((builder) => {
      const names = builder.globalTable("names", { ...text, store: "names" });
      const joined = builder.stream("in", text).join(
        names,
        (key) => key,
        (value, name) => `${name}: ${value}`,
      );
      joined.groupByKey(text).count({ store: "s", logged: false }).toStream().to("out");
    });
    driver.createInputTopic<string, string>("names").pipeInput("A", "Ada");
    const input = driver.createInputTopic<string, string>("in");
    input.pipeInput("A", "x");
    await driver.takeSnapshot();
    await driver.restart();
    expect(driver.keyValueRows("s")).toEqual([]);
    expect(driver.keyValueRows("names")).toEqual([{ key: "A", value: "Ada", timestampMs: 0 }]);
    input.pipeInput("A", "x");
    const values = driver.createOutputTopic("out").readRecords();
    expect(values.map(({ value }) => value)).toEqual([1, 1]);
  });
});

test("a topic or a store that is not there is named", () => {
  const driver = drive(counting);
  expect(() => driver.createInputTopic("out")).toThrow("the application does not read topic out");
  expect(() => driver.createOutputTopic("in")).toThrow("the application does not write topic in");
  expect(() => driver.keyValueRows("t")).toThrow(expect.objectContaining({ code: "STORE_UNKNOWN" }));
  expect(() => driver.windowRows("s")).toThrow(expect.objectContaining({ code: "STORE_UNKNOWN" }));
});

test("topics of a pattern are those that the test names", () => {
  const app = defineApp({ id: "app" }, (builder) => builder.stream(/in-.*/, text).to("out"));
  const driver = new TopologyTestDriver(app, { topics: ["in-a", "in-b", "other"] });
  driver.createInputTopic<string, string>("in-a").pipeInput("A", "x", { timestampMs: 1 });
  driver.createInputTopic<string, string>("in-b").pipeInput("B", "y", { timestampMs: 2 });
  const rows = driver.createOutputTopic<string, string>("out").readRecords();
  expect(rows.map(({ key, value }) => [key, value])).toEqual([
    ["A", "x"],
    ["B", "y"],
  ]);
  expect(() => driver.createInputTopic("other")).toThrow("does not read topic other");
  expect(() => new TopologyTestDriver(app)).toThrow("no topic matches /in-.*/");
});
