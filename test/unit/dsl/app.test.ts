import { expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { string } from "../../../lib/serde/string.ts";
import { deadLetter } from "../../../lib/topology/exception-handler.ts";

const define = (builder: StreamsBuilder): void => builder.stream("in", { key: string(), value: string() }).to("out");

test("an app is its id and its topology, frozen", () => {
  const app = defineApp({ id: "my-app-2" }, define);
  expect(app.id).toBe("my-app-2");
  expect(app.topology.nodes.map((node) => node.kind)).toEqual(["source", "sink"]);
  expect(Object.isFrozen(app)).toBe(true);
});

test.for(["", "a", "My-app", "2app", "my_app", "my.app", "my app", `a${"b".repeat(49)}`])("refuses the id %j", (id) => {
  expect(() => defineApp({ id }, define)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", details: { id } }));
});

test("takes an id of 49 characters", () => {
  expect(defineApp({ id: `a${"b".repeat(48)}` }, define).id).toHaveLength(49);
});

test("keeps the number of pins that is asked for", () => {
  expect(defineApp({ id: "app", pins: 4 }, define).pins).toBe(4);
  expect(defineApp({ id: "app" }, define).pins).toBeUndefined();
});

test.for([0, -1, 1.5, Number.NaN])("refuses %d pins", (pins) => {
  expect(() => defineApp({ id: "app", pins }, define)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test("has Kafka Streams' handlers, which stop, where none are given", () => {
  const { exceptionHandlers } = defineApp({ id: "app", processingExceptionHandler: deadLetter("dead") }, define);
  expect(exceptionHandlers).toEqual({
    deserialization: { kind: "fail" },
    processing: { kind: "dead-letter", topic: "dead" },
    production: { kind: "fail" },
  });
});

test("does not read its own dead letters", () => {
  const productionExceptionHandler = deadLetter("in");
  expect(() => defineApp({ id: "app", productionExceptionHandler }, define)).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID", details: { topic: "in", node: "KSTREAM-SOURCE-0000000000" } }),
  );
});

test("refuses dead letters to a topic that cannot be", () => {
  const processingExceptionHandler = deadLetter("no spaces");
  expect(() => defineApp({ id: "app", processingExceptionHandler }, define)).toThrow('topic name "no spaces" must be');
});
