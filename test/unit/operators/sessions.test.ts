import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { SessionWindowsOptions } from "../../../lib/dsl/windows.ts";
import { sessionWindows } from "../../../lib/dsl/windows.ts";
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

function counting(windows: SessionWindowsOptions): (builder: StreamsBuilder) => void {
  return (builder) =>
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(sessionWindows(windows))
      .count({ store: "s" })
      .toStream()
      .selectKey(wk)
      .to("out", { key: string() });
}

const rows: readonly OperatorRow[] = [
  {
    name: "records at most a gap apart are one session, and its former row is deleted first",
    topology: counting({ gap: 10, grace: 100 }),
    input: [
      ["A", "x", 20],
      ["A", "x", 30],
      ["A", "x", 41],
    ],
    output: [
      ["A@20/20", 1, 20],
      ["A@20/20", null, 20],
      ["A@20/30", 2, 30],
      ["A@41/41", 1, 41],
    ],
  },
  {
    name: "a record between two sessions joins them; both are deleted, the earlier one first",
    topology: counting({ gap: 10, grace: 100 }),
    input: [
      ["A", "x", 40],
      ["A", "x", 20],
      ["A", "x", 30],
    ],
    output: [
      ["A@40/40", 1, 40],
      ["A@20/20", 1, 20],
      ["A@20/20", null, 20],
      ["A@40/40", null, 40],
      ["A@20/40", 3, 40],
    ],
  },
  {
    name: "a record inside a session gives a deletion and a result of the same session",
    topology: counting({ gap: 10, grace: 100 }),
    input: [
      ["A", "x", 20],
      ["A", "x", 30],
      ["A", "x", 25],
    ],
    output: [
      ["A@20/20", 1, 20],
      ["A@20/20", null, 20],
      ["A@20/30", 2, 30],
      ["A@20/30", null, 30],
      ["A@20/30", 3, 30],
    ],
  },
  {
    name: "a second record at the time of a session of one record deletes nothing",
    topology: counting({ gap: 10, grace: 100 }),
    input: [
      ["A", "x", 20],
      ["A", "x", 20],
    ],
    output: [
      ["A@20/20", 1, 20],
      ["A@20/20", 2, 20],
    ],
  },
  {
    name: "a session takes records until its end plus gap plus grace, inclusive, in stream time of all keys",
    topology: counting({ gap: 10, grace: 5 }),
    input: [
      ["B", "x", 35],
      ["A", "x", 20],
      ["B", "x", 36],
      ["A", "x", 20],
    ],
    output: [
      ["B@35/35", 1, 35],
      ["A@20/20", 1, 20],
      ["B@35/35", null, 35],
      ["B@35/36", 2, 36],
    ],
    drops: ["late"],
  },
  {
    name: "a late record that extends an open session counts: what would be its end decides",
    topology: counting({ gap: 10, grace: 0 }),
    input: [
      ["A", "x", 28],
      ["B", "x", 35],
      ["A", "x", 20],
    ],
    output: [
      ["A@28/28", 1, 28],
      ["B@35/35", 1, 35],
      ["A@28/28", null, 28],
      ["A@20/28", 2, 28],
    ],
  },
  {
    name: "null keys are dropped and do not move stream time; null values count",
    topology: counting({ gap: 10, grace: 0 }),
    input: [
      [null, "x", 99],
      ["A", null, 5],
    ],
    output: [["A@5/5", 1, 5]],
    drops: ["null-key"],
  },
  {
    name: "the merger is called for every session, with the initializer's value first; the record comes last",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(sessionWindows({ gap: 10, grace: 100 }))
        .aggregate(
          () => "i",
          (_k, v, a) => (v === "gone" ? null : a + v),
          { merger: (_k, a, b) => `(${a}|${b})`, store: "s", value: string() },
        )
        .toStream()
        .selectKey(wk)
        .to("out", text),
    input: [
      ["A", "x", 40],
      ["A", "y", 20],
      ["A", "z", 30],
      ["A", "gone", 50],
      ["A", "w", 50],
    ],
    output: [
      ["A@40/40", "ix", 40],
      ["A@20/20", "iy", 20],
      ["A@20/20", null, 20],
      ["A@40/40", null, 40],
      ["A@20/40", "((i|iy)|ix)z", 40],
      ["A@20/40", null, 40],
      ["A@20/50", null, 50],
      ["A@50/50", "iw", 50],
    ],
  },
  {
    name: "a reducer joins sessions and then adds the value; a first value is taken as it is",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(sessionWindows({ gap: 10, grace: 100 }))
        .reduce((a, v) => a + v, { store: "s" })
        .toStream()
        .selectKey(wk)
        .to("out", text),
    input: [
      ["A", "x", 40],
      ["A", "y", 20],
      ["A", "z", 30],
    ],
    output: [
      ["A@40/40", "x", 40],
      ["A@20/20", "y", 20],
      ["A@20/20", null, 20],
      ["A@40/40", null, 40],
      ["A@20/40", "yxz", 40],
    ],
  },
];

