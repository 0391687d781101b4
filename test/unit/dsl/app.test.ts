import { expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { string } from "../../../lib/serde/string.ts";

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
