import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { string } from "../../../lib/serde/string.ts";
import { taskCount } from "../../../lib/topology/internal-topics.ts";
import type { SubTopology, Topology } from "../../../lib/topology/node.ts";
import { contentId, subTopologies } from "../../../lib/topology/sub-topologies.ts";

const text = { key: string(), value: string() };

function build(define: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder();
  define(builder);
  return builder.build();
}

function countBy(builder: StreamsBuilder, topic: string, store: string): void {
  builder
    .stream(topic, text)
    .groupBy((_key, value) => value, text)
    .count({ store });
}

function ids(define: (builder: StreamsBuilder) => void): readonly string[] {
  return subTopologies(build(define), "app").map(contentId);
}

test("unconnected streams are sub-topologies of their own, numbered in the order of their first nodes", () => {
  const parts = subTopologies(
    build((builder) => {
      builder.stream("b", { ...text, name: "second" }).to("out-b");
      builder.stream("a", { ...text, name: "first" }).to("out-a");
    }),
    "app",
  );
  expect(parts.map(({ number, sourceTopics, sinkTopics }) => [number, sourceTopics, sinkTopics])).toEqual([
    [0, ["b"], ["out-b"]],
    [1, ["a"], ["out-a"]],
  ]);
});

test("a repartition topic splits, and both sides name it with the application id", () => {
  const parts = subTopologies(
    build((builder) => countBy(builder, "in", "s")),
    "app",
  );
  expect(parts.map((part) => [part.sourceTopics, part.sinkTopics, part.stores.map((store) => store.name)])).toEqual([
    [["in"], ["app-s-repartition"], []],
    [["app-s-repartition"], [], ["s"]],
  ]);
});

test("nodes that share a store are one sub-topology", () => {
  const topology = build((builder) => {
    builder.stream("a", text).groupByKey().count({ store: "s" });
    builder.stream("b", text).filter(() => true);
  });
  const shared = topology.nodes.map((node) =>
    node.kind === "processor" && node.stores.length === 0 ? { ...node, stores: ["s"] } : node,
  );
  expect(subTopologies(topology, "app")).toHaveLength(2);
  expect(subTopologies({ ...topology, nodes: shared }, "app")).toHaveLength(1);
});

test("a store and a node of one name are not the same", () => {
  const parts = subTopologies(
    build((builder) => {
      builder.stream("a", text).groupByKey().count({ store: "same" });
      builder.stream("b", text).filter(() => true, { name: "same" });
    }),
    "app",
  );
  expect(parts).toHaveLength(2);
});

test("the content id does not change when an operator or another sub-topology is added", () => {
  const [, before] = ids((builder) => countBy(builder, "in", "s"));
  const after = ids((builder) => {
    builder.stream("a-new-one", text).to("elsewhere");
    builder
      .stream("in", text)
      .filter(() => true)
      .groupBy((_key, value) => value, text)
      .count({ store: "s" });
  });
  expect(before).toBe("topics app-s-repartition; stores s");
  expect(after).toContain(before);
});

test("the content id names topics and stores, sorted", () => {
  const [id] = ids((builder) => {
    const merged = builder.stream("b", text).merge(builder.stream("a", text)).groupByKey();
    merged.count({ store: "y" });
    merged.reduce((a) => a, { store: "x" });
  });
  expect(id).toBe("topics a b; stores x y");
});

test("a sub-topology has as many tasks as its largest source topic has partitions", () => {
  const [part] = subTopologies(
    build((builder) => builder.stream(["a", "b"], text).to("out")),
    "app",
  ) as [SubTopology];
  expect(
    taskCount(
      part,
      new Map([
        ["a", 3],
        ["b", 5],
      ]),
    ),
  ).toBe(5);
  expect(() => taskCount(part, new Map([["a", 3]]))).toThrow(
    expect.objectContaining({ code: "TOPIC_MISSING", details: { topic: "b" } }),
  );
});
