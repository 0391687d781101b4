import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { GroupedWithinOptions } from "../../../lib/dsl/grouped-within.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { RecordGroup, recordGroup } from "../../../lib/state/record-group.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import { retry } from "../../../lib/topology/exception-handler.ts";

const text = { key: string(), value: string() };

/** An application between `in` and `out`, and what came out since the last look. */
function drive(define: (builder: StreamsBuilder) => void, settings = {}) {
  const driver = new TopologyTestDriver(defineApp({ id: "app", ...settings }, define));
  const input = driver.createInputTopic<string | null, string | null>("in");
  const output = driver.createOutputTopic("out");
  return {
    driver,
    pipe: (key: string | null, value: string | null, timestampMs = 0) => input.pipeInput(key, value, { timestampMs }),
    read: () => output.readRecords().map(({ key, value, timestampMs }) => [key, value, timestampMs]),
  };
}

const grouped =
  (max: number, options: GroupedWithinOptions<string, string> = {}) =>
  (builder: StreamsBuilder): void =>
    builder
      .stream("in", text)
      .groupedWithin(max, "1s", { store: "waiting", ...options })
      .to("out", { value: json() });

describe("groupedWithin", () => {
  test("lets a group of a key go when it is full, with its largest timestamp", () => {
    const { pipe, read } = drive(grouped(2));
    pipe("A", "a", 5);
    pipe("B", "b", 6);
    pipe("A", "c", 3);
    expect(read()).toEqual([["A", ["a", "c"], 5]]);
    pipe("A", "d", 7);
    pipe("B", null, 8);
    expect(read()).toEqual([["B", ["b", null], 8]]);
  });

  test("lets a group that is not full go in time, however many full ones went before", () => {
    const { driver, pipe, read } = drive(grouped(2));
    pipe("waits", "a");
    driver.advanceWallClockTime("1ms");
    for (let n = 0; n < 3_000; n++) pipe("A", "b");
    expect(read()).toHaveLength(1_500);
    driver.advanceWallClockTime("999ms");
    expect(read()).toEqual([["waits", ["a"], 0]]);
  });

  test("lets it go so long after its first record, full or not", () => {
    const { driver, pipe, read } = drive(grouped(10));
    pipe("A", "a");
    driver.advanceWallClockTime("600ms");
    pipe("A", "b");
    pipe("B", "c");
    driver.advanceWallClockTime("399ms");
    expect(read()).toEqual([]);
    driver.advanceWallClockTime("1ms");
    expect(read()).toEqual([["A", ["a", "b"], 0]]);
    driver.advanceWallClockTime("600ms");
    expect(read()).toEqual([["B", ["c"], 0]]);
    driver.advanceWallClockTime("1h");
    expect(read()).toEqual([]);
  });

  test("gives a group that begins after a full one its own time", () => {
    const { driver, pipe, read } = drive(grouped(2));
    pipe("A", "a");
    driver.advanceWallClockTime("900ms");
    pipe("A", "b");
    pipe("A", "c");
    expect(read()).toEqual([["A", ["a", "b"], 0]]);
    driver.advanceWallClockTime("999ms");
    expect(read()).toEqual([]);
    driver.advanceWallClockTime("1ms");
    expect(read()).toEqual([["A", ["c"], 0]]);
  });

  test("of a partition collects whatever comes, under the key of the first", () => {
    const { driver, pipe, read } = drive((builder) =>
      builder.stream("in", text).groupedWithin(3, "1s", { per: "partition" }).to("out", { value: json() }),
    );
    pipe("A", "a", 1);
    pipe(null, "b", 2);
    pipe("C", "c", 3);
    pipe("D", "d", 4);
    expect(read()).toEqual([
      [
        "A",
        [
          ["A", "a"],
          [null, "b"],
          ["C", "c"],
        ],
        3,
      ],
    ]);
    driver.advanceWallClockTime("1s");
    expect(read()).toEqual([["D", [["D", "d"]], 4]]);
  });

  test("drops records without a key, of which nobody knows where they belong", () => {
    const { driver, pipe, read } = drive(grouped(1));
    pipe(null, "a");
    driver.advanceWallClockTime("1s");
    expect(read()).toEqual([]);
  });

  test("leaves nothing in the store that has gone on", () => {
    const { driver, pipe } = drive(grouped(2));
    pipe("A", "a");
    pipe("B", "b");
    pipe("A", "c");
    expect(driver.keyValueRows("waiting").map(({ key }) => key)).toEqual(["B"]);
    driver.advanceWallClockTime("1s");
    expect(driver.keyValueRows("waiting")).toEqual([]);
  });

  test("has every record in one group when something fails below and is tried again", () => {
    let left = 2;
    const { driver, pipe, read } = drive(
      (builder) =>
        builder
          .stream("in", text)
          .groupedWithin(2, "1s")
          .peek(() => {
            if (left-- > 0) throw new Error("not yet");
          })
          .to("out", { value: json() }),
      { processingExceptionHandler: retry({ attempts: 5, backoff: 1 }) },
    );
    for (const value of ["a", "b", "c"]) pipe("A", value);
    driver.advanceWallClockTime("1s");
    expect(read().map(([, value]) => value)).toEqual([["a", "b"], ["c"]]);
  });

  test("wants groups of something, within some time", () => {
    expect(() => drive(grouped(0))).toThrow(/groups of 0 records within 1000 ms/);
  });
});

test("rows of groups are read as they were written", () => {
  const serde = recordGroup(string());
  const nullable = (arbitrary: fc.Arbitrary<string>) => fc.option(arbitrary, { nil: null });
  const latin1 = fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(fc.array(nullable(latin1)), fc.array(nullable(fc.string())), fc.nat(), (keys, values, dueMs) => {
      const sink = new ByteSink();
      sink.uint8(7);
      const start = sink.length;
      serde.write(new RecordGroup(dueMs, { timestampMs: 5, keys, values }), sink);
      expect(serde.read(sink.bytes, start, sink.length)).toEqual(
        new RecordGroup(dueMs, { timestampMs: 5, keys, values }),
      );
    }),
  );
});
