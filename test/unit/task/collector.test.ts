import { describe, expect, test } from "vitest";
import { StreamError } from "../../../lib/core/errors.ts";
import type { PartitionBatch } from "../../../lib/ports/log.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { murmur2 } from "../../../lib/serde/murmur2.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { timeWindowed } from "../../../lib/serde/windowed.ts";
import { Collector } from "../../../lib/task/collector.ts";
import { Cursor } from "../../../lib/topology/cursor.ts";
import type { SinkNode } from "../../../lib/topology/node.ts";
import type { StreamPartitioner } from "../../../lib/topology/routing.ts";
import { readerOf, recordsIn } from "../../support/batches.ts";

const counts = new Map([
  ["out", 5],
  ["one", 1],
]);

function sink(keySerde: Serde<never>, valueSerde: Serde<never> = int64() as Serde<never>): SinkNode {
  const serdes = { keySerde: keySerde as Serde<unknown>, valueSerde: valueSerde as Serde<unknown> };
  return { kind: "sink", name: "sink", parents: [], topic: { name: "out", internal: false }, ...serdes };
}

const plain = sink(string() as Serde<never>);

function record(key: unknown, value: unknown, timestampMs = 1_000): Cursor {
  const cursor = new Cursor();
  cursor.setKey(key);
  cursor.setValue(value);
  cursor.timestampMs = timestampMs;
  return cursor;
}

const placesOf = (batches: readonly PartitionBatch[]) =>
  batches.map(({ topic, partition, records }) => `${topic}-${partition}: ${recordsIn(records).map(({ key }) => key)}`);