test.for(rows)("$name", ({ topology, input, output, drops = [] }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual(drops);
});

test("the store holds the sessions, and stream time is a clock that goes by the name of the store", () => {
  const host = run({
    topology: counting({ gap: 10, grace: 100 }),
    input: [
      ["A", "x", 20],
      ["A", "x", 30],
      ["B", "x", 25],
    ],
  });
  expect(host.sessions("s")).toEqual([
    ["B", 25, 25, 1],
    ["A", 20, 30, 2],
  ]);
  expect([...host.clocks]).toEqual([["s/stream-time", { value: 30 }]]);
});

test("results have no headers", () => {
  const host = new TopologyHost(counting({ gap: 10, grace: 0 }));
  const headers = [{ key: "n", value: Buffer.from("1") }];
  host.pipe("in", { key: "A", value: "x", timestampMs: 7, headers });
  const results = host.pipe("in", { key: "A", value: "x", timestampMs: 8, headers });
  expect(results.map((result) => result.headers)).toEqual([undefined, undefined]);
});

test("a sink without a key serde writes sessions in Kafka's bytes", () => {
  const host = new TopologyHost((builder) => {
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(sessionWindows({ gap: 10, grace: 0 }))
      .count()
      .toStream()
      .to("out");
  });
  expect(host.pipe("in", { key: "A", value: "x", timestampMs: 12 }).map(plain)).toEqual([
    [{ key: "A", window: { startMs: 12, endMs: 12 } }, 1, 12],
  ]);
});

test("it tells which sessions a source record reads", () => {
  const host = new TopologyHost(counting({ gap: 10, grace: 0 }));
  expect(host.graph("in").touches("in", "A", 13)).toEqual([{ store: "s", from: "A", to: "A", fromMs: 3, toMs: 23 }]);
});

test("a count never decodes the value", () => {
  const host = new TopologyHost((builder) => {
    const stream = builder.stream("in", { key: string(), value: int64() });
    stream
      .groupByKey()
      .windowedBy(sessionWindows({ gap: 10, grace: 0 }))
      .count()
      .toStream()
      .to("out");
  });
  // Two bytes are no int64: decoding them would throw.
  const record = { key: Buffer.from("A"), value: Buffer.from("no"), timestampMs: 12, headers: [] };
  expect(host.pipeBytes("in", record).map(({ value }) => value)).toEqual([1]);
});

test.for([
  { options: { gap: 0, grace: 0 }, want: /CONFIG_INVALID.*sessionWindows has gap 0/ },
  { options: { gap: 5, grace: -1 }, want: /CONFIG_INVALID.*grace of sessionWindows/ },
])("sessionWindows refuses $options", ({ options, want }) => {
  expect(() => sessionWindows(options)).toThrow(want);
});

test("a retention below gap + grace is refused", () => {
  const define = (builder: StreamsBuilder): unknown =>
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(sessionWindows({ gap: 10, grace: 5 }))
      .count({ retention: 14 });
  expect(() => new TopologyHost(define as never)).toThrow(/CONFIG_INVALID.*14 ms, below gap \+ grace = 15 ms/);
});
