import { expect, test } from "vitest";
import type { Header } from "../../../lib/records/reader.ts";
import { deadLetterHeaders, originOf, ownHeaders } from "../../../lib/task/dead-letter.ts";
import type { RecordFailure } from "../../../lib/topology/exception-handler.ts";

const failure: RecordFailure = {
  phase: "processing",
  node: "parse",
  topic: "orders",
  partition: 2,
  offset: 70,
  timestampMs: 5,
  exception: new TypeError("no city"),
};
const own: readonly Header[] = [{ key: "trace", value: Buffer.from("1") }];
const texts = (headers: readonly Header[]) =>
  headers.map(({ key, value }) => [key, value && Buffer.from(value).toString()]);

test("a dead record has its own headers, then Kafka Streams'", () => {
  const headers = texts(deadLetterHeaders(own, failure));
  expect(headers).toEqual([
    ["trace", "1"],
    ["__streams.errors.exception", "TypeError: no city"],
    ["__streams.errors.message", "no city"],
    ["__streams.errors.stacktrace", expect.stringContaining("dead-letter.test.ts")],
    ["__streams.errors.topic", "orders"],
    ["__streams.errors.partition", "2"],
    ["__streams.errors.offset", "70"],
  ]);
});

test("something thrown that is no error has no message", () => {
  const headers = texts(deadLetterHeaders([], { ...failure, exception: "just text" }));
  expect(headers.slice(0, 3)).toEqual([
    ["__streams.errors.exception", "just text"],
    ["__streams.errors.message", null],
    ["__streams.errors.stacktrace", "just text"],
  ]);
});

test("long texts are cut", () => {
  const headers = deadLetterHeaders([], { ...failure, exception: new Error("x".repeat(100_000)) });
  expect(headers.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)).toBeLessThan(13_000);
});

test("tells where it came from, and what it had before it failed", () => {
  const once = deadLetterHeaders(own, failure);
  expect([originOf(once), ownHeaders(once)]).toEqual([{ topic: "orders", partition: 2, offset: 70 }, own]);
  const twice = deadLetterHeaders(once, { ...failure, topic: "other", offset: 1 });
  expect([originOf(twice), ownHeaders(twice)], "the last failure counts").toEqual([
    { topic: "other", partition: 2, offset: 1 },
    own,
  ]);
});

test.for<[string, readonly Header[]]>([
  ["without headers", []],
  ["without an offset", deadLetterHeaders([], failure).slice(0, -1)],
  [
    "with a partition that is no number",
    [...deadLetterHeaders([], failure), { key: "__streams.errors.partition", value: Buffer.from("x") }],
  ],
  ["with a null topic", [...deadLetterHeaders([], failure), { key: "__streams.errors.topic", value: null }]],
])("a record %s does not tell", ([, headers]) => {
  expect(originOf(headers)).toBeUndefined();
});
