import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";

let reads = 0;
const counting: Serde<string> = {
  ...string(),
  id: "counting",
  read: (...args) => {
    reads++;
    return string().read(...args);
  },
};
const byKey = { key: counting, value: string() };

test.for<[string, (builder: StreamsBuilder) => void]>([
  [
    "KTable.mapValues",
    (builder) =>
      builder
        .table("in", byKey)
        .mapValues((value) => value)
        .toStream()
        .to("out", byKey),
  ],
  [
    "mapValues of a table that a join reads",
    (builder) => {
      const table = builder.table("in", byKey).mapValues((value) => value);
      builder
        .stream("other", byKey)
        .join(table, (left) => left)
        .to("joined", byKey);
      table.toStream().to("out", byKey);
    },
  ],
  [
    "KTable.join",
    (builder) => {
      const table = builder.table("in", byKey);
      table
        .outerJoin(builder.table("other", byKey), (left, right) => `${left}${right}`)
        .toStream()
        .to("out", byKey);
    },
  ],
  [
    "KTable.join by a foreign key in the value",
    (builder) => {
      const table = builder.table("in", byKey);
      const other = builder.table("other", { key: string(), value: string() });
      table
        .leftJoin(other, (left, right) => `${left}${right}`, { foreignKey: (value) => value })
        .toStream()
        .to("out", byKey);
    },
  ],
])("%s does not decode the key for a function that does not take it", ([, define]) => {
  const host = new TopologyHost(define);
  const key = Buffer.from("k");
  reads = 0;
  host.pipeBytes("in", { key, value: Buffer.from("v"), timestampMs: 1, headers: [] });
  expect([host.outputs.length, reads], "read once: by this test").toEqual([1, 1]);
});

test.for<[string, (builder: StreamsBuilder) => void]>([
  [
    "flatMap",
    (builder) =>
      builder
        .stream("in", { key: string(), value: counting })
        .flatMap((key) => [[key, "v"] as const])
        .to("out", { key: string(), value: string() }),
  ],
  [
    "the key selector of a join with a global table",
    (builder) => {
      const global = builder.globalTable("global", { key: string(), value: string() });
      builder
        .stream("in", { key: string(), value: counting })
        .join(
          global,
          (key) => key,
          (value) => value,
        )
        .to("out", { value: string() });
    },
  ],
])("%s does not decode the value for a function that takes the key only", ([, define]) => {
  const host = new TopologyHost(define);
  reads = 0;
  host.pipe("in", { key: "k", value: "x", timestampMs: 1 });
  expect(reads).toBe(0);
});
