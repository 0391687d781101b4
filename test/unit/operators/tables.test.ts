import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };
const long = (_key: string, value: string): boolean => value.length > 1;

function from(
  step: (table: KTable<string, string>) => KTable<string, string>,
  options: { readonly store?: string } = {},
): (builder: StreamsBuilder) => void {
  return (builder) =>
    step(builder.table("in", { ...text, ...options }))
      .toStream()
      .to("out", text);
}

const rows: readonly OperatorRow[] = [
  {
    name: "a table forwards every record with a key: unchanged, late and deletions of nothing",
    topology: from((t) => t),
    input: [
      ["A", "x", 5],
      ["A", "x", 5],
      ["A", "y", 3],
      ["B", null, 6],
      [null, "x", 7],
    ],
    output: [
      ["A", "x", 5],
      ["A", "x", 5],
      ["A", "y", 3],
      ["B", null, 6],
    ],
    drops: ["null-key"],
  },
  {
    name: "a kept table forwards the same",
    topology: from((t) => t, { store: "t" }),
    input: [
      ["A", "x", 5],
      ["A", "y", 3],
      ["B", null, 6],
      [null, "x", 7],
    ],
    output: [
      ["A", "x", 5],
      ["A", "y", 3],
      ["B", null, 6],
    ],
    drops: ["null-key"],
  },
  {
    name: "a filter that does not know old values turns every failing record into a tombstone",
    topology: from((t) => t.filter(long)),
    input: [
      ["A", "x", 1],
      ["A", "xx", 2],
      ["A", "x", 3],
      ["A", null, 4],
    ],
    output: [
      ["A", null, 1],
      ["A", "xx", 2],
      ["A", null, 3],
      ["A", null, 4],
    ],
  },
  {
    name: "a filter of a kept table is silent when neither the old nor the new row passes",
    topology: from((t) => t.filter(long), { store: "t" }),
    input: [
      ["A", "x", 1],
      ["A", "xx", 2],
      ["A", "x", 3],
      ["A", "y", 4],
      ["A", null, 5],
    ],
    output: [
      ["A", "xx", 2],
      ["A", null, 3],
    ],
  },
  {
    name: "a filter looks for old values through mappers that keep nothing",
    topology: from((t) => t.mapValues((v) => v + v).filter((_k, v) => v.length > 2), { store: "t" }),
    input: [
      ["A", "x", 1],
      ["A", "xx", 2],
      ["A", "x", 3],
    ],
    output: [
      ["A", "xxxx", 2],
      ["A", null, 3],
    ],
  },
  {
    name: "a filter with a store, on a table without, forwards tombstones for failing records",
    topology: from((t) => t.filter(long, { store: "f" })),
    input: [
      ["A", "x", 1],
      ["A", "xx", 2],
    ],
    output: [
      ["A", null, 1],
      ["A", "xx", 2],
    ],
  },
  {
    name: "a filter below a kept filter knows what that one kept",
    topology: from((t) => t.filter(long, { store: "f" }).filter((_k, v) => v !== "no")),
    input: [
      ["A", "no", 1],
      ["A", "xx", 2],
      ["A", "no", 3],
      ["A", "no", 4],
    ],
    output: [
      ["A", "xx", 2],
      ["A", null, 3],
    ],
  },
  {
    name: "filterNot keeps rows for which the predicate is false",
    topology: from((t) => t.filterNot(long)),
    input: [
      ["A", "x", 1],
      ["A", "xx", 2],
    ],
    output: [
      ["A", "x", 1],
      ["A", null, 2],
    ],
  },
  {
    name: "mapValues never sees a deletion, and null results are deletions",
    topology: from((t) => t.mapValues((v, k) => (v === "x" ? (null as never) : k + v.toUpperCase()))),
    input: [
      ["A", "x", 1],
      ["A", "y", 2],
      ["A", null, 3],
    ],
    output: [
      ["A", null, 1],
      ["A", "AY", 2],
      ["A", null, 3],
    ],
  },
];

test.for(rows)("$name", ({ topology, input, output, drops = [] }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual(drops);
});

test("a kept table holds the row of the last offset, even if it is older", () => {
  const host = run({
    topology: from((t) => t, { store: "t" }),
    input: [
      ["A", "x", 5],
      ["A", "y", 3],
      ["B", "z", 1],
      ["B", null, 2],
    ],
  });
  expect(host.rows("t")).toEqual([["A", "y", 3]]);
});

test("kept filters and mappers hold what they let through", () => {
  const topology = from((t) =>
    t.mapValues((v) => v + v, { store: "m", value: string() }).filter((_k, v) => v !== "yy", { store: "f" }),
  );
  const host = run({
    topology,
    input: [
      ["A", "x", 5],
      ["B", "y", 6],
      ["C", "z", 7],
      ["C", null, 8],
    ],
  });
  expect(host.rows("m")).toEqual([
    ["A", "xx", 5],
    ["B", "yy", 6],
  ]);
  expect(host.rows("f")).toEqual([["A", "xx", 5]]);
});

test("a second child of a table sees the change as it was", () => {
  const host = new TopologyHost((builder) => {
    const table = builder.table("in", { ...text, store: "t" });
    table.filter(long).toStream().to("long", text);
    table.toStream().to("all", text);
  });
  host.pipe("in", { key: "A", value: "xx", timestampMs: 1 });
  host.pipe("in", { key: "A", value: "x", timestampMs: 2 });
  expect(host.outputs.map(({ topic, value }) => [topic, value])).toEqual([
    ["long", "xx"],
    ["all", "xx"],
    ["long", null],
    ["all", "x"],
  ]);
});

test("tables tell which rows a source record reads, if they read any", () => {
  const silent = new TopologyHost(from((t) => t, { store: "t" }));
  expect(silent.graph("in").touches("in", "A", 1)).toEqual([]);
  const asked = new TopologyHost(from((t) => t.filter(long, { store: "f" }), { store: "t" }));
  expect(asked.graph("in").touches("in", "A", 1)).toEqual([
    { store: "t", from: "A", to: "A" },
    { store: "f", from: "A", to: "A" },
  ]);
});
