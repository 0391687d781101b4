import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";

const text = { key: string(), value: string() };
const record = { key: "A", value: "x", timestampMs: 1 };

test("a topic that the sub-topology does not read has no source", () => {
  const host = new TopologyHost((builder) => builder.stream("in", text).to("out"));
  expect(() => host.graph("in").source("elsewhere")).toThrow(expect.objectContaining({ code: "INVARIANT_BROKEN" }));
});

test("a source that reads several topics is entered from each of them", () => {
  const host = new TopologyHost((builder) => builder.stream(["a", "b"], text).to("out"));
  expect(host.graph("a").source("a")).toBe(host.graph("a").source("b"));
});

test("a node that is reached on two ways has one instance, called once for each way", () => {
  let created = 0;
  const host = new TopologyHost((builder) => {
    const all = builder.stream("in", text);
    all
      .filter(() => true)
      .merge(all.mapValues((value) => `${value}2`))
      .groupByKey(text)
      .aggregate(
        () => `${++created}:`,
        (_key, value, before) => before + value,
        { store: "s", value: string() },
      )
      .toStream()
      .to("out");
  });
  expect(host.pipe("in", record).map(({ value }) => value)).toEqual(["1:x", "1:xx2"]);
});

test("nothing below a node is fine", () => {
  const host = new TopologyHost((builder) => builder.stream("in", text).filter(() => true));
  expect(host.pipe("in", record)).toEqual([]);
});

const failures: readonly { name: string; define: (builder: StreamsBuilder) => void; error: object }[] = [
  {
    name: "a user's function",
    define: (builder) =>
      builder
        .stream("in", text)
        .filter(() => true)
        .mapValues((): string => {
          throw new TypeError("no such thing");
        })
        .to("out", text),
    error: {
      code: "PROCESSING_FAILED",
      message: "PROCESSING_FAILED: KSTREAM-MAPVALUES-0000000002 failed on in-0@0: no such thing",
      details: { node: "KSTREAM-MAPVALUES-0000000002", topic: "in", partition: 0, offset: 0 },
      cause: new TypeError("no such thing"),
    },
  },
  {
    name: "something that is not an error",
    define: (builder) =>
      builder.stream("in", text).peek(() => {
        throw "a text";
      }),
    error: {
      code: "PROCESSING_FAILED",
      message: "PROCESSING_FAILED: KSTREAM-PEEK-0000000001 failed on in-0@0: a text",
    },
  },
  {
    name: "a serde of a sink",
    define: (builder) =>
      builder
        .stream("in", text)
        .mapValues(() => 0.5)
        .to("out", { value: int64() }),
    error: {
      code: "SERIALIZATION_FAILED",
      message: expect.stringContaining(
        "KSTREAM-SINK-0000000002 could not write what came from in-0@0 to out (key string, value int64)",
      ),
    },
  },
  {
    name: "a serde of a store's key",
    define: (builder) =>
      builder
        .stream("in", text)
        .groupByKey({ key: { ...string(), id: "broken", write: () => JSON.parse("{") } })
        .count(),
    error: { code: "PROCESSING_FAILED", details: expect.objectContaining({ node: "KSTREAM-AGGREGATE-0000000002" }) },
  },
];

test.for(failures)("what $name throws names node and record", ({ define, error }) => {
  expect(() => new TopologyHost(define).pipe("in", record)).toThrow(expect.objectContaining(error));
});
