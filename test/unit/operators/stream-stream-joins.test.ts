import { describe, expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { JoinWindows } from "../../../lib/dsl/join-windows.ts";
import { joinWindows } from "../../../lib/dsl/join-windows.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { string } from "../../../lib/serde/string.ts";
import { partitionCounts } from "../../../lib/topology/copartition.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { In, Out } from "./rows.ts";
import { plain, reasons } from "./rows.ts";

const text = { key: string(), value: string() };
const windows = joinWindows({ before: 10, after: 20, grace: 5 });
const plus = (left: string | null, right: string | null): string => `${left}+${right}`;

type Text = KStream<string, string>;
type Join = (left: Text, right: Text, windows: JoinWindows) => Text;
const join: Join = (left, right, within) => left.join(right, plus, within);
const leftJoin: Join = (left, right, within) => left.leftJoin(right, plus, within);
const outerJoin: Join = (left, right, within) => left.outerJoin(right, plus, within);

function host(define: Join): TopologyHost {
  return new TopologyHost((builder) =>
    define(builder.stream("left", text), builder.stream("right", text), windows).to("out", text),
  );
}

type Piped = readonly [topic: "left" | "right", ...record: In];

function pipe(to: TopologyHost, inputs: readonly Piped[]): void {
  for (const [topic, key, value, timestampMs] of inputs) to.pipe(topic, { key, value, timestampMs });
}

const rows: readonly {
  readonly name: string;
  readonly join: Join;
  readonly input: readonly Piped[];
  readonly output: readonly Out[];
  readonly drops?: readonly string[];
}[] = [
  {
    name: "a right record joins from before to after the left one, both ends included, with the larger timestamp",
    join,
    input: [
      ["left", "A", "l", 100],
      ["right", "A", "r89", 89],
      ["right", "A", "r90", 90],
      ["right", "A", "r120", 120],
      ["right", "A", "r121", 121],
      ["right", "B", "b", 100],
    ],
    output: [
      ["A", "l+r90", 100],
      ["A", "l+r120", 120],
    ],
  },
  {
    name: "matches come by timestamp, then arrival; duplicates are kept",
    join,
    input: [
      ["left", "A", "l1", 101],
      ["left", "A", "l2", 100],
      ["left", "A", "l3", 100],
      ["right", "A", "r", 105],
    ],
    output: [
      ["A", "l2+r", 105],
      ["A", "l3+r", 105],
      ["A", "l1+r", 105],
    ],
  },
  {
    name: "an inner join drops null keys and null values",
    join,
    input: [
      ["left", "A", null, 100],
      ["right", "A", "r", 100],
      ["left", null, "l", 100],
    ],
    output: [],
    drops: ["null-value", "null-key"],
  },
  {
    name: "a late record joins whatever the other side still keeps",
    join,
    input: [
      ["left", "A", "l", 100],
      ["left", "A", "far", 134],
      ["right", "A", "in time", 100],
      ["left", "A", "farther", 135],
      ["right", "A", "too late", 100],
    ],
    output: [["A", "l+in time", 100]],
  },
  {
    name: "a left record waits for its window and grace, in the stream time of both sides",
    join: leftJoin,
    input: [
      ["left", "A", "l", 100],
      ["right", "B", "r", 125],
      ["right", "B", "r", 126],
      ["right", "B", "r", 136],
    ],
    output: [["A", "l+null", 100]],
  },
  {
    name: "a match takes the waiting record away",
    join: leftJoin,
    input: [
      ["left", "A", "l", 100],
      ["right", "A", "r", 110],
      ["right", "B", "r", 500],
      ["left", "B", "l", 1_000],
    ],
    output: [["A", "l+r", 110]],
  },
  {
    name: "a left record that comes too late to wait is joined with null at once",
    join: leftJoin,
    input: [
      ["right", "B", "r", 500],
      ["left", "A", "l", 479],
    ],
    output: [["A", "l+null", 479]],
  },
  {
    name: "a left join takes null keys of the left side only, and no null values",
    join: leftJoin,
    input: [
      ["left", null, "l", 100],
      ["right", null, "r", 100],
      ["left", "A", null, 100],
    ],
    output: [[null, "l+null", 100]],
    drops: ["null-key", "null-value"],
  },
  {
    name: "an outer join waits on both sides, the right one for as long as a left record may come after it",
    join: outerJoin,
    input: [
      ["left", "A", "l", 100],
      ["right", "B", "r", 100],
      ["right", null, "n", 101],
      ["right", "C", "far", 500],
    ],
    output: [
      [null, "null+n", 101],
      ["B", "null+r", 100],
      ["A", "l+null", 100],
    ],
  },
  {
    name: "records that wait under one key, side and timestamp are emitted in the order of arrival",
    join: outerJoin,
    input: [
      ["right", "A", "r1", 100],
      ["right", "A", "r2", 100],
      ["left", "B", "far", 500],
    ],
    output: [
      ["A", "null+r1", 100],
      ["A", "null+r2", 100],
    ],
  },
  {
    name: "sides with a new key are repartitioned; null keys go through to an outer join",
    join: (left, right, within) => left.selectKey((k) => k).outerJoin(right, plus, within, text),
    input: [
      ["right", "A", "r", 100],
      ["left", "A", "l", 100],
      ["left", null, "n", 101],
    ],
    output: [
      ["A", "l+r", 100],
      [null, "n+null", 101],
    ],
  },
  {
    name: "a joiner with three parameters gets the key, also of records that waited",
    join: (left, right, within) => left.leftJoin(right, (l, r, key) => `${key}:${l}+${r}`, within),
    input: [
      ["left", "A", "l", 100],
      ["right", "B", "r", 500],
    ],
    output: [["A", "A:l+null", 100]],
  },
];

test.for(rows)("$name", ({ join: define, input, output, drops }) => {
  const joined = host(define);
  pipe(joined, input);
  expect(joined.outputs.map(plain)).toEqual(output);
  if (drops !== undefined) expect(reasons(joined)).toEqual(drops);
});

describe("a stream that is joined with itself", () => {
  const define = (builder: StreamsBuilder): void => {
    const all = builder.stream("in", text);
    all.join(all, plus, windows).to("out", text);
  };
  const inputs = [
    ["A", "x", 100],
    ["A", "y", 115],
    ["A", "z", 95],
    ["A", "late", 100],
    [null, "n", 100],
  ] as const;

  test("meets itself, and needs one store where that is allowed", () => {
    const results = [{}, { topologyOptimization: ["single.store.self.join"] } as const].map((options) => {
      const builder = new StreamsBuilder();
      define(builder);
      const joined = new TopologyHost(builder.build(options));
      for (const [key, value, timestampMs] of inputs) joined.pipe("in", { key, value, timestampMs });
      return { stores: joined.topology.stores.size, outputs: joined.outputs.map(plain).map(String).sort() };
    });
    expect(results.map(({ stores }) => stores)).toEqual([2, 1]);
    expect(results[1]?.outputs).toEqual(results[0]?.outputs);
    expect(results[0]?.outputs).toContain("A,x+y,115");
    expect(results[0]?.outputs).toContain("A,x+x,100");
    expect(results[0]?.outputs).not.toContain("A,y+x,115");
  });

  test("goes through one repartition topic when its key has changed", () => {
    const joined = new TopologyHost((builder) => {
      const all = builder.stream("in", text).selectKey((key) => key);
      all.join(all, plus, windows, text).to("out", text);
    });
    joined.pipe("in", { key: "A", value: "x", timestampMs: 100 });
    expect(joined.outputs.map(plain)).toEqual([["A", "x+x", 100]]);
  });
});

test("names of nodes and stores follow the given ones, as in Kafka Streams", () => {
  const named = host((left, right, within) =>
    left.selectKey((k) => k).outerJoin(right, plus, within, { ...text, name: "both", store: "kept" }),
  );
  expect(named.topology.nodes.map(({ name }) => name)).toEqual([
    "KSTREAM-SOURCE-0000000000",
    "KSTREAM-SOURCE-0000000001",
    "KSTREAM-KEY-SELECT-0000000002",
    "both-left-repartition-filter",
    "both-left-repartition-sink",
    "both-left-repartition-source",
    "both-this-windowed",
    "both-other-windowed",
    "both-outer-this-join",
    "both-outer-other-join",
    "both-merge",
    "KSTREAM-SINK-0000000011",
  ]);
  expect([...named.topology.stores.keys()]).toEqual([
    "kept-outer-this-join-store",
    "kept-outer-other-join-store",
    "kept-outer-shared-join-store",
  ]);
});

test("both sides of an outer join share their clocks, each side numbers its own records", () => {
  expect([...host(outerJoin).clocks.keys()].sort()).toEqual([
    "KSTREAM-OUTEROTHER-0000000005-store/sequence",
    "KSTREAM-OUTERSHARED-0000000004-store/earliest-waiting",
    "KSTREAM-OUTERSHARED-0000000004-store/stream-time",
    "KSTREAM-OUTERTHIS-0000000004-store/sequence",
  ]);
});

test("a record touches the other side around its timestamp", () => {
  const joined = host(join);
  const store = (side: string): string => `KSTREAM-JOIN${side}-store`;
  expect(joined.graph("left").touches("left", "A", 100)).toEqual([
    { store: store("OTHER-0000000005"), from: "A", to: "A", fromMs: 90, toMs: 120 },
  ]);
  expect(joined.graph("right").touches("right", "A", 100)).toEqual([
    { store: store("THIS-0000000004"), from: "A", to: "A", fromMs: 80, toMs: 110 },
  ]);
});

test("a serde that is not known is asked for by name", () => {
  const mapped = (left: Text, right: Text): Text =>
    left.join(
      right.mapValues((v) => v + v),
      plus,
      windows,
    );
  expect(() => host(mapped)).toThrow(
    expect.objectContaining({
      code: "TOPOLOGY_INVALID",
      message: expect.stringContaining("KSTREAM-MAPVALUES-0000000002 changed the value: pass join({ otherValue })"),
    }),
  );
});

test("the topics of a join must have the same number of partitions", () => {
  const counts = new Map([
    ["left", 2],
    ["right", 3],
  ]);
  expect(() => partitionCounts(host(join).topology, "app", counts)).toThrow(
    expect.objectContaining({ code: "NOT_COPARTITIONED", message: expect.stringContaining("left has 2, right has 3") }),
  );
});

test("streams of different builders do not join", () => {
  const other = new StreamsBuilder().stream("right", text);
  expect(() => new StreamsBuilder().stream("left", text).outerJoin(other, plus, windows)).toThrow(
    "outerJoin takes something of the same StreamsBuilder",
  );
});

test("joinWindows needs both ends", () => {
  expect(joinWindows({ timeDifference: "1s", after: 0, grace: "2s" })).toEqual({
    kind: "join",
    beforeMs: 1_000,
    afterMs: 0,
    graceMs: 2_000,
  });
  expect(() => joinWindows({ before: 1, grace: 1 } as never)).toThrow("joinWindows has no after");
  expect(() => joinWindows({ timeDifference: 0, grace: 0 })).toThrow("none would find another");
});
