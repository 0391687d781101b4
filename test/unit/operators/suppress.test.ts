import { describe, expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { BufferLimits, Suppression } from "../../../lib/dsl/suppressed.ts";
import { Suppressed } from "../../../lib/dsl/suppressed.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { sessionWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, run } from "./rows.ts";

const text = { key: string(), value: string() };

function wk({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}/${window.endMs}`;
}

function finals(limits: BufferLimits = {}): (builder: StreamsBuilder) => void {
  return (builder) =>
    builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(timeWindows({ size: 10, grace: 5 }))
      .count()
      .suppress(Suppressed.untilWindowCloses(limits))
      .toStream()
      .selectKey(wk)
      .to("out", { key: string() });
}

function held(suppressed: Suppression<unknown>): (builder: StreamsBuilder) => void {
  return (builder) => builder.table("in", text).suppress(suppressed).toStream().to("out", text);
}

const rows: readonly OperatorRow[] = [
  {
    name: "only the final result of a window is emitted, with the timestamp of its last update",
    topology: finals(),
    input: [
      ["A", "x", 3],
      ["A", "x", 1],
      ["B", "x", 14],
      ["B", "x", 15],
      ["B", "x", 25],
    ],
    output: [
      ["A@0/10", 2, 3],
      ["B@10/20", 2, 15],
    ],
  },
  {
    name: "windows that close together come by end, then key",
    topology: finals(),
    input: [
      ["B", "x", 12],
      ["B", "x", 3],
      ["A", "x", 4],
      ["C", "x", 99],
    ],
    output: [
      ["A@0/10", 1, 4],
      ["B@0/10", 1, 3],
      ["B@10/20", 1, 12],
    ],
  },
  {
    name: "sessions wait for gap and grace, and those that were joined to others are not emitted",
    topology: (builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .windowedBy(sessionWindows({ gap: 10, grace: 5 }))
        .count()
        .suppress(Suppressed.untilWindowCloses())
        .toStream()
        .selectKey(wk)
        .to("out", { key: string() }),
    input: [
      ["A", "x", 20],
      ["A", "x", 30],
      ["B", "x", 44],
      ["B", "x", 45],
    ],
    output: [["A@20/30", 2, 30]],
  },
  {
    name: "until a time limit the first update of a key starts the wait, later ones replace it, deletions too",
    topology: held(Suppressed.untilTimeLimit(10)),
    input: [
      ["A", "x", 10],
      ["A", "y", 19],
      ["B", "z", 15],
      ["C", "w", 20],
      ["B", null, 21],
      ["C", "v", 25],
    ],
    output: [
      ["A", "y", 19],
      ["B", null, 21],
    ],
  },
  {
    name: "a full buffer emits the oldest changes early",
    topology: held(Suppressed.untilTimeLimit(1_000, { maxRecords: 2 })),
    input: [
      ["A", "x", 10],
      ["B", "x", 5],
      ["C", "x", 20],
      ["D", "x", 8],
    ],
    output: [
      ["B", "x", 5],
      ["D", "x", 8],
    ],
  },
  {
    name: "a buffer full of bytes emits early",
    topology: held(Suppressed.untilTimeLimit(1_000, { maxBytes: 150 })),
    input: [
      ["A", "x".repeat(60), 10],
      ["B", "x".repeat(60), 11],
    ],
    output: [["A", "x".repeat(60), 10]],
  },
];

test.for(rows)("$name", ({ topology, input, output }) => {
  expect(run({ topology, input }).outputs.map(plain)).toEqual(output);
});

describe("a buffer that may not emit early", () => {
  test("stops when it is full, and says what holds too much", () => {
    const host = new TopologyHost(finals({ maxRecords: 1, name: "held" }));
    host.pipe("in", { key: "A", value: "x", timestampMs: 1 });
    const full = () => host.pipe("in", { key: "B", value: "x", timestampMs: 2 });
    expect(full).toThrow(/BUFFER_FULL.*held-store holds 2 records .* more than 1 records/);
  });

  test("is not full of what goes in the same step", () => {
    const host = new TopologyHost(finals({ maxRecords: 1 }));
    host.pipe("in", { key: "A", value: "x", timestampMs: 1 });
    expect(host.pipe("in", { key: "B", value: "x", timestampMs: 15 }).map(plain)).toEqual([["A@0/10", 1, 1]]);
  });
});

test("an emitted change has the headers of its newest update, not of the record that let it go", () => {
  const host = new TopologyHost(finals());
  const headers = (n: number) => [{ key: "n", value: Buffer.from([n]) }];
  host.pipe("in", { key: "A", value: "x", timestampMs: 1, headers: headers(1) });
  host.pipe("in", { key: "A", value: "x", timestampMs: 2, headers: headers(2) });
  const results = host.pipe("in", { key: "B", value: "x", timestampMs: 99, headers: headers(3) });
  expect(results.map((result) => result.headers)).toEqual([headers(2)]);
});

test("a join reads the row before the update that waits", () => {
  const host = new TopologyHost((builder) => {
    const table = builder.table("in", { ...text, store: "rows" }).suppress(Suppressed.untilTimeLimit(1_000));
    builder
      .stream("left", text)
      .leftJoin(table, (value, other) => `${value}${other}`)
      .to("out", text);
  });
  const left = (timestampMs: number) =>
    host.pipe("left", { key: "A", value: "l", timestampMs }).map(({ value }) => value);
  host.pipe("in", { key: "A", value: "x", timestampMs: 10 });
  expect(left(11)).toEqual(["lnull"]);
  host.pipe("in", { key: "B", value: "x", timestampMs: 1_010 });
  expect(left(1_011)).toEqual(["lx"]);
  host.pipe("in", { key: "A", value: "y", timestampMs: 1_020 });
  expect(left(1_021)).toEqual(["lx"]);
});

test("stream time is a clock that goes by the name of the buffer", () => {
  const host = run({ topology: held(Suppressed.untilTimeLimit(10, { name: "slow" })), input: [["A", "x", 10]] });
  expect(host.clocks.get("slow-store/stream-time")).toEqual({ value: 10 });
});

test("until windows close needs windows whose grace is known", () => {
  const define = (builder: StreamsBuilder): void => {
    const windowed = builder
      .stream("in", text)
      .groupByKey()
      .windowedBy(timeWindows({ size: 10, grace: 5 }))
      .count();
    const again = windowed.toStream().toTable({ value: undefined as never });
    again.suppress(Suppressed.untilWindowCloses());
  };
  expect(() => new TopologyHost(define)).toThrow(/TOPOLOGY_INVALID.*grace of its windows is not known/);
});

test("versions are not held back", () => {
  const table = (builder: StreamsBuilder) => builder.table("in", { ...text, store: versionedKeyValue("rows", "1h") });
  const define = (builder: StreamsBuilder) => void table(builder).suppress(Suppressed.untilTimeLimit(1_000));
  expect(() => new TopologyHost(define)).toThrow(/TOPOLOGY_INVALID.*versions of a table with history/);
});

test("a join of windowed tables closes with the longer grace of both", () => {
  const counts = (builder: StreamsBuilder, topic: string, grace: number) =>
    builder
      .stream(topic, text)
      .groupByKey()
      .windowedBy(timeWindows({ size: 10, grace }))
      .count();
  const host = new TopologyHost((builder) =>
    counts(builder, "in", 5)
      .join(counts(builder, "other", 7), (a, b) => `${a}+${b}`, { value: string() })
      .suppress(Suppressed.untilWindowCloses())
      .toStream()
      .selectKey(wk)
      .to("out", { key: string(), value: string() }),
  );
  for (const timestampMs of [1, 15]) {
    for (const topic of ["in", "other"]) host.pipe(topic, { key: "A", value: "x", timestampMs });
  }
  expect(host.outputs).toEqual([]);
  for (const topic of ["in", "other"]) host.pipe(topic, { key: "A", value: "x", timestampMs: 17 });
  expect(host.outputs.map(plain)).toEqual([["A@0/10", "1+1", 1]]);
});

test.for([0, -1, 0.5, Number.NaN])("a limit of %s is refused", (limit) => {
  expect(() => Suppressed.untilWindowCloses({ maxRecords: limit })).toThrow(/CONFIG_INVALID.*maxRecords/);
  expect(() => Suppressed.untilTimeLimit(1, { maxBytes: limit })).toThrow(/CONFIG_INVALID.*maxBytes/);
});
