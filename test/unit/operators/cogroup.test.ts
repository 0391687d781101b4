import { describe, expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { CogroupedKStream } from "../../../lib/dsl/cogrouped-stream.ts";
import { slidingWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import { TopologyHost } from "../../support/task-host.ts";
import { plain, reasons } from "./rows.ts";

const text = { key: string(), value: string() };

function wk({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}/${window.endMs}`;
}

function both(builder: StreamsBuilder): CogroupedKStream<string, string> {
  return builder
    .stream("words", text)
    .groupByKey()
    .cogroup<string>((_k, v, a) => (v === "gone" ? null : `${a}${v}`))
    .cogroup(builder.stream("numbers", { key: string(), value: int64() }).groupByKey(), (_k, v, a) => `${a}${v + 1}`);
}

describe("two streams into one table", () => {
  function host(): TopologyHost {
    return new TopologyHost((builder) =>
      both(builder)
        .aggregate(() => "", { store: "s", value: string(), name: "all" })
        .toStream()
        .to("out"),
    );
  }

  test("each stream has its own aggregator, the aggregate is shared", () => {
    const run = host();
    run.pipe("words", { key: "A", value: "x", timestampMs: 5 });
    run.pipe("numbers", { key: "A", value: 1, timestampMs: 3 });
    run.pipe("words", { key: "A", value: "gone", timestampMs: 6 });
    run.pipe("numbers", { key: "A", value: 8, timestampMs: 4 });
    expect(run.outputs.map(plain)).toEqual([
      ["A", "x", 5],
      ["A", "x2", 5],
      ["A", null, 6],
      ["A", "9", 4],
    ]);
    expect(run.rows("s")).toEqual([["A", "9", 4]]);
  });

  test("null keys and null values are dropped", () => {
    const run = host();
    run.pipe("words", { key: null, value: "x", timestampMs: 5 });
    run.pipe("numbers", { key: "A", value: null, timestampMs: 5 });
    expect(reasons(run)).toEqual(["null-key", "null-value"]);
  });

  test("a name is the beginning of its nodes' names", () => {
    const names = host().topology.nodes.map(({ name }) => name);
    expect(names.slice(2, 5)).toEqual(["all-cogroup-agg-0", "all-cogroup-agg-1", "all-cogroup-merge"]);
  });

  test("a source record of each stream reads the row of its key", () => {
    const run = host();
    const row = [{ store: "s", from: "A", to: "A" }];
    expect([run.graph("words").touches("words", "A", 1), run.graph("numbers").touches("numbers", "A", 1)]).toEqual([
      row,
      row,
    ]);
  });
});

test("over windows every stream has its own stream time, in clocks that go by the name of the store", () => {
  const host = new TopologyHost((builder) =>
    both(builder)
      .windowedBy(timeWindows({ size: 10, grace: 0 }))
      .aggregate(() => "", { store: "s", value: string(), retention: "1h" })
      .toStream()
      .selectKey(wk)
      .to("out", text),
  );
  host.pipe("words", { key: "A", value: "x", timestampMs: 25 });
  host.pipe("numbers", { key: "A", value: 1, timestampMs: 22 });
  host.pipe("numbers", { key: "A", value: 2, timestampMs: 31 });
  host.pipe("words", { key: "A", value: "y", timestampMs: 26 });
  host.pipe("numbers", { key: "A", value: 3, timestampMs: 22 });
  expect(host.outputs.map(plain)).toEqual([
    ["A@20/30", "x", 25],
    ["A@20/30", "x2", 25],
    ["A@30/40", "3", 31],
    ["A@20/30", "x2y", 26],
  ]);
  expect(reasons(host)).toEqual(["late"]);
  expect([...host.clocks]).toEqual([
    ["s/stream-time", { value: 26 }],
    ["s/1/stream-time", { value: 31 }],
  ]);
});

test("sliding windows are shared too", () => {
  const host = new TopologyHost((builder) =>
    both(builder)
      .windowedBy(slidingWindows({ timeDifference: 10, grace: 50 }))
      .aggregate(() => "", { store: "s", value: string() })
      .toStream()
      .selectKey(wk)
      .to("out", text),
  );
  host.pipe("words", { key: "A", value: "x", timestampMs: 20 });
  host.pipe("numbers", { key: "A", value: 1, timestampMs: 25 });
  expect(host.outputs.map(plain)).toEqual([
    ["A@10/20", "x", 20],
    ["A@21/31", "2", 25],
    ["A@15/25", "x2", 25],
  ]);
});

test("streams whose key has changed go through a repartition topic each, under the names of their groups", () => {
  const host = new TopologyHost((builder) => {
    const group = (topic: string, name: string) => builder.stream(topic, text).groupBy((_k, v) => v, { ...text, name });
    group("one", "first")
      .cogroup<string>((_k, v, a) => `${a}1${v}`)
      .cogroup(group("two", "second"), (_k, v, a) => `${a}2${v}`)
      .aggregate(() => "", { value: string() })
      .toStream()
      .to("out");
  });
  host.pipe("one", { key: "A", value: "x", timestampMs: 1 });
  host.pipe("two", { key: "B", value: "x", timestampMs: 2 });
  expect(host.outputs.map(plain)).toEqual([
    ["x", "1x", 1],
    ["x", "1x2x", 2],
  ]);
  const sinks = host.topology.nodes.flatMap((node) =>
    node.kind === "sink" && "name" in node.topic ? [node.topic.name] : [],
  );
  expect(sinks).toEqual(["first-repartition", "second-repartition", "out"]);
});

test("streams with different key serdes are refused", () => {
  expect(
    () =>
      new TopologyHost((builder) => {
        const other = builder.stream("numbers", { key: int64(), value: int64() }).groupByKey();
        const group = builder
          .stream("words", text)
          .groupByKey()
          .cogroup<string>((_k, v, a) => a + v);
        group.cogroup(other as never, (_k, _v, a) => a).aggregate(() => "", { store: "s", value: string() });
      }),
  ).toThrow(/TOPOLOGY_INVALID.*keys as int64 into store s, whose keys are string/);
});

test("a stream of another builder is refused", () => {
  const stranger = new StreamsBuilder().stream("in", text).groupByKey();
  expect(
    () =>
      new TopologyHost((builder) => {
        builder
          .stream("in", text)
          .groupByKey()
          .cogroup<string>((_k, v, a) => a + v)
          .cogroup(stranger, (_k, v, a) => a + v);
      }),
  ).toThrow(/TOPOLOGY_INVALID.*same StreamsBuilder/);
});
