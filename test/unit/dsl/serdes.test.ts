import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { SinkNode, Topology } from "../../../lib/topology/node.ts";

const text = { key: string(), value: string() };

function build(define: (stream: KStream<string, string>, builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder();
  define(builder.stream("in", text), builder);
  return builder.build();
}

function sinkSerdes(define: (stream: KStream<string, string>) => void): readonly string[] {
  const sink = build(define).nodes.find((node): node is SinkNode => node.kind === "sink");
  return [sink?.keySerde.id ?? "", sink?.valueSerde.id ?? ""];
}

const flows: readonly { name: string; define: (stream: KStream<string, string>) => void; ids: readonly string[] }[] = [
  {
    name: "filter and peek keep both",
    define: (s) =>
      s
        .filter(() => true)
        .peek(() => {})
        .to("out"),
    ids: ["string", "string"],
  },
  {
    name: "selectKey keeps the value's",
    define: (s) => s.selectKey(() => 1).to("out", { key: int64() }),
    ids: ["int64", "string"],
  },
  {
    name: "mapValues keeps the key's",
    define: (s) => s.mapValues(() => 1).to("out", { value: int64() }),
    ids: ["string", "int64"],
  },
  {
    name: "a count has int64 values",
    define: (s) => s.groupByKey().count().toStream().to("out"),
    ids: ["string", "int64"],
  },
  {
    name: "a reduce has the stream's values",
    define: (s) =>
      s
        .groupByKey()
        .reduce((a) => a)
        .toStream()
        .to("out"),
    ids: ["string", "string"],
  },
  {
    name: "a windowed table has windowed keys",
    define: (s) =>
      s
        .groupByKey()
        .windowedBy(timeWindows({ size: "1s", grace: 0 }))
        .count()
        .toStream()
        .to("out"),
    ids: ["time-windowed(string,1000)", "int64"],
  },
  {
    name: "merge keeps what both streams have",
    define: (s) => s.merge(s.filter(() => true)).to("out"),
    ids: ["string", "string"],
  },
  { name: "a schema is JSON", define: (s) => s.to("out", { value: { parse: String } }), ids: ["string", "json"] },
];

test.for(flows)("$name", ({ define, ids }) => {
  expect(sinkSerdes(define)).toEqual(ids);
});

test("a store has the serdes of its keys and aggregates", () => {
  const topology = build((stream) => {
    stream.groupBy((_key, value) => value.length, { key: int64() }).count({ store: "s" });
  });
  expect(topology.stores.get("s")).toMatchObject({
    keySerde: { id: "int64" },
    valueSerde: { id: "int64" },
    logged: true,
  });
});

test("a window store is kept for size plus grace, or longer when asked", () => {
  const retention = (options: { retention?: "1h" }): number | undefined => {
    const windows = timeWindows({ size: "1s", grace: "2s" });
    return build((s) =>
      s
        .groupByKey()
        .windowedBy(windows)
        .count({ store: "s", ...options }),
    ).stores.get("s")?.retentionMs;
  };
  expect([retention({}), retention({ retention: "1h" })]).toEqual([3_000, 3_600_000]);
});

test("a retention that would hide open windows is refused", () => {
  const windows = timeWindows({ size: "1s", grace: "2s" });
  expect(() => build((s) => s.groupByKey().windowedBy(windows).count({ retention: "2s" }))).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", details: { retentionMs: 2_000, atLeastMs: 3_000 } }),
  );
});

test.for<[{ size: number; advance?: number }]>([
  [{ size: 0 }],
  [{ size: 10, advance: 0 }],
  [{ size: 10, advance: 11 }],
])("windows of %j are refused", ([sizes]) => {
  expect(() => timeWindows({ ...sizes, grace: 0 })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

const missing: readonly { name: string; define: (stream: KStream<string, string>) => void; says: string }[] = [
  {
    name: "a key serde for a sink",
    define: (s) => s.map((k, v) => [v, k]).to("out"),
    says: 'KSTREAM-SINK-0000000002 needs a key serde, and KSTREAM-MAP-0000000001 changed the key: pass to("out", { key })',
  },
  {
    name: "a value serde for a sink",
    define: (s) =>
      s
        .mapValues((v) => v.length)
        .filter(() => true)
        .to("out"),
    says: 'KSTREAM-SINK-0000000003 needs a value serde, and KSTREAM-MAPVALUES-0000000001 changed the value: pass to("out", { value })',
  },
  {
    name: "a key serde for a group",
    define: (s) =>
      s
        .selectKey((_k, v) => v)
        .groupByKey()
        .count({ store: "s" }),
    says: "KSTREAM-AGGREGATE-0000000002 needs a key serde, and KSTREAM-KEY-SELECT-0000000001 changed the key: pass groupByKey({ key })",
  },
  {
    name: "a value serde for a repartition topic",
    define: (s) =>
      s
        .mapValues((v) => v.length)
        .groupBy((_k, v) => v, { key: int64() })
        .count({ store: "s" }),
    says: "s-repartition-sink needs a value serde, and KSTREAM-MAPVALUES-0000000001 changed the value: pass groupBy({ value })",
  },
  {
    name: "a value serde for a reduce",
    define: (s) =>
      s
        .mapValues((v) => v.length)
        .groupByKey()
        .reduce((a, b) => a + b),
    says: "KSTREAM-REDUCE-0000000003 needs a value serde, and KSTREAM-MAPVALUES-0000000001 changed the value: pass groupByKey({ value })",
  },
  {
    name: "a value serde for a kept mapper",
    define: (s) => s.groupByKey().count().mapValues(String, { store: "m" }),
    says: "KTABLE-MAPVALUES-0000000003 needs a value serde, and KTABLE-MAPVALUES-0000000003 changed the value: pass { store, value }",
  },
];

test.for(missing)("$name that is missing is named, with the fix", ({ define, says }) => {
  expect(() => build(define)).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID", message: `TOPOLOGY_INVALID: ${says}` }),
  );
});

test("streams of two builders do not merge", () => {
  const other = new StreamsBuilder().stream("other", text);
  expect(() => build((stream) => stream.merge(other))).toThrow(expect.objectContaining({ code: "TOPOLOGY_INVALID" }));
});
