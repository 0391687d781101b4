import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Topology } from "../../../lib/topology/node.ts";
import { topicsOf } from "../../../lib/topology/routing.ts";

const text = { key: string(), value: string() };

function build(define: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder();
  define(builder);
  return builder.build();
}

function nodeNames(define: (builder: StreamsBuilder) => void): readonly string[] {
  return build(define).nodes.map((node) => node.name);
}

test("a given name uses up a number, so later names do not move", () => {
  const named = nodeNames((b) =>
    b
      .stream("in", text)
      .filter(() => true, { name: "mine" })
      .peek(() => {}),
  );
  expect(named).toEqual(["KSTREAM-SOURCE-0000000000", "mine", "KSTREAM-PEEK-0000000002"]);
});

test("a named store uses up no number, an unnamed one does", () => {
  expect(nodeNames((b) => b.stream("in", text).groupByKey().count({ store: "s" }))).toContain(
    "KSTREAM-AGGREGATE-0000000001",
  );
  const unnamed = build((b) =>
    b
      .stream("in", text)
      .groupByKey()
      .reduce((a) => a),
  );
  expect(unnamed.nodes.at(-1)?.name).toBe("KSTREAM-REDUCE-0000000002");
  expect([...unnamed.stores.keys()]).toEqual(["KSTREAM-REDUCE-STATE-STORE-0000000001"]);
});

test("an unnamed repartition topic takes the store's generated name, and its nodes generated names", () => {
  const names = nodeNames((b) =>
    b
      .stream("in", text)
      .selectKey(() => "x")
      .groupByKey(text)
      .count(),
  );
  expect(names.slice(2)).toEqual([
    "KSTREAM-FILTER-0000000005",
    "KSTREAM-SINK-0000000004",
    "KSTREAM-SOURCE-0000000006",
    "KSTREAM-AGGREGATE-0000000003",
  ]);
});

test("a named table names its source after itself", () => {
  expect(nodeNames((b) => b.table("in", { ...text, name: "users" }))).toEqual(["users-source", "users"]);
});

test("a named group has one repartition topic for all its aggregations, an unnamed one has one for each", () => {
  const topics = (name?: "mine"): readonly string[] => {
    const topology = build((b) => {
      const group = b.stream("in", text).groupBy((_key, value) => value, name === undefined ? text : { ...text, name });
      group.count({ store: "a" });
      group.reduce((x) => x, { store: "b" });
    });
    return topology.nodes.flatMap((node) => (node.kind === "sink" ? topicsOf(node).map(({ name }) => name) : []));
  };
  expect(topics("mine")).toEqual(["mine-repartition"]);
  expect(topics()).toEqual(["a-repartition", "b-repartition"]);
});

test("mapping values keeps the partition: no repartition topic", () => {
  const names = nodeNames((b) =>
    b
      .stream("in", text)
      .mapValues((v) => v)
      .filter(() => true)
      .groupByKey(text)
      .count({ store: "s" }),
  );
  expect(names.filter((name) => name.includes("repartition"))).toEqual([]);
});

test("a table without a store name keeps nothing, one with a name keeps its rows", () => {
  expect([...build((b) => b.table("in", text)).stores.keys()]).toEqual([]);
  expect([...build((b) => b.table("in", { ...text, store: "t" })).stores.keys()]).toEqual(["t"]);
});
