import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KGroupedTable } from "../../../lib/dsl/grouped-table.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { topicsOf } from "../../../lib/topology/routing.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };
const initial = (value: string): string => value.charAt(0);

function grouped(
  fold: (group: KGroupedTable<string, string>) => KTable<string, string | number>,
): (builder: StreamsBuilder) => void {
  return (builder) =>
    fold(builder.table("in", text).groupBy((_k, v) => [initial(v), v], text))
      .toStream()
      .to("out", { key: string(), value: json() });
}

const rows: readonly OperatorRow[] = [
  {
    name: "a row that moves is subtracted from its old group, then added to the new one",
    topology: grouped((g) => g.count()),
    input: [
      ["A", "x1", 1],
      ["B", "x2", 2],
      ["A", "y1", 3],
      ["B", null, 4],
    ],
    output: [
      ["x", 1, 1],
      ["x", 2, 2],
      ["x", 1, 3],
      ["y", 1, 3],
      ["x", 0, 4],
    ],
  },
  {
    name: "a change within a group is one result, with the largest timestamp so far",
    topology: grouped((g) =>
      g.reduce(
        (all, v) => `${all}+${v}`,
        (all, v) => `${all}-${v}`,
      ),
    ),
    input: [
      ["A", "x1", 9],
      ["A", "x2", 3],
    ],
    output: [
      ["x", "x1", 9],
      ["x", "x1-x1+x2", 9],
    ],
  },
  {
    name: "a group that its subtractor deletes starts anew with the value that comes in the same change",
    topology: grouped((g) =>
      g.aggregate(
        () => "init",
        (_k, v, all) => `${all}+${v}`,
        { subtractor: () => null, value: string() },
      ),
    ),
    input: [
      ["A", "x1", 1],
      ["A", "x2", 2],
      ["A", null, 3],
      ["A", "x3", 4],
    ],
    output: [
      ["x", "init+x1", 1],
      ["x", "init+x2", 2],
      ["x", null, 3],
      ["x", "init+x3", 4],
    ],
  },
  {
    name: "rows with a null group or a null value take no part, but leave what they were in",
    topology: (builder) =>
      builder
        .table("in", text)
        .groupBy((_k, v) => [v === "none" ? null : "all", v === "empty" ? null : v], text)
        .count()
        .toStream()
        .to("out", { key: string(), value: json() }),
    input: [
      ["A", "none", 1],
      ["B", "empty", 2],
      ["C", "some", 3],
      ["C", "none", 4],
    ],
    output: [
      ["all", 1, 3],
      ["all", 0, 4],
    ],
  },
  {
    name: "groups are the same when their bytes are",
    topology: (builder) =>
      builder
        .table("in", text)
        .groupBy((_k, v) => [{ first: initial(v) }, v], { key: json<{ first: string }>(), value: string() })
        .count()
        .toStream()
        .to("out", { value: json() }),
    input: [
      ["A", "x1", 1],
      ["A", "x2", 2],
    ],
    output: [
      [{ first: "x" }, 1, 1],
      [{ first: "x" }, 1, 2],
    ],
  },
  {
    name: "a stream becomes a table: null keys are dropped, null values delete",
    topology: (builder) =>
      builder
        .stream("in", text)
        .toTable()
        .groupBy((_k, v) => [initial(v), v], text)
        .count()
        .toStream()
        .to("out", { value: json() }),
    input: [
      ["A", "x", 1],
      [null, "x", 2],
      ["A", null, 3],
    ],
    output: [
      ["x", 1, 1],
      ["x", 0, 3],
    ],
    drops: ["null-key"],
  },
];

test.for(rows)("$name", ({ topology, input, output, drops = [] }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual(drops);
});

test("the first count of a key has the old value 0, which a group below subtracts", () => {
  const host = run({
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .count()
        .groupBy((k, n) => [n, k], { key: int64(), value: string() })
        .count()
        .toStream()
        .to("out", { key: int64(), value: int64() }),
    input: [["A", "x", 1]],
  });
  // Group 0 has no aggregate to subtract from: its deletion is forwarded all the same.
  expect(host.outputs.map(plain)).toEqual([
    [0, null, 1],
    [1, 1, 1],
  ]);
});

test("aggregations of a group with a name share its repartition topic", () => {
  const host = new TopologyHost((builder) => {
    const group = builder.table("in", text).groupBy((_k, v) => [initial(v), v], { ...text, name: "by-initial" });
    group.count({ store: "counts" });
    group.reduce(
      (_all, v) => v,
      (all) => all,
      { store: "last" },
    );
  });
  const topics = host.topology.nodes.flatMap((node) =>
    node.kind === "sink" ? topicsOf(node).map(({ name }) => name) : [],
  );
  expect(topics).toEqual(["by-initial-repartition"]);
  host.pipe("in", { key: "A", value: "x", timestampMs: 1 });
  expect(host.rows("counts")).toEqual([["x", 1, 1]]);
  expect(host.rows("last")).toEqual([["x", "x", 1]]);
});

test("a table of a stream keeps rows when it is named, and goes through a topic when the key has changed", () => {
  const host = new TopologyHost((builder) => {
    builder
      .stream("in", text)
      .selectKey((_k, v) => initial(v))
      .toTable({ key: string(), store: "latest" });
  });
  host.pipe("in", { key: "A", value: "xy", timestampMs: 1 });
  host.pipe("in", { key: "B", value: "xz", timestampMs: 2 });
  expect(host.rows("latest")).toEqual([["x", "xz", 2]]);
});
