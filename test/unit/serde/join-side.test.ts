import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { joinSideKey, joinSideList } from "../../../lib/serde/join-side.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";

interface Golden {
  readonly joinSideKey: readonly { key: string; timestamp: number | string; side: string; hex: string }[];
  readonly leftOrRight: readonly { value: string; side: string; hex: string }[];
  readonly list: readonly { items: readonly string[]; hex: string }[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../golden/serde/join-side.json", import.meta.url), "utf8"),
) as Golden;
const key = joinSideKey(string() as Serde<unknown>);
const list = joinSideList(string() as Serde<unknown>, string() as Serde<unknown>);

function written<T>(serde: Serde<T>, value: T): Buffer {
  const sink = new ByteSink(4);
  serde.write(value, sink);
  return Buffer.from(sink.view());
}

const readable = golden.joinSideKey.filter((each) => typeof each.timestamp === "number");

test.for(readable)("key $key at $timestamp, $side, is $hex", ({ key: text, timestamp, side, hex }) => {
  const value = { timestampMs: Number(timestamp), left: side === "left", key: text };
  const bytes = written(key, value);
  expect(bytes.toString("hex")).toBe(hex);
  expect(key.read(bytes, 0, bytes.length)).toEqual(value);
});

test.for(golden.leftOrRight)("a list of $value, $side, holds $hex", ({ value, side, hex }) => {
  const items = [{ left: side === "left", value }];
  const bytes = written(list, items);
  const length = (hex.length / 2).toString(16).padStart(8, "0");
  expect(bytes.toString("hex")).toBe(`0100000001${length}${hex}`);
  expect(list.read(bytes, 0, bytes.length)).toEqual(items);
});

test.for(golden.list)("a list of $items has Kafka Streams' frame around $hex", ({ items, hex }) => {
  const bytes = written(
    list,
    items.map((value) => ({ left: true, value })),
  );
  // The recorded items have no side: ours are one byte longer each.
  const frame = Buffer.from(hex, "hex");
  const withSides = [frame.subarray(0, 5)];
  for (let at = 5; at < frame.length; ) {
    const length = frame.readInt32BE(at);
    const item = frame.subarray(at + 4, at + 4 + length);
    withSides.push(Buffer.from([0, 0, 0, length + 1, 1]), item);
    at += 4 + length;
  }
  expect(bytes.toString("hex")).toBe(Buffer.concat(withSides).toString("hex"));
});

test("too few bytes are an error, not a wrong value", () => {
  expect(() => key.read(Buffer.alloc(8), 0, 8)).toThrow(expect.objectContaining({ code: "DESERIALIZATION_FAILED" }));
  expect(() => list.read(Buffer.alloc(4), 0, 4)).toThrow(expect.objectContaining({ code: "DESERIALIZATION_FAILED" }));
});
