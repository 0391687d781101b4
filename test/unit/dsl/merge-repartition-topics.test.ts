import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { joinWindows } from "../../../lib/dsl/join-windows.ts";
import type { TopologyOptimization } from "../../../lib/dsl/optimization.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { bytes } from "../../../lib/serde/bytes.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Topology } from "../../../lib/topology/node.ts";

const text = { key: string(), value: string() };
type Text = KStream<string, string>;

function build(define: (builder: StreamsBuilder) => void, topologyOptimization: TopologyOptimization): Topology {
  const builder = new StreamsBuilder();
  define(builder);
  return builder.build({ topologyOptimization });
}

/** The repartition topics, without their endings. */
function topics(define: (builder: StreamsBuilder) => void): readonly string[] {
  const { nodes } = build(define, "merge.repartition.topics");
  const read = nodes.flatMap((node) => (node.kind === "source" ? node.topics : []));
  return read.filter(({ internal }) => internal).map(({ name }) => name.replace("-repartition", ""));
}

function parents({ nodes }: Topology, name: string): readonly string[] | undefined {
  const node = nodes.find((each) => each.name === name);
  return node === undefined || node.kind === "source" ? undefined : node.parents;
}

function rekeyed(builder: StreamsBuilder, topic = "in"): Text {
  return builder.stream(topic, text).selectKey((_key, value) => value, { name: `rekey-${topic}` });
}

function count(stream: Text, name: string): void {
  stream.groupByKey({ ...text, name }).count({ name: `count-${name}` });
}

test("what has one new key goes through the first topic, and what changes nothing moves below it", () => {
  const define = (builder: StreamsBuilder): void => {
    const stream = rekeyed(builder);
    count(
      stream.filter(() => true, { name: "filter" }),
      "a",
    );
    count(stream, "b");
  };
  expect(topics(define)).toEqual(["a"]);
  const merged = build(define, "merge.repartition.topics");
  expect(parents(merged, "a-repartition-filter")).toEqual(["rekey-in"]);
  expect(parents(merged, "filter")).toEqual(["a-repartition-source"]);
  expect(parents(merged, "count-a")).toEqual(["filter"]);
  expect(parents(merged, "count-b")).toEqual(["a-repartition-source"]);
});

test("streams that come together have one topic below, however often they are merged", () => {
  const define = (builder: StreamsBuilder): void => {
    const first = rekeyed(builder).merge(builder.stream("other", text), { name: "first" });
    const second = first.merge(builder.stream("third", text), { name: "second" });
    count(second, "a");
    count(
      second.peek(() => {}),
      "b",
    );
  };
  expect(topics(define)).toEqual(["a"]);
  expect(parents(build(define, "all"), "a-repartition-filter")).toEqual(["second"]);
});

test("a topic stays where records come that would not pass the merged one", () => {
  // Kafka Streams moves the topic above the merge, and records of the other stream are counted where they are.
  expect(
    topics((builder) => {
      const stream = rekeyed(builder);
      count(stream.merge(rekeyed(builder, "other")), "a");
      count(stream, "b");
    }),
  ).toEqual(["b", "a"]);
});

test("a topic stays where the value was changed in between, whatever by", () => {
  const changes: readonly [string, (stream: Text, builder: StreamsBuilder) => KStream<string, unknown>][] = [
    ["mapValues", (stream) => stream.mapValues((value) => value)],
    ["process", (stream) => stream.process((context) => ({ process: (record) => context.forward(record) }))],
    [
      "processValues",
      (stream) => stream.processValues((context) => ({ process: (record) => context.forward(record) })),
    ],
    [
      "join",
      (stream, of) =>
        stream.join(
          of.globalTable("names", text),
          (_key, value) => value,
          (value) => value,
        ),
    ],
    ["groupedWithin", (stream) => stream.groupedWithin(2, "1s", { ...text, per: "partition" })],
  ];
  for (const [name, change] of changes) {
    const kept = topics((of) => {
      const stream = rekeyed(of);
      count(stream, "a");
      change(stream, of).groupByKey({ key: string(), value: json(), name: "b" }).count();
    });
    expect(kept, name).toEqual(["a", "b"]);
  }
});

test("a topic with other serdes than the first stays", () => {
  expect(
    topics((of) => {
      const stream = of.stream("in", { key: string(), value: bytes() }).selectKey((key) => key);
      for (const [name, value] of [
        ["a", bytes()],
        ["b", json()],
        ["c", bytes()],
      ] as const) {
        stream.groupByKey({ key: string(), value: value as never, name }).count();
      }
    }),
  ).toEqual(["a", "b"]);
});

test("a topic that was asked for stays", () => {
  expect(
    topics((of) => {
      const stream = rekeyed(of);
      count(stream.repartition({ ...text, name: "asked" }), "x");
      count(stream, "a");
      count(stream, "b");
    }),
  ).toEqual(["a", "asked"]);
});

test("topics that meet by key are those that are there", () => {
  const { copartitionGroups } = build((of) => {
    const stream = rekeyed(of);
    count(stream, "a");
    stream.join(of.table("rows", text), (value) => value, { ...text, name: "joined" });
  }, "all");
  expect(copartitionGroups).toEqual([["a-repartition-source", "KSTREAM-SOURCE-0000000008"]]);
});

test("two sides of one stream need one store when their topics are merged, and two when a filter is in between", () => {
  const { stores } = build((of) => {
    const stream = rekeyed(of);
    const windows = joinWindows({ timeDifference: 10, grace: 0 });
    const options = { ...text, otherValue: string() };
    stream.join(stream, (a) => a, windows, { ...options, name: "same", store: "same" });
    const some = stream.filter(() => true);
    some.join(stream, (a) => a, windows, { ...options, name: "some", store: "some" });
  }, "all");
  expect([...stores.keys()]).toEqual(["same-this-join-store", "some-this-join-store", "some-other-join-store"]);
});

test("the setting takes what Kafka Streams takes", () => {
  const define = (of: StreamsBuilder): void => {
    const stream = rekeyed(of);
    count(stream, "a");
    count(stream, "b");
  };
  const sinks = (setting: TopologyOptimization): number =>
    build(define, setting).nodes.filter(({ kind }) => kind === "sink").length;
  expect(sinks("none")).toBe(2);
  expect(sinks("reuse.ktable.source.topics, single.store.self.join")).toBe(2);
  expect(sinks("reuse.ktable.source.topics,merge.repartition.topics")).toBe(1);
  expect(sinks(["merge.repartition.topics"])).toBe(1);
  expect(sinks("all")).toBe(1);
  const wrong = ["merge.repartition.topics,all", "none, single.store.self.join", "merge", ""];
  for (const setting of wrong) {
    expect(() => sinks(setting as TopologyOptimization), setting).toThrow(
      /topologyOptimization has ".*": write "none" or "all" alone, or some of merge\.repartition\.topics, /,
    );
  }
});
