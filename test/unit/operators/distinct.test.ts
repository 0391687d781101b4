import { describe, expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { DistinctOptions } from "../../../lib/dsl/distinct.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { describe as describeTopology } from "../../../lib/topology/describe.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };

function distinct(
  options: Partial<DistinctOptions<string, string>> = {},
  by?: (value: string) => number,
): (builder: StreamsBuilder) => void {
  const all = { within: 10, grace: 5, store: "seen", ...options };
  return (builder) => {
    const stream = builder.stream("in", text);
    const once = by === undefined ? stream.distinct(all) : stream.distinct({ ...all, by, id: int64() });
    once.to("out");
  };
}

const rows: readonly OperatorRow[] = [
  {
    name: "the first record of a key goes on, others less than `within` away do not",
    topology: distinct(),
    input: [
      ["A", "x", 10],
      ["A", "y", 19],
      ["B", "z", 19],
      ["A", "w", 20],
    ],
    output: [
      ["A", "x", 10],
      ["B", "z", 19],
      ["A", "w", 20],
    ],
    drops: ["duplicate"],
  },
  {
    name: "what was dropped does not count: a steady stream lets one through per `within`",
    topology: distinct(),
    input: [0, 4, 8, 12, 16, 20].map((timestampMs) => ["A", "x", timestampMs] as const),
    output: [
      ["A", "x", 0],
      ["A", "x", 12],
    ],
  },
  {
    name: "an earlier record that comes later meets the one that went on, on either side",
    topology: distinct({ grace: 50 }),
    input: [
      ["A", "x", 40],
      ["A", "y", 31],
      ["A", "z", 30],
      ["A", "w", 35],
    ],
    output: [
      ["A", "x", 40],
      ["A", "z", 30],
    ],
  },
  {
    name: "what is older than grace is late, whether it came before or not",
    topology: distinct(),
    input: [
      ["A", "x", 20],
      ["A", "y", 15],
      ["B", "y", 15],
      ["B", "z", 14],
    ],
    output: [
      ["A", "x", 20],
      ["B", "y", 15],
    ],
    drops: ["duplicate", "late"],
  },
  {
    name: "null keys are dropped, null values are records",
    topology: distinct(),
    input: [
      [null, "x", 1],
      ["A", null, 1],
      ["A", "x", 2],
    ],
    output: [["A", null, 1]],
    drops: ["null-key", "duplicate"],
  },
  {
    name: "an id tells records of one key apart, and keys stay apart",
    topology: distinct({}, (value) => value.length),
    input: [
      ["A", "x", 1],
      ["A", "xx", 2],
      ["A", "y", 3],
      ["AA", "y", 3],
      ["A", "zz", 30],
    ],
    output: [
      ["A", "x", 1],
      ["A", "xx", 2],
      ["AA", "y", 3],
      ["A", "zz", 30],
    ],
  },
];

describe("distinct", () => {
  test.for(rows)("$name", (row) => {
    const host = run(row);
    expect(host.outputs.map(plain)).toEqual(row.output);
    if (row.drops !== undefined) expect(reasons(host)).toEqual(row.drops);
  });

  test("keeps no more than within and grace", () => {
    const host = new TopologyHost(distinct());
    for (let timestampMs = 0; timestampMs <= 100; timestampMs += 10) {
      host.pipe("in", { key: "A", value: "x", timestampMs });
    }
    expect(host.windows("seen").map(([, startMs]) => startMs)).toEqual([90, 100]);
  });

  test("goes through a repartition topic when the key has changed, and hands out what is late", () => {
    const host = new TopologyHost((builder) => {
      builder
        .stream("in", text)
        .selectKey((_key, value) => value.length)
        .distinct({
          within: 10,
          grace: 5,
          name: "once",
          key: int64(),
          onLate: (late) => late.to("late", { value: string() }),
        })
        .to("out", { value: string() });
    });
    expect(describeTopology(host.topology)).toContain("once-repartition");
    const outputs = [
      ["A", "x", 20],
      ["B", "y", 21],
      ["B", "z", 1],
    ].flatMap(([key, value, timestampMs]) => host.pipe("in", { key, value, timestampMs: Number(timestampMs) }));
    expect(outputs.map(({ topic, ...record }) => [topic, ...plain(record)])).toEqual([
      ["out", 1, "x", 20],
      ["late", 1, "z", 1],
    ]);
  });

  test("needs a span", () => {
    expect(() => new TopologyHost(distinct({ within: 0 }))).toThrow(/within 0 ms/);
  });
});
