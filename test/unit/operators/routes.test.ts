import { describe, expect, test } from "vitest";
import { defineApp, string } from "../../../lib/index.ts";
import { RecordHeaders } from "../../../lib/records/headers.ts";
import { partitionCounts } from "../../../lib/topology/copartition.ts";
import { errorOf } from "../../support/error-of.ts";
import { TopologyHost } from "../../support/task-host.ts";

const text = { key: string(), value: string() };

describe("split", () => {
  test("answers branches by name, the function's result in place of a branch, none for a consumer", () => {
    let names: readonly string[] = [];
    const host = new TopologyHost((builder) => {
      const branches = builder
        .stream("in", text)
        .split({ name: "by-" })
        .branch((key) => key === "a", { name: "a" })
        .branch((_key, value) => value === "x", { withFunction: (branch) => branch.mapValues((v) => `${v}!`) })
        .branch((key) => key === "c", { withConsumer: (branch) => branch.to("consumed", text) })
        .defaultBranch();
      names = [...branches.keys()];
      for (const [name, branch] of branches) branch.to(`out-${name}`, text);
    });
    expect(names).toEqual(["by-a", "by-2", "by-0"]);
    for (const key of ["a", "b", "c", "d"]) host.pipe("in", { key, value: key === "b" ? "x" : "y", timestampMs: 1 });
    expect(host.outputs.map(({ topic, value }) => [topic, value])).toEqual([
      ["out-by-a", "y"],
      ["out-by-2", "x!"],
      ["consumed", "y"],
      ["out-by-0", "y"],
    ]);
  });

  test("keeps serdes, and that the key was changed", () => {
    const topology = defineApp({ id: "app" }, (builder) => {
      const branches = builder
        .stream("in", text)
        .selectKey((_key, value) => value)
        .split()
        .defaultBranch();
      for (const branch of branches.values()) branch.groupByKey({ key: string() }).count({ store: "s" });
    }).topology;
    const sinks = topology.nodes.flatMap((node) =>
      node.kind === "sink" && "name" in node.topic ? [node.topic.name] : [],
    );
    expect(sinks).toEqual(["s-repartition"]);
  });
});

describe("repartition", () => {
  const counts = (options: { numberOfPartitions?: number }, inputs = 2): ReadonlyMap<string, number> => {
    const { topology } = defineApp({ id: "app" }, (builder) => {
      builder
        .stream("in", text)
        .repartition({ name: "r", ...options })
        .groupByKey()
        .count({ store: "s" });
    });
    return partitionCounts(topology, "app", new Map([["in", inputs]]));
  };

  test("has as many partitions as its input, or as many as are given", () => {
    expect(counts({}).get("app-r-repartition")).toBe(2);
    expect(counts({ numberOfPartitions: 5 }).get("app-r-repartition")).toBe(5);
  });

  test("refuses a number of partitions that is none", () => {
    expect(errorOf(() => counts({ numberOfPartitions: 0 })).message).toMatch(/numberOfPartitions is 0/);
  });

  test("that meets a topic with another fixed number is refused", () => {
    const { topology } = defineApp({ id: "app" }, (builder) => {
      const one = builder.stream("in", text).repartition({ name: "r", numberOfPartitions: 3 });
      one.merge(builder.stream("other", text)).groupByKey().count({ store: "s" });
    });
    const external = new Map([
      ["in", 2],
      ["other", 2],
    ]);
    expect(errorOf(() => partitionCounts(topology, "app", external)).code).toBe("NOT_COPARTITIONED");
  });
});

describe("a topic that is chosen per record", () => {
  const host = (choose: (key: string, value: string) => string): TopologyHost =>
    new TopologyHost((builder) => builder.stream("in", text).to(choose, { topics: ["a", "b"] }));

  test("gets it", () => {
    const chosen = host((key) => key);
    chosen.pipe("in", { key: "b", value: "x", timestampMs: 1 });
    expect(chosen.outputs.map(({ topic }) => topic)).toEqual(["b"]);
  });

  test.for<[string, (key: string) => string, RegExp]>([
    ["was not declared", () => "c", /failed on in-0@0: the topic name extractor answered "c", which is not declared/],
    [
      "cannot be told",
      () => {
        throw new Error("no");
      },
      /failed on in-0@0: the topic name extractor failed: no/,
    ],
  ])("that %s is an error with its place", ([, choose, message]) => {
    const error = errorOf(() => host(choose).pipe("in", { key: "b", value: "x", timestampMs: 1 }));
    expect(error.code).toBe("PROCESSING_FAILED");
    expect(error.message).toMatch(message);
  });
});

test("print writes lines, foreach calls", () => {
  const lines: string[] = [];
  const host = new TopologyHost((builder) => {
    const stream = builder.stream("in", text);
    stream.print({ write: (line) => lines.push(line), label: "words" });
    stream.print({ write: (line) => lines.push(line), mapper: (key) => key });
    stream.foreach((key, value) => lines.push(key + value));
  });
  host.pipe("in", { key: "A", value: "x", timestampMs: 1 });
  expect(lines).toEqual(["[words]: A, x", "[KSTREAM-SOURCE-0000000000]: A", "Ax"]);
});

test("headers keep their order, repeat, and are never changed", () => {
  const first = RecordHeaders.of([{ key: "a", value: null }]);
  const more = first.add("b", "x").add("a", Buffer.from("y"));
  expect([...first].map(({ key }) => key)).toEqual(["a"]);
  expect([...more].map(({ key }) => key)).toEqual(["a", "b", "a"]);
  expect(more.headers("a").map(({ value }) => value?.toString())).toEqual([undefined, "y"]);
  expect(more.lastHeader("a")?.value?.toString()).toBe("y");
  expect(more.lastHeader("c")).toBeUndefined();
  expect([...more.remove("a")].map(({ value }) => value?.toString())).toEqual(["x"]);
});
