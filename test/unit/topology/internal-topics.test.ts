import { expect, test } from "vitest";
import { parseSettings } from "../../../lib/config/settings.ts";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import { string } from "../../../lib/serde/string.ts";
import { partitionCounts } from "../../../lib/topology/copartition.ts";
import { internalTopics } from "../../../lib/topology/internal-topics.ts";
import type { Topology } from "../../../lib/topology/node.ts";

const settings = parseSettings().topics;
const text = { key: string(), value: string() };

function build(define: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder();
  define(builder);
  return builder.build();
}

const twoSteps = build((builder) => {
  builder
    .stream("in", text)
    .groupBy((_key, value) => value, text)
    .reduce((a) => a, { store: "first" })
    .toStream()
    .groupBy((_key, value) => value, text)
    .windowedBy(timeWindows({ size: "1m", grace: 0 }))
    .count({ store: "second" });
});

test("repartition topics come first, then changelogs, with the partitions of what feeds them", () => {
  const created = internalTopics(twoSteps, "app", { external: new Map([["in", 6]]), settings });
  expect(created.map(({ kind, name, partitions, replicas }) => [kind, name, partitions, replicas])).toEqual([
    ["repartition", "app-first-repartition", 6, -1],
    ["repartition", "app-second-repartition", 6, -1],
    ["changelog", "app-first-changelog", 6, -1],
    ["changelog", "app-second-changelog", 6, -1],
  ]);
});

test("a changelog is never truncated by time, and keeps tombstones for seven days", () => {
  const created = internalTopics(twoSteps, "app", { external: new Map([["in", 6]]), settings });
  const configs = Object.fromEntries(created.map(({ name, configs: each }) => [name, each]));
  expect(configs["app-first-changelog"]).toEqual({
    "cleanup.policy": "compact",
    "delete.retention.ms": "604800000",
    "message.timestamp.type": "CreateTime",
    "retention.ms": "-1",
  });
  expect(configs["app-second-changelog"]).toMatchObject({ "cleanup.policy": "compact,delete", "retention.ms": "-1" });
});

test("a store without logging has no changelog", () => {
  const topology = build((builder) => {
    builder.stream("in", text).groupByKey().count({ store: "s", logged: false });
  });
  expect(internalTopics(topology, "app", { external: new Map([["in", 1]]), settings })).toEqual([]);
});

test("a repartition topic has the partitions of the largest input of the sub-topology that writes it", () => {
  const topology = build((builder) => {
    builder
      .stream("small", text)
      .merge(builder.stream("large", text))
      .groupBy((_key, value) => value, text)
      .count({ store: "s" });
  });
  const counts = partitionCounts(
    topology,
    "app",
    new Map([
      ["small", 2],
      ["large", 7],
    ]),
  );
  expect(counts.get("app-s-repartition")).toBe(7);
});

const meeting = build((builder) => {
  builder.stream("left", text).merge(builder.stream("right", text)).groupByKey().count({ store: "s" });
});

test("topics that meet by key in one node must have the same number of partitions", () => {
  expect(() =>
    partitionCounts(
      meeting,
      "app",
      new Map([
        ["left", 2],
        ["right", 3],
      ]),
    ),
  ).toThrow(
    expect.objectContaining({
      code: "NOT_COPARTITIONED",
      message: expect.stringContaining("left has 2, right has 3"),
      details: { topics: ["left", "right"] },
    }),
  );
  expect(
    partitionCounts(
      meeting,
      "app",
      new Map([
        ["left", 3],
        ["right", 3],
      ]),
    ).get("right"),
  ).toBe(3);
});

test("a repartition topic takes the partitions of the topics that it meets", () => {
  const topology = build((builder) => {
    const counted = builder
      .stream("wide", text)
      .groupBy((_key, value) => value, text)
      .reduce((a) => a, { store: "first" })
      .toStream();
    counted.merge(builder.stream("narrow", text)).groupByKey().count({ store: "second" });
  });
  const counts = partitionCounts(
    topology,
    "app",
    new Map([
      ["wide", 8],
      ["narrow", 2],
    ]),
  );
  expect(counts.get("app-first-repartition")).toBe(2);
});

test("topics of a join by foreign key are as large as the table that reads them", () => {
  const topology = build((builder) => {
    const carts = builder
      .stream("carts", text)
      .selectKey((_key, value) => value)
      .toTable(text);
    carts.join(builder.table("users", text), (cart) => cart, { foreignKey: (cart) => cart, name: "fk" });
  });
  const external = new Map([
    ["carts", 3],
    ["users", 5],
  ]);
  const counts = partitionCounts(topology, "app", external);
  expect(counts.get("app-fk-subscription-registration-topic")).toBe(5);
  expect(counts.get("app-fk-subscription-response-topic")).toBe(3);
});

test("a missing source topic is named", () => {
  expect(() => internalTopics(meeting, "app", { external: new Map([["left", 2]]), settings })).toThrow(
    expect.objectContaining({ code: "TOPIC_MISSING", details: { topic: "right" } }),
  );
});
