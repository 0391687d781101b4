import { describe, expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { SlidingWindowsOptions } from "../../../lib/dsl/windows.ts";
import { slidingWindows, unlimitedWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { In, OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };

function wk({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}/${window.endMs}`;
}

function counting(windows: SlidingWindowsOptions): (builder: StreamsBuilder) => void {
  return (builder) =>
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(slidingWindows(windows))
      .count({ store: "s" })
      .toStream()
      .selectKey(wk)
      .to("out", { key: string() });
}

const rows: readonly OperatorRow[] = [
  {
    name: "a record makes the window that ends at it, and the window behind the record before it",
    topology: counting({ timeDifference: 10, grace: 100 }),
    input: [
      ["A", "x", 20],
      ["A", "x", 25],
    ],
    output: [
      ["A@10/20", 1, 20],
      ["A@21/31", 1, 25],
      ["A@15/25", 2, 25],
    ],
  },
  {
    name: "both ends of a window are inclusive",
    topology: counting({ timeDifference: 10, grace: 100 }),
    input: [
      ["A", "x", 20],
      ["A", "x", 30],
      ["A", "x", 31],
    ],
    output: [
      ["A@10/20", 1, 20],
      ["A@21/31", 1, 30],
      ["A@20/30", 2, 30],
      ["A@21/31", 2, 31],
      ["A@31/41", 1, 31],
    ],
  },
  {
    name: "an out-of-order record changes the windows it is in and makes its own two from what is there",
    topology: counting({ timeDifference: 10, grace: 100 }),
    input: [
      ["A", "x", 20],
      ["A", "x", 28],
      ["A", "x", 24],
    ],
    output: [
      ["A@10/20", 1, 20],
      ["A@21/31", 1, 28],
      ["A@18/28", 2, 28],
      ["A@21/31", 2, 28],
      ["A@18/28", 3, 28],
      ["A@14/24", 2, 24],
      ["A@25/35", 1, 28],
    ],
  },
  {
    name: "records before the difference share the window [0, difference]",
    topology: counting({ timeDifference: 10, grace: 100 }),
    input: [
      ["A", "x", 3],
      ["A", "x", 7],
    ],
    output: [
      ["A@0/10", 1, 3],
      ["A@4/14", 1, 7],
      ["A@0/10", 2, 7],
    ],
  },
  {
    name: "a record is late when its own window ended before stream time minus grace",
    topology: counting({ timeDifference: 10, grace: 5 }),
    input: [
      ["B", "x", 35],
      ["A", "x", 20],
      ["A", "x", 19],
    ],
    output: [["B@25/35", 1, 35]],
    drops: ["late"],
  },
  {
    name: "null keys and null values are dropped and do not move stream time",
    topology: counting({ timeDifference: 10, grace: 0 }),
    input: [
      [null, "x", 99],
      ["A", null, 99],
      ["A", "x", 20],
    ],
    output: [["A@10/20", 1, 20]],
    drops: ["null-key", "null-value"],
  },
  {
    name: "a null result deletes the window's row",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(slidingWindows({ timeDifference: 10, grace: 100 }))
        .reduce((a, v) => (v === "gone" ? null : a + v), { store: "s" })
        .toStream()
        .selectKey(wk)
        .to("out", text),
    input: [
      ["A", "x", 20],
      ["A", "gone", 20],
      ["A", "y", 20],
    ],
    output: [
      ["A@10/20", "x", 20],
      ["A@10/20", null, 20],
      ["A@10/20", "y", 20],
    ],
  },
];

test.for(rows)("$name", ({ topology, input, output, drops = [] }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual(drops);
});

describe("windows as they are defined", () => {
  /** KIP-450: for every record the window that ends at it and the one behind it, if that one is not empty. */
  function windowsOf(timesMs: readonly number[], differenceMs: number): ReadonlyMap<number, number> {
    const starts = timesMs.flatMap((timeMs) => [Math.max(0, timeMs - differenceMs), timeMs + 1]);
    const counts = starts.map((startMs): [number, number] => [
      startMs,
      timesMs.filter((timeMs) => timeMs >= startMs && timeMs <= startMs + differenceMs).length,
    ]);
    return new Map(counts.filter(([, count]) => count > 0));
  }

  test.for(Array.from({ length: 40 }, (_, seed) => seed))("hold whatever the order of records, seed %i", (seed) => {
    let state = seed + 1;
    const below = (max: number): number => {
      state = (Math.imul(state, 48271) >>> 0) % 0x7fffffff;
      return state % max;
    };
    const timesMs = Array.from({ length: 12 }, () => below(40));
    const input = timesMs.map((timeMs): In => ["A", "x", timeMs]);
    const host = run({ topology: counting({ timeDifference: 7, grace: 1_000 }), input });
    expect(new Map(host.windows("s").map(([, startMs, count]) => [startMs, count]))).toEqual(windowsOf(timesMs, 7));
  });
});

test("aggregates that are changed in place do not mix: a new window has a copy", () => {
  const host = run({
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(slidingWindows({ timeDifference: 10, grace: 100 }))
        .aggregate<string[]>(
          () => [],
          (_k, v, a) => {
            a.push(v);
            return a;
          },
          { store: "s", value: json<string[]>() },
        )
        .toStream()
        .to("out"),
    input: [
      ["A", "x", 20],
      ["A", "y", 28],
      ["A", "z", 24],
    ],
  });
  expect(host.windows("s").map(([, startMs, value]) => [startMs, value])).toEqual([
    [10, ["x"]],
    [14, ["x", "z"]],
    [18, ["x", "y", "z"]],
    [21, ["y", "z"]],
    [25, ["y"]],
  ]);
});

test("it tells which windows a source record reads", () => {
  const host = new TopologyHost(counting({ timeDifference: 10, grace: 0 }));
  expect(host.graph("in").touches("in", "A", 13)).toEqual([{ store: "s", from: "A", to: "A", fromMs: 0, toMs: 14 }]);
});

test("a retention below 2 * timeDifference + grace is refused", () => {
  const define = (builder: StreamsBuilder): void => {
    const windows = slidingWindows({ timeDifference: 10, grace: 5 });
    builder.stream("in", text).groupByKey().windowedBy(windows).count({ retention: 24 });
  };
  expect(() => new TopologyHost(define)).toThrow(/CONFIG_INVALID.*2 \* timeDifference \+ grace = 25 ms/);
});

test("windows that keep nothing are refused", () => {
  expect(() => slidingWindows({ timeDifference: 0, grace: 0 })).toThrow(/CONFIG_INVALID.*raise one of them/);
});

describe("unlimited windows", () => {
  const topology = (builder: StreamsBuilder): void => {
    const stream = builder.stream("in", { key: string(), value: int64() });
    const windowed = stream.groupByKey().windowedBy(unlimitedWindows({ startMs: 1_000 }));
    windowed
      .reduce((a, b) => a + b, { store: "s" })
      .toStream()
      .to("out");
  };

  test("hold every record from their start on, and none before", () => {
    const input: In[] = [
      ["A", 1, 2_000_000_000_000],
      ["A", 2, 1_000],
      ["A", 4, 999],
    ];
    const host = run({ topology, input });
    const window = { startMs: 1_000, endMs: Number.MAX_SAFE_INTEGER };
    expect(host.outputs.map(plain)).toEqual([
      [{ key: "A", window }, 1, 2_000_000_000_000],
      [{ key: "A", window }, 3, 2_000_000_000_000],
    ]);
    expect(reasons(host)).toEqual([]);
  });

  test("a source record reads the one window of its key", () => {
    const touched = new TopologyHost(topology).graph("in").touches("in", "A", 5_000);
    expect(touched).toEqual([{ store: "s", from: "A", to: "A", fromMs: 1_000, toMs: 1_000 }]);
  });

  test.for([-1, 0.5, Number.NaN])("do not start at %s", (startMs) => {
    expect(() => unlimitedWindows({ startMs })).toThrow(/CONFIG_INVALID.*unlimitedWindows starts at/);
  });
});
