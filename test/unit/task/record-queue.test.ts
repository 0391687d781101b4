import { describe, expect, test } from "vitest";
import { int64 } from "../../../lib/serde/int64.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { RecordQueue } from "../../../lib/task/record-queue.ts";
import { Cursor } from "../../../lib/topology/cursor.ts";
import type { TimestampExtractor } from "../../../lib/topology/node.ts";
import { readerOf, type TestRecord } from "../../support/batches.ts";

const source = {
  topic: "in",
  partition: 2,
  keySerde: string() as Serde<unknown>,
  valueSerde: int64() as Serde<unknown>,
};

function queueAt(position: number, timestampExtractor?: TimestampExtractor): RecordQueue {
  const start = { position, partitionTimeMs: -1 };
  return new RecordQueue({ ...source, timestampExtractor }, start, new Cursor());
}

/** An answer with records at `from` and the following offsets; `next` is behind markers if it is given. */
function answer(from: number, records: readonly TestRecord[], next = from + records.length, lastStable = next) {
  return { records: readerOf(records, from), next, lastStable };
}

const at = (timestampMs: number): TestRecord => ({ key: "k", value: 1, timestampMs });

describe("memory of answers", () => {
  function released(queue: RecordQueue, from: number, records: readonly TestRecord[]): () => boolean {
    let isReleased = false;
    const given = answer(from, records);
    given.records.release = () => {
      isReleased = true;
    };
    queue.add(given);
    return () => isReleased;
  }

  test("is free when the last record was taken, not before", () => {
    const queue = queueAt(0);
    const first = released(queue, 0, [at(1), at(2)]);
    const second = released(queue, 2, [at(3)]);
    queue.take();
    expect([first(), second()]).toEqual([false, false]);
    queue.take();
    expect([first(), second()]).toEqual([true, false]);
    queue.take();
    expect([first(), second()]).toEqual([true, true]);
  });

  test("that is dropped to start over is left to be collected: records of it may still be in use", () => {
    const queue = queueAt(0);
    const first = released(queue, 0, [at(1), at(2)]);
    queue.rewind(0, -1);
    expect(first()).toBe(false);
  });
});

describe("positions", () => {
  test("fetching goes on behind what was received, the position behind what was taken", () => {
    const queue = queueAt(10);
    queue.add(answer(10, [at(1), at(2)]));
    expect([queue.position, queue.fetchNext]).toEqual([10, 12]);
    queue.take();
    expect([queue.position, queue.fetchNext]).toEqual([11, 12]);
  });

  test("the last record takes the position past the markers behind it", () => {
    const queue = queueAt(10);
    queue.add(answer(10, [at(1), at(2)], 15));
    queue.take();
    expect(queue.position).toBe(11);
    queue.take();
    expect([queue.position, queue.head]).toEqual([15, undefined]);
  });

  test("an answer of markers only moves the position at once, but not past unprocessed records", () => {
    const queue = queueAt(10);
    queue.add(answer(10, [], 14));
    expect([queue.position, queue.fetchNext]).toEqual([14, 14]);
    queue.add(answer(14, [at(1)]));
    queue.add(answer(15, [], 20));
    expect([queue.position, queue.fetchNext]).toEqual([14, 20]);
    queue.take();
    expect(queue.position).toBe(20);
  });

  test("the records of several answers are one sequence", () => {
    const queue = queueAt(0);
    queue.add(answer(0, [at(1), at(2)]));
    queue.add(answer(2, [], 5));
    queue.add(answer(5, [at(3)]));
    const offsets: number[] = [];
    while (queue.head !== undefined) {
      offsets.push(queue.head.offset);
      queue.take();
    }
    expect([offsets, queue.position]).toEqual([[0, 1, 5], 6]);
  });
});

describe("what is buffered", () => {
  test("counts answers until their last record is taken", () => {
    const queue = queueAt(0);
    const first = answer(0, [at(1), at(2)]);
    queue.add(first);
    queue.add(answer(2, [at(3)]));
    expect(queue.bufferedBytes).toBeGreaterThan(first.records.byteLength);
    queue.take();
    queue.take();
    queue.take();
    expect(queue.bufferedBytes).toBe(0);
  });
});

