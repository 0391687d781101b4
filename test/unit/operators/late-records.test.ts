import { describe, expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KGroupedStream } from "../../../lib/dsl/grouped-stream.ts";
import { joinWindows } from "../../../lib/dsl/join-windows.ts";
import type { LateOptions } from "../../../lib/dsl/late-stream.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { sessionWindows, slidingWindows, timeWindows, unlimitedWindows } from "../../../lib/dsl/windows.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import { describe as describeTopology } from "../../../lib/topology/describe.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

const text = { key: string(), value: string() };

type Late = LateOptions<string, string>;

/** What is late goes to `out`, the table's changes to `table`. */
function late(
  table: (group: KGroupedStream<string, string>, options: Late) => KTable<Windowed<string>, unknown>,
): (builder: StreamsBuilder) => void {
  return (builder) =>
    table(builder.stream("in", text).groupByKey(), { onLate: (stream) => stream.to("out") })
      .toStream()
      .selectKey(({ key }) => key)
      .to("table", { key: string(), value: json() });
}

const tumbling = timeWindows({ size: 10, grace: 5 });
const hopping = timeWindows({ size: 10, advance: 5, grace: 0 });

const rows: readonly OperatorRow[] = [
  {
    name: "a record behind the grace of its window, with what it had",
    topology: late((group, options) => group.windowedBy(tumbling).count(options)),
    input: [
      ["A", "x", 3],
      ["A", "x", 15],
      ["A", "y", 4],
      ["B", "z", 9],
    ],
    output: [
      ["A", "y", 4],
      ["B", "z", 9],
    ],
    drops: ["late", "late"],
  },
  {
    name: "over hopping windows a record that is late for some and counts in others is not late; one that is late for all is, once",
    topology: late((group, options) => group.windowedBy(hopping).count(options)),
    input: [
      ["A", "x", 7],
      ["A", "x", 12],
      ["A", "y", 7],
      ["A", "x", 16],
      ["A", "z", 6],
    ],
    output: [["A", "z", 6]],
    drops: ["late", "late", "late"],
  },
  {
    name: "when windows are emitted on close",
    topology: late((group, options) => group.windowedBy(tumbling).emitStrategy("onWindowClose").count(options)),
    input: [
      ["A", "x", 3],
      ["A", "x", 15],
      ["A", "y", 4],
    ],
    output: [["A", "y", 4]],
  },
  {
    name: "a record before the start of unlimited windows belongs to none and is not late",
    topology: late((group, options) => group.windowedBy(unlimitedWindows({ startMs: 10 })).count(options)),
    input: [
      ["A", "x", 12],
      ["A", "y", 4],
    ],
    output: [],
  },
  {
    name: "over sliding windows: one that no window takes, whether its last one is over or only those that exist",
    topology: late((group, options) =>
      group.windowedBy(slidingWindows({ timeDifference: 10, grace: 0 })).count(options),
    ),
    input: [
      ["A", "x", 100],
      ["A", "y", 80],
      ["A", "z", 95],
      ["B", "w", 95],
    ],
    output: [
      ["A", "y", 80],
      ["B", "w", 95],
    ],
  },
  {
    name: "over sessions: one whose session would be over",
    topology: late((group, options) =>
      group.windowedBy(sessionWindows({ gap: 10, grace: 5 })).reduce((a, b) => a + b, options),
    ),
    input: [
      ["A", "x", 50],
      ["A", "y", 34],
      ["A", "z", 35],
    ],
    output: [["A", "y", 34]],
    drops: ["late"],
  },
];

