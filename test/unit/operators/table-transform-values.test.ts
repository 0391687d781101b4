import { expect, test } from "vitest";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import type { ProcessingContext } from "../../../lib/operators/processing-context.ts";
import type { ValueTransformerWithKeySupplier } from "../../../lib/operators/table-transform-values.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { In, Out } from "./rows.ts";
import { plain } from "./rows.ts";

const text = { key: string(), value: string() };

type Transform = (table: KTable<string, string>) => KTable<string, string>;

function host(transform: Transform, store?: string): TopologyHost {
  return new TopologyHost((builder) =>
    transform(builder.table("in", store === undefined ? text : { ...text, store }))
      .toStream()
      .to("out", text),
  );
}

function outputs(to: TopologyHost, input: readonly In[]): readonly Out[] {
  return input.flatMap(([key, value, timestampMs]) => to.pipe("in", { key, value, timestampMs })).map(plain);
}

const label: ValueTransformerWithKeySupplier<string, string, string | null> = () => ({
  transform: (key, value) => (value === "drop" ? null : `${key}:${value}`),
});
const input: readonly In[] = [
  ["A", "x", 1],
  ["A", null, 2],
  ["A", "drop", 3],
];

test.for([[{}], [{ store: "labels", value: string() }]] as const)(
  "a transformer sees deletions, and a null result is one: %j",
  ([options]) => {
    const labels = host((table) => table.transformValues(label, options) as KTable<string, string>);
    expect(outputs(labels, input)).toEqual([
      ["A", "A:x", 1],
      ["A", "A:null", 2],
      ["A", null, 3],
    ]);
  },
);

test("what a store keeps are the results", () => {
  const labels = host(
    (table) => table.transformValues(label, { store: "labels", value: string() }) as KTable<string, string>,
  );
  outputs(labels, input.slice(0, 2));
  expect(labels.rows("labels")).toEqual([["A", "A:null", 2]]);
});

test.for([[{}], [{ store: "labels", value: string() }]] as const)(
  "a group below takes back what a row was: %j",
  ([options]) => {
    const counts = new TopologyHost((builder) =>
      builder
        .table("in", { ...text, store: "t" })
        .transformValues(() => ({ transform: (_key, value) => value ?? "gone" }), options)
        .groupBy((_key, value) => [value, value], text)
        .count()
        .toStream()
        .to("out", { key: string(), value: int64() }),
    );
    expect(
      outputs(counts, [
        ["A", "x", 1],
        ["A", "y", 2],
        ["A", null, 3],
      ]).map(([key, value]) => [key, value]),
    ).toEqual([
      // Without a store the old value is what the transformer makes of no row.
      ...("store" in options
        ? [["x", 1]]
        : [
            ["gone", null],
            ["x", 1],
          ]),
      ["x", 0],
      ["y", 1],
      ["y", 0],
      ["gone", 1],
    ]);
  },
);

test("it has stores and a context, keeps what it has in memory for one life, and is closed", () => {
  const seen = Stores.keyValue("seen", { key: string(), value: int64() });
  const lives: string[] = [];
  const numbered = (context: ProcessingContext) => {
    const store = context.getStateStore(seen);
    lives.push("start");
    return {
      transform: (key: string, value: string | null) => {
        const count = (store.get(key) ?? 0) + 1;
        store.put(key, count);
        return `${value}#${count}@${context.recordMetadata()?.offset}`;
      },
      close: () => lives.push("close"),
    };
  };
  const table = host((each) => each.transformValues(numbered, { stores: [seen] }));
  expect(outputs(table, [["A", "x", 5]])).toEqual([["A", "x#1@0", 5]]);
  table.restart();
  expect(outputs(table, [["A", "y", 6]])).toEqual([["A", "y#2@1", 6]]);
  expect(lives).toEqual(["start", "close", "start"]);
  expect(table.rows("seen").map(([key, value]) => [key, value])).toEqual([["A", 2]]);
});

test("a join reads results that are not kept through a transformer of its own, also where there is no row", () => {
  let made = 0;
  const joined = new TopologyHost((builder) => {
    const table = builder.table("rows", text).transformValues((context: ProcessingContext) => {
      made++;
      return { transform: (key, value) => `${key}=${value} from ${context.recordMetadata()?.topic ?? "a row"}` };
    });
    builder
      .stream("in", text)
      .leftJoin(table, (left, right) => `${left}+${right}`)
      .to("out", text);
  });
  expect(made).toBe(2);
  joined.pipe("rows", { key: "A", value: "x", timestampMs: 1 });
  expect(
    outputs(joined, [
      ["A", "a", 2],
      ["B", "b", 3],
    ]),
  ).toEqual([
    ["A", "a+A=x from a row", 2],
    ["B", "b+B=null from a row", 3],
  ]);
});

test("a join reads results that are kept in their store", () => {
  const joined = new TopologyHost((builder) => {
    const table = builder.table("rows", text).transformValues(label, { store: "labels", value: string() });
    builder
      .stream("in", text)
      .leftJoin(table, (left, right) => `${left}+${right}`)
      .to("out", text);
  });
  joined.pipe("rows", { key: "A", value: "x", timestampMs: 1 });
  expect(
    outputs(joined, [
      ["A", "a", 2],
      ["B", "b", 3],
    ]),
  ).toEqual([
    ["A", "a+A:x", 2],
    ["B", "b+null", 3],
  ]);
  expect(joined.graph("in").touches("in", "A", 5)).toEqual([{ store: "labels", from: "A", to: "A" }]);
});
