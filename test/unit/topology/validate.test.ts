import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { string } from "../../../lib/serde/string.ts";

const text = { key: string(), value: string() };

const rows: readonly { name: string; define: (builder: StreamsBuilder) => void; says: RegExp }[] = [
  { name: "a topology that reads nothing", define: () => {}, says: /reads no topic: start with builder\.stream/ },
  {
    name: "two nodes of one name",
    define: (b) =>
      b
        .stream("in", text)
        .filter(() => true, { name: "same" })
        .filter(() => true, { name: "same" }),
    says: /two nodes are named same/,
  },
  {
    name: "two stores of one name",
    define: (b) => {
      b.stream("in", text).groupByKey().count({ store: "s" });
      b.table("users", { ...text, store: "s" });
    },
    says: /KTABLE-SOURCE-\d+ uses store s, which another node has: rename one/,
  },
  {
    name: "a topic that is read as a stream and within another list of topics",
    define: (b) => {
      b.stream("in", text);
      b.stream(["in", "other"], text);
    },
    says: /topic in is read by KSTREAM-SOURCE-0000000000 and by KSTREAM-SOURCE-0000000001/,
  },
  {
    name: "a topic that is read twice with other serdes",
    define: (b) => {
      b.stream("in", text);
      b.stream("in", { key: string(), value: { parse: String } });
    },
    says: /KSTREAM-SOURCE-0000000001 reads in again, with other serdes or settings than KSTREAM-SOURCE-0000000000/,
  },
  {
    name: "a sink on an own source topic",
    define: (b) => b.stream("in", text).to("in"),
    says: /KSTREAM-SINK-0000000001 writes topic in, which KSTREAM-SOURCE-0000000000 of the same application reads/,
  },
  {
    name: "a topic name that Kafka refuses",
    define: (b) => b.stream("in put", text),
    says: /topic name "in put" must be/,
  },
  { name: "a topic name of dots", define: (b) => b.stream("..", text), says: /topic name "\.\." must be/ },
  {
    name: "a store name that cannot be part of a topic name",
    define: (b) => b.table("in", { ...text, store: "a/b" }),
    says: /store name "a\/b" must be/,
  },
  {
    name: "a topic name that is too long",
    define: (b) => b.stream("in", text).to("x".repeat(250)),
    says: /must be 1 to 249 letters/,
  },
  { name: "an empty list of topics", define: (b) => b.stream([], text), says: /stream needs a topic/ },
];

test.for(rows)("refuses $name, naming it", ({ define, says }) => {
  const builder = new StreamsBuilder();
  const building = (): void => {
    define(builder);
    builder.build();
  };
  expect(building).toThrow(expect.objectContaining({ code: "TOPOLOGY_INVALID", message: expect.stringMatching(says) }));
});

test("a topology is frozen data", () => {
  const builder = new StreamsBuilder();
  builder.stream("in", text).groupByKey().count({ store: "s" }).toStream().to("out");
  const topology = builder.build();
  expect(Object.isFrozen(topology)).toBe(true);
  expect(topology.nodes.every((node) => Object.isFrozen(node))).toBe(true);
  expect(Object.isFrozen(topology.stores.get("s"))).toBe(true);
});
