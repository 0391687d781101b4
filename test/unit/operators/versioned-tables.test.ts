import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };
const long = (_key: string, value: string): boolean => value.length > 1;

function from(step: (table: KTable<string, string>) => KTable<string, string>): (builder: StreamsBuilder) => void {
  return (builder) =>
    step(builder.table("in", { ...text, store: versionedKeyValue("v", 10) }))
      .toStream()
      .to("out", text);
}

const rows: readonly OperatorRow[] = [
  {
    name: "a table with history forwards versions that come out of order, and drops those that are older than the history",
    topology: from((table) => table),
    input: [
      ["A", "x", 20],
      ["A", "y", 10],
      ["A", "z", 9],
      ["A", null, 15],
      [null, "x", 16],
    ],
    output: [
      ["A", "x", 20],
      ["A", "y", 10],
      ["A", null, 15],
    ],
    drops: ["late", "null-key"],
  },
  {
    name: "a filter of it deletes with every version that fails, though old values are known",
    topology: from((table) => table.filter(long)),
    input: [
      ["A", "x", 20],
      ["A", "yy", 15],
      ["A", null, 16],
    ],
    output: [
      ["A", null, 20],
      ["A", "yy", 15],
      ["A", null, 16],
    ],
  },
];

test.for(rows)("$name", (row) => {
  const host = run(row);
  expect(host.outputs.map(plain)).toEqual(row.output);
  expect(reasons(host)).toEqual(row.drops ?? []);
});

test("a stream's record meets the row as of its own time, also through tables that are computed when they are read", () => {
  const host = new TopologyHost((builder) => {
    const table = builder.table("table", { ...text, store: versionedKeyValue("v", 100) });
    const derived = table.filter(long).mapValues((value) => value.toUpperCase());
    const stream = builder.stream("in", text);
    stream.leftJoin(table, (value, row) => `${value}:${row}`).to("plain", text);
    stream.leftJoin(derived, (value, row) => `${value}:${row}`).to("derived", text);
  });
  for (const [value, timestampMs] of [
    ["one", 10],
    ["b", 20],
    ["three", 30],
  ] as const)
    host.pipe("table", { key: "A", value, timestampMs });
  const joined = [5, 15, 25, 35].flatMap((timestampMs) => host.pipe("in", { key: "A", value: "s", timestampMs }));
  const valuesOf = (topic: string) => joined.filter((each) => each.topic === topic).map(({ value }) => value);
  expect(valuesOf("plain")).toEqual(["s:null", "s:one", "s:b", "s:three"]);
  expect(valuesOf("derived")).toEqual(["s:null", "s:ONE", "s:null", "s:THREE"]);
});
