import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { GlobalKTable } from "../../../lib/dsl/global-table.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { string } from "../../../lib/serde/string.ts";
import { partitionCounts } from "../../../lib/topology/copartition.ts";
import { subTopologies } from "../../../lib/topology/sub-topologies.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { Out } from "./rows.ts";
import { plain, reasons } from "./rows.ts";

const text = { key: string(), value: string() };
const plus = (left: string, right: string | null): string => `${left}+${right}`;

type Join = (stream: KStream<string, string>, table: GlobalKTable<string, string>) => KStream<string, string>;

function host(join: Join): TopologyHost {
  return new TopologyHost((builder) => {
    const table = builder.globalTable("names", { ...text, store: "names" });
    join(builder.stream("in", text), table).to("out", text);
  });
}

const rows: readonly { name: string; join: Join; output: readonly Out[]; drops: readonly string[] }[] = [
  {
    name: "an inner join looks up the chosen key, keeps the record's own, and drops what finds no row",
    join: (stream, table) => stream.join(table, (_key, value) => (value === "none" ? null : value), plus),
    output: [
      ["A", "x+X", 5],
      [null, "x+X", 8],
    ],
    drops: ["null-key", "null-value"],
  },
  {
    name: "a left join joins with null what finds no row, and what chooses no key",
    join: (stream, table) =>
      stream.leftJoin(
        table,
        (_key, value) => (value === "none" ? null : value),
        (l, r, key) => `${key}:${plus(l, r)}`,
      ),
    output: [
      ["A", "A:x+X", 5],
      ["A", "A:y+null", 6],
      ["A", "A:none+null", 7],
      [null, "null:x+X", 8],
    ],
    drops: ["null-value"],
  },
];

test.for(rows)("$name", ({ join, output, drops }) => {
  const joined = host(join);
  joined.pipeGlobal("names", { key: "x", value: "old", timestampMs: 9 });
  joined.pipeGlobal("names", { key: "x", value: "X", timestampMs: 1 });
  joined.pipeGlobal("names", { key: "y", value: "Y", timestampMs: 1 });
  joined.pipeGlobal("names", { key: "y", value: null, timestampMs: 1 });
  joined.pipeGlobal("names", { key: null, value: "nobody", timestampMs: 1 });
  joined.pipe("in", { key: "A", value: "x", timestampMs: 5 });
  joined.pipe("in", { key: "A", value: "y", timestampMs: 6 });
  joined.pipe("in", { key: "A", value: "none", timestampMs: 7 });
  joined.pipe("in", { key: null, value: "x", timestampMs: 8 });
  joined.pipe("in", { key: "A", value: null, timestampMs: 9 });
  expect(joined.outputs.map(plain)).toEqual(output);
  expect(reasons(joined)).toEqual(drops);
});

test("a global table has a number but no task, and its topic any number of partitions", () => {
  const { topology } = host((stream, table) => stream.join(table, (key) => key, plus));
  const parts = subTopologies(topology, "app");
  expect(parts.map(({ number, sourceTopics, stores }) => [number, sourceTopics, stores])).toEqual([[1, ["in"], []]]);
  const counts = new Map([
    ["in", 4],
    ["names", 3],
  ]);
  expect([...partitionCounts(topology, "app", counts)]).toEqual([
    ["names", 3],
    ["in", 4],
  ]);
});

test("what a global table reads is read in no other way, but may be written", () => {
  const twice = new StreamsBuilder();
  twice.globalTable("names", text);
  twice.stream("names", text).to("out");
  expect(() => twice.build()).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID", message: expect.stringContaining("read it in one way only") }),
  );
  const written = new StreamsBuilder();
  written.globalTable("names", text);
  written.stream("in", text).to("names");
  expect(written.build().globalStores).toHaveLength(1);
});

test("a stream does not join a global table of another builder", () => {
  const table = new StreamsBuilder().globalTable("names", text);
  expect(() => new StreamsBuilder().stream("in", text).leftJoin(table, (key) => key, plus)).toThrow(
    "leftJoin takes something of the same StreamsBuilder",
  );
});
