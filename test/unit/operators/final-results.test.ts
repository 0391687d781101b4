import { describe, expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { sessionWindows, slidingWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };

function wk({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}/${window.endMs}`;
}

function tumbling(builder: StreamsBuilder): void {
  const windows = timeWindows({ size: 10, grace: 5 });
  const counts = builder.stream("in", text).groupByKey().windowedBy(windows).emitStrategy("onWindowClose").count();
  counts.toStream().selectKey(wk).to("out", { key: string() });
}

function sessions(builder: StreamsBuilder): void {
  const windows = sessionWindows({ gap: 10, grace: 5 });
  const counts = builder.stream("in", text).groupByKey().windowedBy(windows).emitStrategy("onWindowClose").count();
  counts.toStream().selectKey(wk).to("out", { key: string() });
}

function sliding(builder: StreamsBuilder): void {
  const windows = slidingWindows({ timeDifference: 10, grace: 5 });
  const counts = builder.stream("in", text).groupByKey().windowedBy(windows).emitStrategy("onWindowClose").count();
  counts.toStream().selectKey(wk).to("out", { key: string() });
}

const rows: readonly OperatorRow[] = [
  {
    name: "a time window is emitted once, when stream time reaches its end plus grace, with its own timestamp",
    topology: tumbling,
    input: [
      ["A", "x", 3],
      ["A", "x", 7],
      ["A", "x", 14],
      ["A", "late but counted", 4],
      ["B", "x", 15],
      ["A", "late", 4],
      ["B", "x", 16],
    ],
    output: [["A@0/10", 3, 7]],
    drops: ["late"],
  },
  {
    name: "windows that close together come by start, then key",
    topology: tumbling,
    input: [
      ["B", "x", 1],
      ["A", "x", 12],
      ["A", "x", 2],
      ["C", "x", 99],
    ],
    output: [
      ["A@0/10", 1, 2],
      ["B@0/10", 1, 1],
      ["A@10/20", 1, 12],
    ],
  },
  {
    name: "a jump of stream time beyond the retention loses no time window",
    topology: tumbling,
    input: [
      ["A", "x", 3],
      ["A", "x", 1_000_000],
      ["A", "x", 2_000_000],
    ],
    output: [
      ["A@0/10", 1, 3],
      ["A@1000000/1000010", 1, 1_000_000],
    ],
  },
  {
    name: "a session is emitted once, after its end plus gap plus grace, without tombstones",
    topology: sessions,
    input: [
      ["A", "x", 20],
      ["A", "x", 30],
      ["B", "x", 45],
      ["B", "x", 46],
      ["B", "x", 500],
      ["B", "x", 900],
    ],
    output: [
      ["A@20/30", 2, 30],
      ["B@45/46", 2, 46],
      ["B@500/500", 1, 500],
    ],
  },
  {
    name: "a session that ends exactly gap plus grace ago still takes a record, and is emitted with it",
    topology: sessions,
    input: [
      ["A", "x", 20],
      ["B", "x", 35],
      ["A", "x", 20],
      ["B", "x", 36],
    ],
    output: [["A@20/20", 2, 20]],
  },
  {
    name: "a sliding window is emitted once, when stream time has passed its end plus grace",
    topology: sliding,
    input: [
      ["A", "x", 20],
      ["B", "x", 25],
      ["B", "x", 26],
    ],
    output: [["A@10/20", 1, 20]],
  },
];

test.for(rows)("$name", ({ topology, input, output, drops = [] }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual(drops);
});

describe("what closes a window", () => {
  const headers = [{ key: "n", value: Buffer.from("1") }];

  test("gives its headers to a time window, and to a session", () => {
    for (const topology of [tumbling, sessions]) {
      const host = new TopologyHost(topology);
      host.pipe("in", { key: "A", value: "x", timestampMs: 7 });
      const results = host.pipe("in", { key: "A", value: "x", timestampMs: 99, headers });
      expect(results.map((result) => result.headers)).toEqual([headers]);
    }
  });

  test("is remembered in a clock that goes by the name of the store", () => {
    const host = run({ topology: tumbling, input: [["A", "x", 27]] });
    const store = [...host.topology.stores.keys()][0];
    expect(host.clocks.get(`${store}/closed-up-to`)).toEqual({ value: 22 });
  });
});
