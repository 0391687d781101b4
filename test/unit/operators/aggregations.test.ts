import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KGroupedStream } from "../../../lib/dsl/grouped-stream.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };

function table<V>(
  fold: (group: KGroupedStream<string, string>) => KTable<string, V>,
): (builder: StreamsBuilder) => void {
  return (builder) => fold(builder.stream("in", text).groupByKey()).toStream().to("out");
}

const concat = table((group) =>
  group.aggregate(
    () => "0",
    (k, v, a) => (v === "gone" ? null : a + k + v),
    { store: "s", value: string() },
  ),
);
const longest = table((group) => group.reduce((a, v) => (v === "gone" ? null : `${a},${v}`), { store: "s" }));

const rows: readonly (OperatorRow & { readonly store: readonly (readonly unknown[])[] })[] = [
  {
    name: "count emits every update with the largest timestamp of the key",
    topology: table((group) => group.count({ store: "s" })),
    input: [
      ["A", "x", 5],
      ["B", "x", 6],
      ["A", "y", 3],
      ["A", "z", 9],
    ],
    output: [
      ["A", 1, 5],
      ["B", 1, 6],
      ["A", 2, 5],
      ["A", 3, 9],
    ],
    store: [
      ["A", 3, 9],
      ["B", 1, 6],
    ],
  },
  {
    name: "count drops null keys and null values",
    topology: table((group) => group.count({ store: "s" })),
    input: [
      [null, "x", 5],
      ["A", null, 6],
      [null, null, 7],
      ["A", "x", 8],
    ],
    output: [["A", 1, 8]],
    drops: ["null-key", "null-value", "null-key"],
    store: [["A", 1, 8]],
  },
  {
    name: "aggregate starts from the initializer and emits unchanged results too",
    topology: table((group) =>
      group.aggregate(
        () => 7,
        (_k, _v, a) => a,
        { store: "s", value: int64() },
      ),
    ),
    input: [
      ["A", "x", 5],
      ["A", "x", 4],
    ],
    output: [
      ["A", 7, 5],
      ["A", 7, 5],
    ],
    store: [["A", 7, 5]],
  },
  {
    name: "aggregate forgets row and timestamp on a null result, also when there was no row",
    topology: concat,
    input: [
      ["A", "gone", 9],
      ["A", "x", 8],
      ["A", "gone", 3],
      ["A", "y", 2],
    ],
    output: [
      ["A", null, 9],
      ["A", "0Ax", 8],
      ["A", null, 8],
      ["A", "0Ay", 2],
    ],
    store: [["A", "0Ay", 2]],
  },
  {
    name: "aggregate drops null keys and null values",
    topology: concat,
    input: [
      [null, "x", 5],
      ["A", null, 6],
    ],
    output: [],
    drops: ["null-key", "null-value"],
    store: [],
  },
  {
    name: "reduce takes the first value as it is, whatever the reducer would say",
    topology: longest,
    input: [
      ["A", "gone", 5],
      ["A", "x", 4],
    ],
    output: [
      ["A", "gone", 5],
      ["A", "gone,x", 5],
    ],
    store: [["A", "gone,x", 5]],
  },
  {
    name: "reduce deletes on a null result and starts anew",
    topology: longest,
    input: [
      ["A", "x", 5],
      ["A", "gone", 6],
      ["A", "y", 1],
    ],
    output: [
      ["A", "x", 5],
      ["A", null, 6],
      ["A", "y", 1],
    ],
    store: [["A", "y", 1]],
  },
  {
    name: "reduce drops null keys and null values",
    topology: longest,
    input: [
      [null, "x", 5],
      ["A", null, 6],
    ],
    output: [],
    drops: ["null-key", "null-value"],
    store: [],
  },
];

test.for(rows)("$name", ({ topology, input, output, drops = [], store }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual(drops);
  expect(host.rows("s")).toEqual(store);
});

test("the first result of a count has the old value 0, so a filter below that accepts 0 emits a tombstone", () => {
  const host = run({
    topology: table((group) => group.count().filter((_k, n) => n % 2 === 0)),
    input: [
      ["A", "x", 1],
      ["A", "x", 2],
      ["A", "x", 3],
      ["A", "x", 4],
    ],
  });
  expect(host.outputs.map(plain)).toEqual([
    ["A", null, 1],
    ["A", 2, 2],
    ["A", null, 3],
    ["A", 4, 4],
  ]);
});

test("the first result of a reduce has no old value", () => {
  const host = run({
    topology: table((group) => group.reduce((a, v) => a + v).filter((_k, v) => v !== "x")),
    input: [
      ["A", "x", 1],
      ["A", "y", 2],
    ],
  });
  expect(host.outputs.map(plain)).toEqual([["A", "xy", 2]]);
});

test("groupBy sends records through a repartition topic and drops null keys there", () => {
  const host = run({
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupBy((_k, v) => (v === "none" ? null : v), text)
        .count({ store: "s" })
        .toStream()
        .to("out"),
    input: [
      ["A", "x", 5],
      ["B", "none", 6],
      [null, "x", 7],
    ],
  });
  expect(host.outputs.map(plain)).toEqual([
    ["x", 1, 5],
    ["x", 2, 7],
  ]);
  expect(host.topology.nodes.map((node) => node.name)).toContain("s-repartition-source");
});

test("an aggregate that the user changes in place is right in results and store", () => {
  const host = run({
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .aggregate(
          () => ({ seen: [] as string[] }),
          (_k, v, a) => {
            a.seen.push(v);
            return a;
          },
          {
            store: "s",
            value: { parse: (input) => input as { seen: string[] } },
          },
        )
        .toStream()
        .to("out"),
    input: [
      ["A", "x", 1],
      ["A", "y", 2],
    ],
  });
  expect(host.outputs.map(plain)).toEqual([
    ["A", { seen: ["x"] }, 1],
    ["A", { seen: ["x", "y"] }, 2],
  ]);
});

test("an aggregation tells which row a source record reads", () => {
  const host = new TopologyHost(table((group) => group.count({ store: "s" })));
  expect(host.graph("in").touches("in", "A", 5)).toEqual([{ store: "s", from: "A", to: "A" }]);
});

test("an aggregation whose key bytes differ from the source's tells nothing", () => {
  const host = new TopologyHost((builder) => {
    builder
      .stream<string, string>("in", text)
      .groupByKey({ key: { ...string(), id: "other" } })
      .count({ store: "s" });
  });
  expect(host.graph("in").touches("in", "A", 5)).toEqual([]);
});

test("the JSON text null is a null value, decoded or not", () => {
  const host = new TopologyHost((builder) => {
    const all = builder.stream("in", { key: string(), value: json<number>() });
    all.groupByKey().count({ store: "s" });
    all.to("same");
    all.filter((_key, value) => value === null).to("decoded");
  });
  const record = { key: Buffer.from("A"), value: Buffer.from("null"), timestampMs: 1, headers: [] };
  expect(host.pipeBytes("in", record).map(({ topic, value }) => [topic, value])).toEqual([
    ["same", null],
    ["decoded", null],
  ]);
  expect([host.rows("s"), reasons(host)]).toEqual([[], ["null-value"]]);
});
