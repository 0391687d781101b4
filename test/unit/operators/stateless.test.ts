import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, reasons, run } from "./rows.ts";

type Text = string | null;
const text = { key: string(), value: string() };

function through(step: (stream: KStream<Text, Text>) => KStream<Text, Text>): (builder: StreamsBuilder) => void {
  return (builder) => step(builder.stream<Text, Text>("in", text)).to("out", text);
}

const rows: readonly OperatorRow[] = [
  {
    name: "filter keeps what the predicate accepts, with its timestamp",
    topology: through((s) => s.filter((k, v) => k === "A" && v === "x")),
    input: [
      ["A", "x", 7],
      ["A", "y", 8],
      ["B", "x", 9],
    ],
    output: [["A", "x", 7]],
  },
  {
    name: "filter passes null keys and null values to the predicate",
    topology: through((s) => s.filter((k, v) => k === null || v === null)),
    input: [
      [null, "x", 1],
      ["A", null, 2],
      ["A", "x", 3],
    ],
    output: [
      [null, "x", 1],
      ["A", null, 2],
    ],
  },
  {
    name: "a filter with one parameter gets the key",
    topology: through((s) => s.filter((k) => k === "A")),
    input: [
      ["A", "x", 1],
      ["B", "x", 2],
    ],
    output: [["A", "x", 1]],
  },
  {
    name: "filterNot drops what the predicate accepts",
    topology: through((s) => s.filterNot((_k, v) => v === "x")),
    input: [
      ["A", "x", 1],
      ["A", null, 2],
    ],
    output: [["A", null, 2]],
  },
  {
    name: "map replaces key and value",
    topology: through((s) => s.map((k, v) => [v, k])),
    input: [
      ["A", "x", 1],
      [null, "x", 2],
      ["A", null, 3],
    ],
    output: [
      ["x", "A", 1],
      ["x", null, 2],
      [null, "A", 3],
    ],
  },
  {
    name: "mapValues keeps the key and forwards null results",
    topology: through((s) => s.mapValues((v, k) => (v === null ? null : `${k}${v}`))),
    input: [
      ["A", "x", 1],
      ["A", null, 2],
    ],
    output: [
      ["A", "Ax", 1],
      ["A", null, 2],
    ],
  },
  {
    name: "selectKey keeps the value and forwards null keys",
    topology: through((s) => s.selectKey((_k, v) => v)),
    input: [
      ["A", "x", 1],
      ["A", null, 2],
    ],
    output: [
      ["x", "x", 1],
      [null, null, 2],
    ],
  },
  {
    name: "selectKey with one parameter gets the key",
    topology: through((s) => s.selectKey((k) => `${k}!`)),
    input: [["A", "x", 1]],
    output: [["A!", "x", 1]],
  },
  {
    name: "flatMap forwards every pair with the input's timestamp, and none for an empty list",
    topology: through((s) =>
      s.flatMap((k, v) =>
        v === null
          ? []
          : [
              [k, v],
              [v, k],
            ],
      ),
    ),
    input: [
      ["A", "x", 5],
      ["A", null, 6],
    ],
    output: [
      ["A", "x", 5],
      ["x", "A", 5],
    ],
  },
  {
    name: "flatMapValues forwards every value under the same key, also from a generator",
    topology: through((s) =>
      s.flatMapValues(function* (v) {
        yield v;
        yield `${v}2`;
      }),
    ),
    input: [
      ["A", "x", 5],
      [null, "y", 6],
    ],
    output: [
      ["A", "x", 5],
      ["A", "x2", 5],
      [null, "y", 6],
      [null, "y2", 6],
    ],
  },
  {
    name: "a step below flatMapValues may change the cursor without hurting the next value",
    topology: through((s) => s.flatMapValues((v) => [v, v]).map((k, v) => [`${k}k`, `${v}v`])),
    input: [["A", "x", 5]],
    output: [
      ["Ak", "xv", 5],
      ["Ak", "xv", 5],
    ],
  },
  {
    name: "peek changes nothing",
    topology: through((s) => s.peek(() => "ignored")),
    input: [
      ["A", "x", 1],
      [null, null, 2],
    ],
    output: [
      ["A", "x", 1],
      [null, null, 2],
    ],
  },
];

