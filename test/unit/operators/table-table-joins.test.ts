import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import { plain } from "./rows.ts";

const text = { key: string(), value: string() };
type Text = string | null;
type Side = KTable<string, string>;
const both = (l: Text, r: Text): string => `${l ?? "-"}/${r ?? "-"}`;

type Input = readonly [topic: "l" | "r", key: string, value: Text, timestampMs: number];

function outputs(join: (left: Side, right: Side) => Side, input: readonly Input[]): readonly unknown[] {
  const host = new TopologyHost((builder) =>
    join(builder.table("l", text), builder.table("r", text)).toStream().to("out", text),
  );
  for (const [topic, key, value, timestampMs] of input) host.pipe(topic, { key, value, timestampMs });
  return host.outputs.map(plain);
}

const history: readonly Input[] = [
  ["l", "A", null, 1],
  ["l", "A", "l1", 5],
  ["r", "A", "r1", 3],
  ["l", "A", null, 6],
  ["r", "A", null, 7],
  ["r", "B", "r2", 8],
];

const kinds: readonly { name: string; join: (left: Side, right: Side) => Side; output: readonly unknown[] }[] = [
  {
    name: "an inner join needs both rows; a deletion goes on while the other row is there",
    join: (l, r) => l.join(r, both),
    output: [
      ["A", "l1/r1", 5],
      ["A", null, 6],
    ],
  },
  {
    name: "a left join needs the left row",
    join: (l, r) => l.leftJoin(r, both),
    output: [
      ["A", "l1/-", 5],
      ["A", "l1/r1", 5],
      ["A", null, 6],
    ],
  },
  {
    name: "an outer join needs one row",
    join: (l, r) => l.outerJoin(r, both),
    output: [
      ["A", "l1/-", 5],
      ["A", "l1/r1", 5],
      ["A", "-/r1", 6],
      ["A", null, 7],
      ["B", "-/r2", 8],
    ],
  },
];

test.for(kinds)("$name", ({ join, output }) => {
  expect(outputs(join, history)).toEqual(output);
});

test("sides without a store are computed when they are read", () => {
  const join = (l: Side, r: Side): Side =>
    l
      .filter((_k, v) => v !== "no")
      .join(
        r.mapValues((v) => (v === "no" ? (null as never) : v.toUpperCase())),
        both,
      );
  const input: readonly Input[] = [
    ["l", "A", "no", 1],
    ["r", "A", "r1", 2],
    ["l", "A", "l1", 3],
    ["r", "A", "no", 4],
    ["l", "A", "l2", 5],
    ["r", "A", "r2", 1],
  ];
  expect(outputs(join, input)).toEqual([
    ["A", "l1/R1", 3],
    ["A", null, 4],
    ["A", "l2/R2", 5],
  ]);
});

test("a result without a store is computed when another join reads it, with the larger timestamp", () => {
  const host = new TopologyHost((builder) => {
    const [l, r, third] = ["l", "r", "t"].map((topic) => builder.table(topic, text)) as [Side, Side, Side];
    l.outerJoin(r, both)
      .join(third, (x, y) => `(${x})${y}`)
      .toStream()
      .to("out", text);
  });
  host.pipe("t", { key: "A", value: "t0", timestampMs: 1 });
  host.pipe("r", { key: "A", value: "r1", timestampMs: 9 });
  host.pipe("l", { key: "A", value: "l1", timestampMs: 2 });
  host.pipe("t", { key: "A", value: "t1", timestampMs: 3 });
  expect(host.outputs.map(plain)).toEqual([
    ["A", "(-/r1)t0", 9],
    ["A", "(l1/r1)t0", 9],
    ["A", "(l1/r1)t1", 9],
  ]);
});

test("a group below a join subtracts what the join gave before", () => {
  const host = new TopologyHost((builder) => {
    builder
      .table("l", text)
      .leftJoin(builder.table("r", text), (_l, r) => (r === null ? "alone" : "paired"), {
        store: "pairs",
        value: string(),
      })
      .groupBy((k, v) => [v, k], text)
      .count()
      .toStream()
      .to("out", { key: string(), value: int64() });
  });
  host.pipe("l", { key: "A", value: "x", timestampMs: 1 });
  host.pipe("r", { key: "A", value: "y", timestampMs: 2 });
  expect(host.outputs.map(plain)).toEqual([
    ["alone", 1, 1],
    ["alone", 0, 2],
    ["paired", 1, 2],
  ]);
  expect(host.rows("pairs")).toEqual([["A", "paired", 2]]);
});

test("windowed tables are joined by key and window", () => {
  const host = new TopologyHost((builder) => {
    const counts = (topic: string) =>
      builder
        .stream(topic, text)
        .groupByKey()
        .windowedBy(timeWindows({ size: 10, grace: 100 }))
        .count();
    counts("l")
      .join(counts("r"), (a, b, { window }) => `${a}+${b}@${window.startMs}`)
      .toStream()
      .selectKey(({ key }) => key)
      .to("out", text);
  });
  host.pipe("l", { key: "A", value: "x", timestampMs: 12 });
  host.pipe("r", { key: "A", value: "x", timestampMs: 5 });
  host.pipe("r", { key: "A", value: "x", timestampMs: 15 });
  expect(host.outputs.map(plain)).toEqual([["A", "1+1@10", 15]]);
});

test("a join tells which rows of the other table a source record reads", () => {
  const host = new TopologyHost((builder) => {
    builder.table("l", { ...text, store: "left" }).join(builder.table("r", { ...text, store: "right" }), both);
  });
  expect(host.graph("l").touches("l", "A", 1)).toEqual([{ store: "right", from: "A", to: "A" }]);
  expect(host.graph("r").touches("r", "A", 1)).toEqual([{ store: "left", from: "A", to: "A" }]);
});

test("tables that cannot meet are refused", () => {
  const builder = new StreamsBuilder();
  const strings = builder.table("strings", text);
  const texts = builder.table("json", { key: json<string>(), value: string() });
  expect(() => strings.join(texts, both)).toThrow(
    expect.objectContaining({
      code: "TOPOLOGY_INVALID",
      message: expect.stringContaining("keys of string with keys of json"),
    }),
  );
  expect(() => strings.join(new StreamsBuilder().table("other", text), both)).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID" }),
  );
});