describe("onLate gets records that a windowed aggregation drops", () => {
  test.for(rows)("$name", (row) => {
    const host = run(row);
    expect(host.outputs.filter(({ topic }) => topic === "out").map(plain)).toEqual(row.output);
    if (row.drops !== undefined) expect(reasons(host)).toEqual(row.drops);
  });

  test("with their headers, and they are not among the changes of the table", () => {
    const host = new TopologyHost(late((group, options) => group.windowedBy(tumbling).count(options)));
    host.pipe("in", { key: "A", value: "x", timestampMs: 99 });
    const headers = [{ key: "trace", value: Buffer.from("1") }];
    expect(host.pipe("in", { key: "A", value: "y", timestampMs: 1, headers })).toEqual([
      { topic: "out", key: "A", value: "y", timestampMs: 1, headers },
    ]);
  });

  test("behind a repartition topic, keyed as the group", () => {
    const host = new TopologyHost((builder) => {
      builder
        .stream("in", text)
        .groupBy((_key, value) => value, { key: string() })
        .windowedBy(tumbling)
        .count({ store: "counts", onLate: (stream) => stream.to("out") });
    });
    host.pipe("in", { key: "A", value: "x", timestampMs: 99 });
    expect(host.pipe("in", { key: "A", value: "y", timestampMs: 1 }).map(plain)).toEqual([["y", "y", 1]]);
  });

  test("of all cogrouped streams, which have one node for it", () => {
    const host = new TopologyHost((builder) => {
      const group = (topic: string) => builder.stream(topic, text).groupByKey();
      group("in")
        .cogroup<number>((_key, _value, sum) => sum + 1)
        .cogroup(group("other"), (_key, _value, sum) => sum + 1)
        .windowedBy(tumbling)
        .aggregate(() => 0, { value: json(), onLate: (stream) => stream.to("out", { value: json() }) });
    });
    for (const topic of ["in", "other"]) host.pipe(topic, { key: "A", value: topic, timestampMs: 99 });
    for (const topic of ["in", "other"]) host.pipe(topic, { key: "A", value: topic, timestampMs: 1 });
    expect(host.outputs.map(plain)).toEqual([
      ["A", "in", 1],
      ["A", "other", 1],
    ]);
  });

  test("and without it no node is added and no number is used up", () => {
    const host = new TopologyHost((builder) => {
      builder.stream("in", text).groupByKey().windowedBy(tumbling).count().toStream().to("out");
    });
    expect(describeTopology(host.topology)).not.toContain("LATE");
    expect(describeTopology(host.topology)).toContain("KTABLE-TOSTREAM-0000000003");
  });
});

describe("onLate of a join of streams", () => {
  const windows = joinWindows({ timeDifference: 10, grace: 0 });

  /** Joins `in` with `other`; late records of each side go to a topic of its own. */
  function joined(kind: "join" | "leftJoin"): TopologyHost {
    return new TopologyHost((builder) => {
      const [left, right] = [builder.stream("in", text), builder.stream("other", text)];
      const options = {
        onLate: (stream: typeof left) => stream.to("late"),
        otherOnLate: (stream: typeof left) => stream.to("late-other"),
      };
      const both = (a: string, b: string | null): string => `${a}${b}`;
      const results =
        kind === "join" ? left.join(right, both, windows, options) : left.leftJoin(right, both, windows, options);
      results.to("out", { value: string() });
    });
  }

  test("gets what a side does not keep any more, after it has met what the other side still has", () => {
    const host = joined("join");
    host.pipe("in", { key: "A", value: "a", timestampMs: 100 });
    host.pipe("other", { key: "A", value: "b", timestampMs: 85 });
    const late = host.pipe("in", { key: "A", value: "c", timestampMs: 80 });
    expect(late.map(({ topic, value }) => [topic, value])).toEqual([
      ["out", "cb"],
      ["late", "c"],
    ]);
  });

  test("keeps the sides apart", () => {
    const host = joined("leftJoin");
    for (const topic of ["in", "other"]) host.pipe(topic, { key: "A", value: "x", timestampMs: 100 });
    const late = ["in", "other"].flatMap((topic) => host.pipe(topic, { key: "A", value: topic, timestampMs: 1 }));
    expect(late.map(({ topic, value }) => [topic, value])).toEqual([
      ["out", "innull"],
      ["late", "in"],
      ["late-other", "other"],
    ]);
  });

  test("of a stream with itself there is one kind", () => {
    const define = (builder: StreamsBuilder): void => {
      const stream = builder.stream("in", text);
      stream.join(stream, (a, b) => a + b, windows, { otherOnLate: (each) => each.to("late") });
    };
    expect(() => new TopologyHost(define)).toThrow(/joined with itself.*pass onLate only/);
  });
});
