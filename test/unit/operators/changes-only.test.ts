import { describe, expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { sessionWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };

const rows: readonly OperatorRow[] = [
  {
    name: "a row that stays the same is not forwarded, nor a deletion of nothing",
    topology: (builder) => builder.table("in", text).changesOnly().toStream().to("out"),
    input: [
      ["A", "x", 1],
      ["A", "x", 2],
      ["B", null, 3],
      ["A", "y", 4],
      ["A", null, 5],
      ["A", null, 6],
      ["A", "y", 7],
    ],
    output: [
      ["A", "x", 1],
      ["A", "y", 4],
      ["A", null, 5],
      ["A", "y", 7],
    ],
    drops: ["unchanged", "unchanged", "unchanged"],
  },
  {
    name: "values are compared by their bytes, behind a mapper too",
    topology: (builder) =>
      builder
        .table("in", text)
        .mapValues((value) => ({ length: value.length }))
        .changesOnly({ value: json() })
        .toStream()
        .to("out"),
    input: [
      ["A", "ab", 1],
      ["A", "cd", 2],
      ["A", "c", 3],
    ],
    output: [
      ["A", { length: 2 }, 1],
      ["A", { length: 1 }, 3],
    ],
  },
  {
    name: "an aggregate that is changed in place is still compared with what it was",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .aggregate<{ seen: string[] }>(
          () => ({ seen: [] }),
          (_key, value, aggregate) => {
            if (!aggregate.seen.includes(value)) aggregate.seen.push(value);
            return aggregate;
          },
          { value: json() },
        )
        .changesOnly()
        .toStream()
        .to("out"),
    input: [
      ["A", "x", 1],
      ["A", "x", 2],
      ["A", "y", 3],
      ["A", "x", 4],
    ],
    output: [
      ["A", { seen: ["x"] }, 1],
      ["A", { seen: ["x", "y"] }, 3],
    ],
  },
  {
    name: "of windows, each by itself",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(timeWindows({ size: 10, grace: 50 }))
        .reduce((a, b) => (a > b ? a : b))
        .changesOnly({ store: "highest" })
        .toStream()
        .selectKey(({ key, window }) => `${key}@${window.startMs}`)
        .to("out", { key: string() }),
    input: [
      ["A", "m", 1],
      ["A", "c", 2],
      ["A", "c", 12],
      ["A", "m", 3],
      ["A", "z", 4],
    ],
    output: [
      ["A@0", "m", 1],
      ["A@10", "c", 12],
      ["A@0", "z", 4],
    ],
  },
  {
    name: "of sessions",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(sessionWindows({ gap: 10, grace: 50 }))
        .count()
        .changesOnly()
        .toStream()
        .selectKey(({ key, window }) => `${key}@${window.startMs}-${window.endMs}`)
        .to("out", { key: string() }),
    input: [
      ["A", "x", 1],
      ["A", "x", 5],
    ],
    output: [
      ["A@1-1", 1, 1],
      ["A@1-1", null, 1],
      ["A@1-5", 2, 5],
    ],
  },
  {
    name: "versions that come out of order are dropped",
    topology: (builder) =>
      builder
        .table("in", { ...text, store: versionedKeyValue("versions", 100) })
        .changesOnly()
        .toStream()
        .to("out"),
    input: [
      ["A", "x", 10],
      ["A", "y", 5],
      ["A", "x", 11],
    ],
    output: [["A", "x", 10]],
    drops: ["out-of-order", "unchanged"],
  },
];

describe("changesOnly", () => {
  test.for(rows)("$name", (row) => {
    const host = run(row);
    expect(host.outputs.map(plain)).toEqual(row.output);
    if (row.drops !== undefined) expect(reasons(host)).toEqual(row.drops);
  });

  test("gives a group below the value that went on last as the old one", () => {
    const host = new TopologyHost((builder: StreamsBuilder) =>
      builder
        .table("in", text)
        .mapValues((value) => value.length)
        .changesOnly({ value: int64() })
        .groupBy((_key, length) => ["all", length], { key: string(), value: int64() })
        .reduce(
          (sum, length) => sum + length,
          (sum, length) => sum - length,
        )
        .toStream()
        .to("out"),
    );
    for (const value of ["ab", "cd", "e", null]) host.pipe("in", { key: "A", value, timestampMs: 1 });
    expect(host.outputs.map(({ value }) => value)).toEqual([2, 1, 0]);
  });

  test("keeps windows as long as the table does", () => {
    const host = new TopologyHost((builder: StreamsBuilder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(timeWindows({ size: 10, grace: 0 }))
        .count()
        .changesOnly({ store: "last" })
        .toStream()
        .to("out"),
    );
    for (const timestampMs of [1, 11, 21, 31]) host.pipe("in", { key: "A", value: "x", timestampMs });
    expect(host.windows("last").map(([, startMs]) => startMs)).toEqual([30]);
  });

  test("needs to know how values are written", () => {
    const define = (builder: StreamsBuilder): void => {
      builder
        .table("in", text)
        .mapValues((value) => value.length)
        .changesOnly();
    };
    expect(() => new TopologyHost(define)).toThrow(/changesOnly\(\{ value \}\)/);
  });
});