describe("being caught up", () => {
  type Act = (queue: RecordQueue) => void;
  const empty =
    (next: number, lastStable: number): Act =>
    (queue) =>
      queue.add(answer(10, [], next, lastStable));
  const record: Act = (queue) => queue.add(answer(10, [at(1)]));
  const take: Act = (queue) => queue.take();
  const rewind: Act = (queue) => queue.rewind(3, -1);

  test.for<[string, readonly Act[], boolean]>([
    ["before the first answer", [], false],
    ["with an empty answer at the stable end", [empty(10, 10)], true],
    ["with an empty answer below the stable end", [empty(12, 13)], false],
    ["with a record that waits", [record], false],
    ["behind the last record", [record, take], true],
    ["after a rewind", [empty(10, 10), rewind], false],
  ])("%s", ([, acts, expected]) => {
    const queue = queueAt(10);
    for (const act of acts) act(queue);
    expect(queue.caughtUp).toBe(expected);
  });
});

test("a rewind forgets everything received and starts at the position and its time", () => {
  const queue = queueAt(10);
  queue.add(answer(10, [at(5_000), at(6_000)]));
  queue.take();
  queue.rewind(4, 900);
  expect(queue).toMatchObject({ position: 4, fetchNext: 4, partitionTimeMs: 900, bufferedBytes: 0, head: undefined });
  queue.add(answer(4, [at(1_000)]));
  expect(queue.head?.offset).toBe(4);
});

describe("time", () => {
  test("of the partition is the largest that was taken, not the head's", () => {
    const queue = queueAt(0);
    queue.add(answer(0, [at(50), at(20), at(70)]));
    const times = [queue.partitionTimeMs];
    for (let i = 0; i < 3; i++) {
      queue.take();
      times.push(queue.partitionTimeMs);
    }
    expect(times).toEqual([-1, 50, 50, 70]);
  });

  test("is what the extractor says of key, value, place and partition time", () => {
    const seen: unknown[] = [];
    const queue = queueAt(3, (record) => {
      seen.push(record);
      return 1_000 + Number(record.value);
    });
    queue.add(
      answer(3, [
        { key: "a", value: 7, timestampMs: 5 },
        { key: null, value: 9, timestampMs: 6 },
      ]),
    );
    expect(queue.headTimestampMs).toBe(1_007);
    queue.take();
    expect(queue.headTimestampMs).toBe(1_009);
    const place = { topic: "in", partition: 2 };
    expect(seen).toEqual([
      { ...place, timestampMs: 5, offset: 3, key: "a", value: 7, partitionTimeMs: -1 },
      { ...place, timestampMs: 6, offset: 4, key: null, value: 9, partitionTimeMs: 1_007 },
    ]);
  });

  test("is of a record that is too late for a snapshot an error, until an extractor drops it", () => {
    const latestMs = 2 ** 52 - 1;
    const queue = queueAt(3);
    queue.add(answer(3, [at(latestMs)]));
    expect(queue.headTimestampMs).toBe(latestMs);
    expect(() => queueAt(3).add(answer(3, [at(latestMs + 1)]))).toThrow(
      expect.objectContaining({ code: "TIMESTAMP_INVALID", details: { topic: "in", partition: 2, offset: 3 } }),
    );
    const dropping = queueAt(3, ({ timestampMs }) => (timestampMs > latestMs ? -1 : timestampMs));
    dropping.add(answer(3, [at(latestMs + 1)]));
    expect(dropping.headTimestampMs).toBe(-1);
  });

  test("goes with the head into the cursor", () => {
    const queue = queueAt(0, () => 42);
    queue.add(answer(0, [at(7)]));
    const cursor = new Cursor();
    queue.bindHead(cursor);
    expect([cursor.timestampMs, cursor.offset, cursor.topic, cursor.partition]).toEqual([42, 0, "in", 2]);
  });

  const fails = (): never => {
    throw new Error("no time in it");
  };

  test.for<[string, TimestampExtractor, string | number, string]>([
    ["that throws", fails, 1, "PROCESSING_FAILED"],
    ["that answers no number", () => Number.NaN, 1, "TIMESTAMP_INVALID"],
    ["that answers a fraction", () => 1.5, 1, "TIMESTAMP_INVALID"],
    ["that answers a time that no snapshot holds", () => 2 ** 52, 1, "TIMESTAMP_INVALID"],
    ["of a value that is none", () => 1, "short", "DESERIALIZATION_FAILED"],
  ])("from an extractor %s is a typed error that names the record", ([, extractor, value, code]) => {
    const queue = queueAt(3, extractor);
    expect(() => queue.add(answer(3, [{ key: "a", value }]))).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ topic: "in", partition: 2, offset: 3 }) }),
    );
  });
});