test.for(rows)("$name", ({ topology, input, output }) => {
  const host = run({ topology, input });
  expect(host.outputs.map(plain)).toEqual(output);
  expect(reasons(host)).toEqual([]);
});

test("peek sees each record once, before what is below it", () => {
  const seen: string[] = [];
  run({
    topology: through((s) => s.peek((k, v) => seen.push(`peek ${k}=${v}`)).peek(() => seen.push("below"))),
    input: [["A", "x", 1]],
  });
  expect(seen).toEqual(["peek A=x", "below"]);
});

test("merge forwards the records of both streams", () => {
  const host = new TopologyHost((builder) => {
    builder.stream("left", text).merge(builder.stream("right", text)).to("out");
  });
  host.pipe("left", { key: "A", value: "l", timestampMs: 1 });
  host.pipe("right", { key: "B", value: "r", timestampMs: 2 });
  expect(host.outputs.map(plain)).toEqual([
    ["A", "l", 1],
    ["B", "r", 2],
  ]);
});

test("every child of a node sees the record as it came, headers too, whatever its siblings did", () => {
  const host = new TopologyHost((builder) => {
    const all = builder.stream("in", text);
    all.map((k, v) => [v, k]).to("swapped", text);
    all.mapValues((v) => `${v}!`).to("loud", text);
    all.to("same");
  });
  const headers = [
    { key: "n", value: Buffer.from("1") },
    { key: "n", value: null },
  ];
  host.pipe("in", { key: "A", value: "x", timestampMs: 3, headers });
  expect(host.outputs).toEqual([
    { topic: "swapped", key: "x", value: "A", timestampMs: 3, headers },
    { topic: "loud", key: "A", value: "x!", timestampMs: 3, headers },
    { topic: "same", key: "A", value: "x", timestampMs: 3, headers },
  ]);
});

test("a filter on the key never decodes the value, and an untouched value goes out as it came", () => {
  const host = new TopologyHost((builder) => {
    builder
      .stream("in", { key: string(), value: int64() })
      .filter((key) => key === "A")
      .to("out", { key: string() });
  });
  // Two bytes are no int64: decoding the dropped one would throw.
  expect(
    host.pipeBytes("in", { key: Buffer.from("B"), value: Buffer.from("no"), timestampMs: 1, headers: [] }),
  ).toEqual([]);
  expect(host.pipe("in", { key: "A", value: 5, timestampMs: 2 }).map(plain)).toEqual([["A", 5, 2]]);
});

test("a value that cannot be decoded stops the record with its place and serde", () => {
  const host = new TopologyHost((builder) => {
    builder
      .stream("in", { key: string(), value: int64() })
      .mapValues((n) => n + 1)
      .to("out", { value: int64() });
  });
  const record = { key: Buffer.from("A"), value: Buffer.from("no"), timestampMs: 1, headers: [] };
  expect(() => host.pipeBytes("in", record)).toThrow(
    expect.objectContaining({
      code: "DESERIALIZATION_FAILED",
      details: { topic: "in", partition: 0, offset: 0, part: "value", serde: "int64" },
    }),
  );
});

test("a stream that is read twice is one source, and both readers get every record", () => {
  const host = new TopologyHost((builder) => {
    builder.stream("in", text).to("first");
    builder
      .stream("in", text)
      .mapValues((v) => `${v}2`)
      .to("second", text);
  });
  host.pipe("in", { key: "A", value: "x", timestampMs: 1 });
  expect(host.outputs.map(({ topic, value }) => [topic, value])).toEqual([
    ["first", "x"],
    ["second", "x2"],
  ]);
});

test("a timestamp extractor decides the time of a record and may drop it", () => {
  const host = new TopologyHost((builder) => {
    builder.stream("in", { key: string(), value: int64(), timestampExtractor: ({ value }) => Number(value) }).to("out");
  });
  host.pipe("in", { key: "A", value: 500, timestampMs: 1 });
  host.pipe("in", { key: "A", value: -1, timestampMs: 2 });
  expect(host.outputs.map(plain)).toEqual([["A", 500, 500]]);
});
