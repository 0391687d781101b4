import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { string } from "../../../lib/serde/string.ts";
import { copartitionGroups } from "../../../lib/topology/copartition.ts";
import { describe } from "../../../lib/topology/describe.ts";
import type { Topology } from "../../../lib/topology/node.ts";
import { subTopologies } from "../../../lib/topology/sub-topologies.ts";
import { matchesTopic, topicsByPattern, withTopics } from "../../../lib/topology/topic-patterns.ts";

const text = { key: string(), value: string() };

function built(define: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder();
  define(builder);
  return builder.build();
}

function resolved(topology: Topology, names: readonly string[]): Topology {
  return withTopics(topology, topicsByPattern(topology, names));
}

test.for<[RegExp, string, boolean]>([
  [/in-\d/, "in-1", true],
  [/in-\d/, "in-12", false],
  [/in-\d/, "main-1", false],
  [/a|b/, "ab", false],
  [/IN/i, "in", true],
  [/in/g, "in", true],
])("%s matches %s: %s", ([pattern, topic, expected]) => {
  expect([matchesTopic(pattern, topic), matchesTopic(pattern, topic)]).toEqual([expected, expected]);
});

test("a pattern is described as Kafka Streams describes it, before and after it is known what it stands for", () => {
  const topology = built((builder) => builder.stream(/in-.*/, text).to("out", text));
  const expected = "    Source: KSTREAM-SOURCE-0000000000 (topics: in-.*)";
  expect(describe(topology).split("\n")[2]).toBe(expected);
  expect(describe(resolved(topology, ["in-1"])).split("\n")[2]).toBe(expected);
});

test("it stands for the topics that match, by name, in sub-topologies and co-partition groups", () => {
  const topology = built((builder) => {
    const rows = builder.table("rows", text);
    builder
      .stream(/in-.*/, text)
      .join(rows, (left, right) => left + right)
      .to("out", text);
  });
  const [part] = subTopologies(resolved(topology, ["in-b", "other", "in-a", "rows"]), "app");
  expect(part?.sourceTopics).toEqual(["in-a", "in-b", "rows"]);
  expect(copartitionGroups(resolved(topology, ["in-a"]), "app")).toEqual([["in-a", "rows"]]);
});

test.for<[string, (builder: StreamsBuilder) => void, readonly string[], string]>([
  ["no topic", (builder) => builder.stream(/in-.*/, text).to("out", text), ["in"], "no topic matches /in-.*/"],
  [
    "what another source reads",
    (builder) => builder.stream(/in.*/, text).merge(builder.stream("in1", text)).to("out", text),
    ["in1"],
    "topic in1 is read by",
  ],
  [
    "what another pattern matches",
    (builder) => builder.stream(/in.*/, text).merge(builder.stream(/.*1/, text)).to("out", text),
    ["in1"],
    "topic in1 is read by",
  ],
  [
    "what the application writes",
    (builder) => builder.stream(/.*/, text).to("out", text),
    ["in", "out"],
    "writes topic out",
  ],
])("a pattern that matches %s is refused", ([, define, names, message]) => {
  expect(() => resolved(built(define), names)).toThrow(message);
});

test("the same pattern is read once", () => {
  const topology = built((builder) => {
    builder.stream(/in-.*/, text).to("out", text);
    builder.stream(/in-.*/, text).to("out2", text);
  });
  expect(topology.nodes.filter(({ kind }) => kind === "source")).toHaveLength(1);
});
