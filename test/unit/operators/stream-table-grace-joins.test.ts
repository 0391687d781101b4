import { expect, test } from "vitest";
import type { KStream } from "../../../lib/dsl/stream.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import { plain, reasons } from "./rows.ts";

const text = { key: string(), value: string() };
const plus = (left: string, right: string | null): string => `${left}+${right}`;
const graced = { gracePeriod: 10 };

type Join = (stream: KStream<string, string>, table: KTable<string, string>) => KStream<string, string>;

function host(join: Join): TopologyHost {
  return new TopologyHost((builder) => {
    const rows = builder.table("rows", { ...text, store: versionedKeyValue("history", 100) });
    join(builder.stream("in", text), rows).to("out", text);
  });
}

function pipe(
  to: TopologyHost,
  topic: "in" | "rows",
  key: string | null,
  [value, timestampMs]: readonly [string | null, number],
) {
  return to.pipe(topic, { key, value, timestampMs }).map(plain);
}

test("a record waits until stream time has passed it by the grace, and meets the row of its own time", () => {
  const joined = host((stream, table) => stream.join(table, plus, graced));
  expect(pipe(joined, "in", "A", ["a", 20])).toEqual([]);
  pipe(joined, "rows", "A", ["x", 15]);
  pipe(joined, "rows", "A", ["y", 25]);
  expect(pipe(joined, "in", "A", ["b", 12])).toEqual([]);
  expect(pipe(joined, "in", "A", ["c", 29])).toEqual([]);
  expect(pipe(joined, "in", "B", ["d", 30])).toEqual([["A", "a+x", 20]]);
  expect(pipe(joined, "in", "B", ["e", 40])).toEqual([["A", "c+y", 29]]);
  expect(reasons(joined)).toEqual([]);
});

test("a record that comes later than the grace is joined at once; one that is just in time waits", () => {
  const joined = host((stream, table) => stream.join(table, plus, graced));
  pipe(joined, "rows", "A", ["x", 5]);
  pipe(joined, "in", "A", ["a", 20]);
  expect(pipe(joined, "in", "A", ["b", 9])).toEqual([["A", "b+x", 9]]);
  expect(pipe(joined, "in", "A", ["c", 11])).toEqual([]);
  expect(pipe(joined, "in", "A", ["d", 10])).toEqual([["A", "d+x", 10]]);
  expect(pipe(joined, "in", "A", ["e", 21])).toEqual([["A", "c+x", 11]]);
});

test("what is due goes on by timestamp, then key, then arrival", () => {
  const joined = host((stream, table) => stream.leftJoin(table, plus, graced));
  for (const [key, value, timestampMs] of [
    ["B", "1", 7],
    ["A", "2", 7],
    ["B", "3", 7],
    ["C", "4", 3],
  ] as const)
    pipe(joined, "in", key, [value, timestampMs]);
  expect(pipe(joined, "in", "Z", ["z", 17])).toEqual([
    ["C", "4+null", 3],
    ["A", "2+null", 7],
    ["B", "1+null", 7],
    ["B", "3+null", 7],
  ]);
});

test("an inner join drops null keys, a left one joins them with null at once; null values are dropped by both", () => {
  const inner = host((stream, table) => stream.join(table, plus, graced));
  const left = host((stream, table) => stream.leftJoin(table, plus, graced));
  for (const each of [inner, left]) pipe(each, "in", "A", [null, 90]);
  expect(pipe(inner, "in", null, ["a", 20])).toEqual([]);
  expect(pipe(left, "in", null, ["a", 20])).toEqual([[null, "a+null", 20]]);
  expect(reasons(inner)).toEqual(["null-value", "null-key"]);
  expect(reasons(left)).toEqual(["null-value"]);
  // Neither moved the time by which records wait.
  expect(pipe(inner, "in", "A", ["b", 15])).toEqual([]);
});

test("a record goes on with its own headers and place", () => {
  const seen: unknown[] = [];
  const joined = host((stream, table) =>
    stream.leftJoin(table, plus, graced).process((context: ProcessorContext<string, string>) => ({
      process: ({ value, headers }) => seen.push([value, context.recordMetadata()?.offset, [...headers]]),
    })),
  );
  const headers = [{ key: "h", value: Buffer.from("1") }];
  joined.pipe("in", { key: "A", value: "a", timestampMs: 1, headers });
  joined.pipe("in", { key: "A", value: "b", timestampMs: 11 });
  expect(seen).toEqual([["a+null", 0, headers]]);
});

test("what a joiner with the key and a stream with another key get", () => {
  const joined = host((stream, table) =>
    stream
      .selectKey((_key, value) => value)
      .join(table, (left, right, key) => `${key}:${left}+${right}`, { ...text, ...graced }),
  );
  pipe(joined, "rows", "v", ["x", 1]);
  pipe(joined, "in", null, ["v", 2]);
  expect(pipe(joined, "in", null, ["w", 12])).toEqual([["v", "v:v+x", 2]]);
});

test.for([
  [undefined, "KSTREAM-JOIN-0000000003 waits 10 ms for rows of a table that has no history"],
  [versionedKeyValue("v", 9), "waits 10 ms for rows of a table that keeps its history for 9 ms"],
] as const)("a table that does not know the rows of then is refused: %j", ([store, message]) => {
  const define = (): TopologyHost =>
    new TopologyHost((builder) => {
      const rows = builder.table("rows", store === undefined ? { ...text, store: "plain" } : { ...text, store });
      builder.stream("in", text).join(rows, plus, graced);
    });
  expect(define).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID", message: expect.stringContaining(message) }),
  );
});

test("the stream's value serde is needed, because records wait as bytes", () => {
  expect(() => host((stream, table) => stream.mapValues((value) => value).join(table, plus, graced))).toThrow(
    "KSTREAM-MAPVALUES-0000000003 changed the value: pass join({ value })",
  );
});
