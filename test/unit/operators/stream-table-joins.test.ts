import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { timeWindowed } from "../../../lib/serde/windowed.ts";
import { partitionCounts } from "../../../lib/topology/copartition.ts";
import { topicsOf } from "../../../lib/topology/routing.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { In, Out } from "./rows.ts";
import { plain, reasons } from "./rows.ts";

const text = { key: string(), value: string() };
const plus = (left: string, right: string | null): string => `${left}+${right}`;

type Join = (stream: KStream<string, string>, table: KTable<string, string>) => KStream<string, string>;

function host(join: Join): TopologyHost {
  return new TopologyHost((builder) => join(builder.stream("in", text), builder.table("rows", text)).to("out", text));
}

function pipe(to: TopologyHost, inputs: readonly (readonly [topic: string, ...record: In])[]): void {
  for (const [topic, key, value, timestampMs] of inputs) to.pipe(topic, { key, value, timestampMs });
}

const inputs = [
  ["in", "A", "early", 1],
  ["rows", "A", "x", 9],
  ["in", "A", "a", 5],
  ["rows", "A", null, 6],
  ["in", "A", "b", 7],
  ["in", "A", null, 8],
  ["in", null, "c", 9],
] as const;

const rows: readonly {
  readonly name: string;
  readonly join: Join;
  readonly output: readonly Out[];
  readonly drops: readonly string[];
}[] = [
  {
    name: "an inner join keeps the record's key and time and drops what has no row",
    join: (stream, table) => stream.join(table, plus),
    output: [["A", "a+x", 5]],
    drops: ["null-value", "null-key"],
  },
  {
    name: "a left join joins with null what has no row or no key",
    join: (stream, table) => stream.leftJoin(table, plus),
    output: [
      ["A", "early+null", 1],
      ["A", "a+x", 5],
      ["A", "b+null", 7],
      [null, "c+null", 9],
    ],
    drops: ["null-value"],
  },
  {
    name: "a joiner with three parameters gets the key",
    join: (stream, table) => stream.join(table, (left, right, key) => `${key}:${left}+${right}`),
    output: [["A", "A:a+x", 5]],
    drops: ["null-value", "null-key"],
  },
  {
    name: "a derived table without a store is computed when it is read",
    join: (stream, table) =>
      stream.leftJoin(
        table.mapValues((v, k) => k + v).filter((k, v) => v !== `${k}y`),
        plus,
      ),
    output: [
      ["A", "early+null", 1],
      ["A", "a+Ax", 5],
      ["A", "b+null", 7],
      [null, "c+null", 9],
    ],
    drops: ["null-value"],
  },
  {
    name: "a derived table with a store is read there",
    join: (stream, table) =>
      stream.join(
        table.mapValues((v) => v + v, { store: "twice", value: string() }),
        plus,
      ),
    output: [["A", "a+xx", 5]],
    drops: ["null-value", "null-key"],
  },
  {
    name: "a stream with another key goes through a repartition topic; records without a key stay out of an inner join",
    join: (stream, table) => stream.selectKey((key) => key).join(table, plus, text),
    output: [["A", "a+x", 5]],
    drops: ["null-value"],
  },
  {
    name: "and they go through for a left join",
    join: (stream, table) => stream.selectKey((key) => key).leftJoin(table, plus, text),
    output: [
      ["A", "early+null", 1],
      ["A", "a+x", 5],
      ["A", "b+null", 7],
      [null, "c+null", 9],
    ],
    drops: ["null-value"],
  },
];

test.for(rows)("$name", ({ join, output, drops }) => {
  const joined = host(join);
  pipe(joined, inputs);
  expect(joined.outputs.map(plain)).toEqual(output);
  expect(reasons(joined)).toEqual(drops);
});

test("a joiner without the key does not decode it, a record without a row decodes nothing", () => {
  const decoded: string[] = [];
  const watched = (part: string): Serde<string> => ({
    ...string(),
    read: (bytes, start, end) => {
      decoded.push(part);
      return string().read(bytes, start, end);
    },
  });
  const key = watched("key");
  const joined = new TopologyHost((builder) =>
    builder
      .stream("in", { key, value: watched("value") })
      .join(builder.table("rows", { key, value: string() }), plus)
      .to("out", text),
  );
  pipe(joined, [["in", "A", "a", 1]]);
  expect(decoded).toEqual([]);
  pipe(joined, [
    ["rows", "A", "x", 2],
    ["in", "A", "a", 3],
  ]);
  expect(decoded).toEqual(["value", "key"]);
});

test("a table of windows is read by windowed keys", () => {
  const key = timeWindowed(string(), 10);
  const joined = new TopologyHost((builder) => {
    const counts = builder
      .stream("rows", text)
      .groupByKey()
      .windowedBy(timeWindows({ size: 10, grace: 0 }))
      .count();
    builder
      .stream("in", { key, value: string() })
      .leftJoin(counts, (left, count) => `${left}+${count}`)
      .to("out", { key, value: string() });
  });
  pipe(joined, [
    ["rows", "A", "x", 12],
    ["rows", "A", "y", 13],
    ["in", { key: "A", window: { startMs: 10, endMs: 20 } }, "a", 1],
    ["in", { key: "A", window: { startMs: 0, endMs: 10 } }, "b", 2],
  ]);
  expect(joined.outputs.map(({ value }) => value)).toEqual(["a+2", "b+null"]);
});

test("two joins of one stream share its repartition topic, which then lets null keys through", () => {
  const joined = host((stream, table) => {
    const rekeyed = stream.selectKey((key) => key);
    return rekeyed.join(table, plus, text).merge(rekeyed.leftJoin(table, plus, text));
  });
  const sinks = joined.topology.nodes.flatMap((node) =>
    node.kind === "sink" ? topicsOf(node).map(({ name }) => name) : [],
  );
  expect(sinks).toEqual(["KSTREAM-KEY-SELECT-0000000004-repartition", "out"]);
  pipe(joined, [["in", null, "c", 9]]);
  expect(joined.outputs.map(plain)).toEqual([[null, "c+null", 9]]);
});

test("two streams cannot be repartitioned under one name", () => {
  expect(() =>
    host((stream, table) => {
      const named = { ...text, name: "same" };
      const first = stream.selectKey((key) => key).join(table, plus, named);
      return first.selectKey((key) => key).join(table, plus, named);
    }),
  ).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID", message: expect.stringContaining("repartitioned as same") }),
  );
});

test("a stream does not join a table of another builder", () => {
  const table = new StreamsBuilder().table("rows", text);
  expect(() => new StreamsBuilder().stream("in", text).join(table, plus)).toThrow(
    "join takes something of the same StreamsBuilder",
  );
});

test("the topics of a join must have the same number of partitions", () => {
  const { topology } = host((stream, table) => stream.join(table, plus));
  const counts = new Map([
    ["in", 4],
    ["rows", 3],
  ]);
  expect(() => partitionCounts(topology, "app", counts)).toThrow(
    expect.objectContaining({ code: "NOT_COPARTITIONED", message: expect.stringContaining("in has 4, rows has 3") }),
  );
});

test("the row of the record's own key is what a join touches", () => {
  const plainJoin = host((stream, table) => stream.join(table, plus));
  expect(plainJoin.graph("in").touches("in", "A", 5)).toEqual([
    { store: "rows-STATE-STORE-0000000001", from: "A", to: "A" },
  ]);
});