describe("the partition", () => {
  test.for(["", "a", "AAPL", "ключ", "k".repeat(300)])("of key %j is that of Kafka's default partitioner", (key) => {
    const collector = new Collector(counts);
    collector.emit(plain, "out", record(key, 1));
    const bytes = Buffer.from(key);
    const expected = (murmur2(bytes, 0, bytes.length) & 0x7fffffff) % 5;
    expect(collector.take().map(({ partition }) => partition)).toEqual([expected]);
  });

  test("of a record that is passed on is that of its key's bytes", () => {
    const collector = new Collector(counts);
    const reader = readerOf([{ key: "AAPL", value: "x", timestampMs: 7 }, { value: "unkeyed" }]);
    reader.advance();
    collector.append({ topic: "out" }, reader, []);
    reader.advance();
    collector.append({ topic: "out" }, reader, []);
    const expected = (murmur2(Buffer.from("AAPL"), 0, 4) & 0x7fffffff) % 5;
    const found = collector
      .take()
      .flatMap(({ partition, records }) => recordsIn(records).map((each) => ({ partition, ...each })));
    expect(found).toContainEqual({ partition: expected, key: "AAPL", value: "x", timestampMs: 7, offset: 0 });
    expect(found).toContainEqual(expect.objectContaining({ key: null, value: "unkeyed" }));
  });

  test("of a windowed key is that of its plain key, whatever the window", () => {
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const windowed = sink(timeWindowed(string(), "5s") as Serde<never>);
    const partitionOf = (node: SinkNode, key: unknown) => {
      const collector = new Collector(counts);
      collector.emit(node, "out", record(key, 1));
      return collector.take()[0]?.partition;
    };
    const expected = keys.map((key) => partitionOf(plain, key));
    for (const startMs of [0, 5_000, 1_700_000_000_000]) {
      const window = (key: string) => ({ key, window: { startMs, endMs: startMs + 5_000 } });
      expect(keys.map((key) => partitionOf(windowed, window(key)))).toEqual(expected);
    }
    expect(new Set(expected).size).toBeGreaterThan(2);
  });

  test("of records without a key goes round", () => {
    const collector = new Collector(counts);
    for (let i = 0; i < 7; i++) collector.emit(plain, "out", record(null, i));
    const sizes = collector.take().map(({ partition, records }) => [partition, records.count]);
    expect(sizes).toEqual([
      [0, 2],
      [1, 2],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
  });

  test("of a topic with one partition needs no key", () => {
    const collector = new Collector(counts);
    collector.emit(plain, "one", record("any", 1));
    collector.emit(plain, "one", record(null, 1));
    expect(collector.take()).toMatchObject([{ topic: "one", partition: 0, records: { count: 2 } }]);
  });
});

describe("a partitioner", () => {
  const partitionsOf = (partitioner: StreamPartitioner): (number | undefined)[] => {
    const collector = new Collector(counts);
    collector.emit({ ...plain, partitioner }, "out", record("any", 1));
    return collector.take().map(({ partition }) => partition);
  };

  test.for<[string, StreamPartitioner, number[]]>([
    ["one partition", () => 3, [3]],
    ["several, each once", () => [4, 0, 4], [4, 0]],
    ["none: the record is dropped", () => [], []],
    ["the last one, by their number", (_key, _value, { partitionCount }) => partitionCount - 1, [4]],
  ])("names %s", ([, partitioner, expected]) => {
    expect(partitionsOf(partitioner).sort()).toEqual(expected.sort());
  });

  test("leaves the choice to the default one", () => {
    const key = Buffer.from("any");
    expect(partitionsOf(() => undefined)).toEqual([(murmur2(key, 0, key.length) & 0x7fffffff) % 5]);
  });

  test.for<[string, StreamPartitioner]>([
    ["a partition that is not there", () => 5],
    ["half a partition", () => [0, 0.5]],
    [
      "nothing, because it fails",
      () => {
        throw new Error("no");
      },
    ],
  ])("that names %s is an error", ([, partitioner]) => {
    expect(() => partitionsOf(partitioner)).toThrow(expect.objectContaining({ code: "PROCESSING_FAILED" }));
  });
});

describe("batches", () => {
  test("hold records in the order in which they were emitted, tombstones and headers included", () => {
    const collector = new Collector(counts);
    const withHeaders = record("a", 1, 5);
    withHeaders.setHeaders([{ key: "h", value: Buffer.from("x") }]);
    collector.emit(plain, "one", withHeaders);
    collector.emit(plain, "one", record("b", null, 6));
    const [batch] = collector.take();
    expect(recordsIn(batch?.records ?? expect.fail("no batch"))).toMatchObject([
      { key: "a", value: "\0\0\0\0\0\0\0\x01", timestampMs: 5 },
      { key: "b", value: null, timestampMs: 6 },
    ]);
  });

  test("are full at half a mebibyte and wait in order; the next ones begin empty", () => {
    const collector = new Collector(counts);
    const text = sink(string() as Serde<never>, string() as Serde<never>);
    const emit = (key: string) => collector.emit(text, "one", record(key, "x".repeat(200_000)));
    emit("a");
    emit("b");
    expect(collector.hasFullBatches).toBe(false);
    emit("c");
    expect(collector.hasFullBatches).toBe(true);
    emit("d");
    expect(collector.pendingBytes).toBeGreaterThan(800_000);
    expect(placesOf(collector.take())).toEqual(["one-0: a,b,c", "one-0: d"]);
    expect([collector.take(), collector.hasFullBatches, collector.pendingBytes]).toEqual([[], false, 0]);
  });

  test("that were taken keep their records while the next transaction is encoded", () => {
    const collector = new Collector(counts);
    collector.emit(plain, "one", record("a", 1));
    const first = collector.take();
    collector.emit(plain, "one", record("b", 2));
    expect(placesOf(first)).toEqual(["one-0: a"]);
    collector.recycle(first);
    expect(placesOf(collector.take())).toEqual(["one-0: b"]);
  });

  test("that were not taken are forgotten by a clear", () => {
    const collector = new Collector(counts);
    const text = sink(string() as Serde<never>, string() as Serde<never>);
    for (const key of ["a", "b"]) collector.emit(text, "one", record(key, "x".repeat(600_000)));
    collector.emit(text, "one", record("c", "x"));
    collector.clear();
    expect([collector.take(), collector.pendingBytes, collector.hasFullBatches]).toEqual([[], 0, false]);
    collector.emit(text, "one", record("d", "x"));
    expect(placesOf(collector.take())).toEqual(["one-0: d"]);
  });
});

describe("a record that cannot be written", () => {
  const failing: Serde<unknown> = {
    id: "failing",
    write: (_value, bytes) => {
      bytes.utf8("half of it");
      throw new StreamError("SERIALIZATION_FAILED", "no");
    },
    read: () => null,
  };

  test.for<[string, SinkNode]>([
    ["key", sink(failing as Serde<never>)],
    ["value", sink(string() as Serde<never>, failing as Serde<never>)],
  ])("because of its %s leaves nothing behind", ([, node]) => {
    const collector = new Collector(counts);
    collector.emit(plain, "one", record("before", 1));
    expect(() => collector.emit(node, "one", record("bad", 1))).toThrow("SERIALIZATION_FAILED");
    collector.emit(plain, "one", record("after", 2));
    expect(placesOf(collector.take())).toEqual(["one-0: before,after"]);
  });

  test("because of its headers leaves nothing behind", () => {
    const collector = new Collector(counts);
    const bad = record("bad", 1);
    bad.setHeaders([{ key: undefined as unknown as string, value: null }]);
    expect(() => collector.emit(plain, "one", bad)).toThrow();
    collector.emit(plain, "one", record("after", 2));
    expect(placesOf(collector.take())).toEqual(["one-0: after"]);
  });
});

test("changelog rows go into the batch of their partition, with deletions as tombstones", () => {
  const collector = new Collector(counts);
  const rows = collector.changelog("app-s-changelog", 3, "timestampedKeyValue");
  const bytes = Buffer.from("..value..");
  rows.row("k\xff", bytes, 2, 5, 7);
  rows.row("gone", bytes, 0, -1, 8);
  const [batch] = collector.take();
  expect(batch).toMatchObject({ topic: "app-s-changelog", partition: 3 });
  expect(recordsIn(batch?.records ?? expect.fail("no batch"))).toMatchObject([
    { key: "k\xff", value: "value", timestampMs: 7 },
    { key: "gone", value: null, timestampMs: 8 },
  ]);
});
