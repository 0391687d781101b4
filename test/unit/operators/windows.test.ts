import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { TimeWindowsOptions } from "../../../lib/dsl/windows.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import { firstWindowStart } from "../../../lib/operators/window-aggregate.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };

function wk({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}/${window.endMs}`;
}

function counting(windows: TimeWindowsOptions): (builder: StreamsBuilder) => void {
  return (builder) =>
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(timeWindows(windows))
      .count({ store: "s" })
      .toStream()
      .selectKey(wk)
      .to("out", { key: string() });
}

const rows: readonly OperatorRow[] = [
  {
    name: "a tumbling window includes its start and excludes its end",
    topology: counting({ size: 10, grace: 100 }),
    input: [
      ["A", "x", 0],
      ["A", "x", 9],
      ["A", "x", 10],
      ["A", "x", 19],
    ],
    output: [
      ["A@0/10", 1, 0],
      ["A@0/10", 2, 9],
      ["A@10/20", 1, 10],
      ["A@10/20", 2, 19],
    ],
  },
  {
    name: "a record belongs to every hopping window that holds it, in ascending order",
    topology: counting({ size: 10, advance: 4, grace: 100 }),
    input: [
      ["A", "x", 13],
      ["A", "x", 3],
    ],
    output: [
      ["A@4/14", 1, 13],
      ["A@8/18", 1, 13],
      ["A@12/22", 1, 13],
      ["A@0/10", 1, 3],
    ],
  },
  {
    name: "no hopping window starts before zero",
    topology: counting({ size: 10, advance: 5, grace: 100 }),
    input: [["A", "x", 2]],
    output: [["A@0/10", 1, 2]],
  },
  {
    name: "a window takes records until its end plus grace, exclusive, in stream time",
    topology: counting({ size: 10, grace: 5 }),
    input: [
      ["A", "x", 14],
      ["A", "x", 3],
      ["B", "x", 15],
      ["A", "x", 3],
    ],
    output: [
      ["A@10/20", 1, 14],
      ["A@0/10", 1, 3],
      ["B@10/20", 1, 15],
    ],
    drops: ["late"],
  },
  {
    name: "each window of a hopping record is late on its own",
    topology: counting({ size: 10, advance: 5, grace: 0 }),
    input: [
      ["A", "x", 16],
      ["A", "x", 12],
    ],
    output: [
      ["A@10/20", 1, 16],
      ["A@15/25", 1, 16],
      ["A@10/20", 2, 16],
    ],
    drops: ["late"],
  },
  {
    name: "null keys are dropped and do not move stream time; null values count",
    topology: counting({ size: 10, grace: 0 }),
    input: [
      [null, "x", 99],
      ["A", null, 5],
      ["A", "x", 6],
    ],
    output: [
      ["A@0/10", 1, 5],
      ["A@0/10", 2, 6],
    ],
    drops: ["null-key"],
  },
  {
    name: "a result has the largest timestamp of its window so far",
    topology: counting({ size: 10, grace: 5 }),
    input: [
      ["A", "x", 7],
      ["A", "x", 2],
      ["A", "x", 8],
    ],
    output: [
      ["A@0/10", 1, 7],
      ["A@0/10", 2, 7],
      ["A@0/10", 3, 8],
    ],
  },
  {
    name: "a windowed aggregate gets null values, and a null result deletes the window's row",
    topology: (builder) =>
      builder
        .stream<string, string | null>("in", text)
        .groupByKey()
        .windowedBy(timeWindows({ size: 10, grace: 5 }))
        .aggregate(
          () => "",
          (_k, v, a) => (v === "gone" ? null : a + (v ?? "-")),
          { store: "s", value: string() },
        )
        .toStream()
        .selectKey(wk)
        .to("out", text),
    input: [
      ["A", "x", 5],
      ["A", null, 6],
      ["A", "gone", 7],
      ["A", "y", 1],
    ],
    output: [
      ["A@0/10", "x", 5],
      ["A@0/10", "x-", 6],
      ["A@0/10", null, 7],
      ["A@0/10", "y", 1],
    ],
  },
  {
    name: "a windowed reduce takes the first value as it is and starts anew after a deletion",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(timeWindows({ size: 10, grace: 5 }))
        .reduce((a, v) => (v === "gone" ? null : a + v), { store: "s" })
        .toStream()
        .selectKey(wk)
        .to("out", text),
    input: [
      ["A", "gone", 5],
      ["A", "x", 6],
      ["A", "gone", 7],
      ["A", "y", 8],
    ],
    output: [
      ["A@0/10", "gone", 5],
      ["A@0/10", "gonex", 6],
      ["A@0/10", null, 7],
      ["A@0/10", "y", 8],
    ],
  },
];

test.for(rows)("$name", ({ topology, input, output, drops = [] }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual(drops);
});

test.for([
  { timestampMs: 0, sizeMs: 10, advanceMs: 10, start: 0 },
  { timestampMs: 10, sizeMs: 10, advanceMs: 10, start: 10 },
  { timestampMs: 9, sizeMs: 10, advanceMs: 4, start: 0 },
  { timestampMs: 10, sizeMs: 10, advanceMs: 4, start: 4 },
  { timestampMs: 1_700_000_000_123, sizeMs: 5_000, advanceMs: 1_000, start: 1_699_999_996_000 },
])("the first window of size $sizeMs by $advanceMs that holds $timestampMs starts at $start", (row) => {
  const { timestampMs, sizeMs, advanceMs, start } = row;
  expect(firstWindowStart(timestampMs, { sizeMs, advanceMs, graceMs: 0 })).toBe(start);
});

test("the store holds the open windows, and stream time is a clock that goes by the name of the store", () => {
  const host = run({
    topology: counting({ size: 10, grace: 0 }),
    input: [
      ["A", "x", 5],
      ["B", "x", 12],
      ["A", "x", 31],
    ],
  });
  expect(host.windows("s")).toEqual([["A", 30, 1, 31]]);
  expect([...host.clocks]).toEqual([["s/stream-time", { value: 31 }]]);
});

test("headers of the triggering record are on every window's result", () => {
  const host = new TopologyHost(counting({ size: 10, advance: 5, grace: 0 }));
  const headers = [{ key: "n", value: Buffer.from("1") }];
  const results = host.pipe("in", { key: "A", value: "x", timestampMs: 7, headers });
  expect(results.map((result) => result.headers)).toEqual([headers, headers]);
});

test("a sink without a key serde writes windowed keys in Kafka's bytes", () => {
  const host = new TopologyHost((builder) => {
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(timeWindows({ size: 10, grace: 0 }))
      .count()
      .toStream()
      .to("out");
  });
  expect(host.pipe("in", { key: "A", value: "x", timestampMs: 12 }).map(plain)).toEqual([
    [{ key: "A", window: { startMs: 10, endMs: 20 } }, 1, 12],
  ]);
});

test("a windowed aggregation tells which windows a source record reads", () => {
  const host = new TopologyHost(counting({ size: 10, advance: 4, grace: 0 }));
  expect(host.graph("in").touches("in", "A", 13)).toEqual([{ store: "s", from: "A", to: "A", fromMs: 4, toMs: 12 }]);
});

test("a windowed count never decodes the value", () => {
  const host = new TopologyHost((builder) => {
    builder
      .stream("in", { key: string(), value: int64() })
      .groupByKey()
      .windowedBy(timeWindows({ size: 10, grace: 0 }))
      .count()
      .toStream()
      .to("out");
  });
  // Two bytes are no int64: decoding them would throw.
  const record = { key: Buffer.from("A"), value: Buffer.from("no"), timestampMs: 12, headers: [] };
  expect(host.pipeBytes("in", record).map(({ value }) => value)).toEqual([1]);
});
