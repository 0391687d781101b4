import { describe, expect, test } from "vitest";
import type { AppSettings } from "../../../lib/dsl/app.ts";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { AsyncMapper, AsyncOptions } from "../../../lib/dsl/map-values-async.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import { deadLetter, logAndContinue, retry } from "../../../lib/topology/exception-handler.ts";

const text = { key: string(), value: string() };

type Mapper = AsyncMapper<string, string, string>;

/** Calls that a test answers when it likes. */
class Calls {
  readonly made: string[] = [];
  readonly signals = new Map<string, AbortSignal>();
  private readonly waiting = new Map<string, { resolve: (value: string) => void; reject: (error: Error) => void }>();

  readonly mapper: Mapper = (value, _key, { signal }) => {
    this.made.push(value);
    this.signals.set(value, signal);
    return new Promise((resolve, reject) => this.waiting.set(value, { resolve, reject }));
  };

  async answer(value: string): Promise<void> {
    this.waiting.get(value)?.resolve(value.toUpperCase());
    await rest();
  }

  async fail(value: string): Promise<void> {
    this.waiting.get(value)?.reject(new Error(`no ${value}`));
    await rest();
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function drive(mapper: Mapper, options: AsyncOptions = {}, settings: Omit<AppSettings, "id"> = {}) {
  const app = defineApp({ id: "app", ...settings }, (builder) => {
    builder.stream("in", text).mapValuesAsync(mapper, options).to("out", { value: string() });
  });
  const driver = new TopologyTestDriver(app);
  const input = driver.createInputTopic<string | null, string | null>("in");
  const output = driver.createOutputTopic<string, string>("out");
  return {
    driver,
    pipe: (key: string | null, ...values: string[]) => {
      for (const value of values) input.pipeInput(key, value, { timestampMs: 7 });
    },
    values: () => output.readRecords().map(({ value }) => value),
  };
}

describe("mapValuesAsync", () => {
  test("answers what the function resolves with; key, timestamp and null stay", async () => {
    const { driver, pipe } = drive(async (value, key) => `${value} of ${key}`);
    pipe("A", "a");
    pipe(null, "b");
    await driver.settle();
    expect(driver.createOutputTopic("out").readRecords()).toMatchObject([
      { key: "A", value: "a of A", timestampMs: 7 },
      { key: null, value: "b of null" },
    ]);
  });

  test("calls for several records at a time, and keeps them in their order", async () => {
    const calls = new Calls();
    const { driver, pipe, values } = drive(calls.mapper);
    pipe("A", "a");
    pipe("B", "b");
    pipe("C", "c");
    await rest();
    expect(calls.made).toEqual(["a", "b", "c"]);
    await calls.answer("c");
    await calls.answer("b");
    driver.advanceWallClockTime(1);
    expect(values()).toEqual([]);
    await calls.answer("a");
    await driver.settle();
    expect(values()).toEqual(["A", "B", "C"]);
  });

  test("calls for no more records than it may", async () => {
    const calls = new Calls();
    const { driver, pipe, values } = drive(calls.mapper, { concurrency: 2 });
    pipe("A", "a");
    pipe("B", "b");
    pipe("C", "c");
    await rest();
    expect(calls.made).toEqual(["a", "b"]);
    await calls.answer("b");
    expect(calls.made).toEqual(["a", "b"]);
    await calls.answer("a");
    driver.advanceWallClockTime(1);
    await rest();
    expect(calls.made).toEqual(["a", "b", "c"]);
    await calls.answer("c");
    await driver.settle();
    expect(values()).toEqual(["A", "B", "C"]);
  });

  test("of one key calls one after the other, whatever other keys do", async () => {
    const calls = new Calls();
    const { driver, pipe, values } = drive(calls.mapper);
    pipe("A", "a1", "a2");
    pipe("B", "b");
    await rest();
    expect(calls.made).toEqual(["a1", "b"]);
    await calls.fail("b");
    await calls.answer("a1");
    expect(calls.made).toEqual(["a1", "b", "a2"]);
    await calls.answer("a2");
    await expect(driver.settle()).rejects.toThrow(/KSTREAM-MAPVALUESASYNC-0000000001 failed on in-0@2: no b/);
    expect(values()).toEqual(["A1", "A2"]);
  });

  test("a call that takes too long has failed, and its signal says so", async () => {
    const calls = new Calls();
    const { driver, pipe, values } = drive(
      calls.mapper,
      { timeout: "5s" },
      { processingExceptionHandler: logAndContinue() },
    );
    pipe("A", "a");
    pipe("B", "b");
    await rest();
    await calls.answer("b");
    driver.advanceWallClockTime("4999ms");
    await rest();
    expect(calls.signals.get("a")?.aborted).toBe(false);
    driver.advanceWallClockTime("1ms");
    await driver.settle();
    expect(calls.signals.get("a")?.aborted).toBe(true);
    expect(values()).toEqual(["B"]);
  });

  test("a failed call is a dead letter, with the record as it was", async () => {
    const { driver, pipe, values } = drive(
      async (value) => {
        if (value === "bad") throw new Error("no bad");
        return value;
      },
      {},
      { processingExceptionHandler: deadLetter("dead") },
    );
    pipe("A", "a", "bad", "b");
    await driver.settle();
    expect(values()).toEqual(["a", "b"]);
    expect(driver.records("dead").map(({ value }) => String(value))).toEqual(["bad"]);
  });

  test("a retry calls again", async () => {
    let left = 2;
    const { driver, pipe, values } = drive(
      async (value) => {
        if (value === "b" && left-- > 0) throw new Error("not yet");
        return value;
      },
      {},
      { processingExceptionHandler: retry({ attempts: 3, backoff: 1 }) },
    );
    pipe("A", "a", "b");
    pipe("B", "c");
    await driver.settle();
    expect(values()).toEqual(["a", "b", "c"]);
  });

  test("a function that throws at once has failed like one that rejects", async () => {
    const thrown = drive(() => {
      throw new Error("at once");
    });
    thrown.pipe("A", "a");
    await expect(thrown.driver.settle()).rejects.toThrow(/at once/);
  });

  test("stands behind a topic, and says so", () => {
    const define = () =>
      defineApp({ id: "app" }, (builder) => {
        builder
          .stream("in", text)
          .filter((key) => key !== "A")
          .mapValuesAsync(async (value) => value)
          .to("out", { value: string() });
      });
    expect(define).toThrow(/KSTREAM-FILTER-0000000001 stands between: .* after repartition\(\)/);
    expect(() => drive(async (value) => value, { concurrency: 0 })).toThrow(/concurrency 0/);
  });

  test("works behind a repartition topic", async () => {
    const app = defineApp({ id: "app" }, (builder) => {
      builder
        .stream("in", text)
        .selectKey((_key, value) => value)
        .repartition({ name: "by-value", key: string() })
        .mapValuesAsync(async (value) => `${value}!`)
        .to("out", { value: string() });
    });
    const driver = new TopologyTestDriver(app);
    driver.createInputTopic<string, string>("in").pipeInput("A", "abc");
    await driver.settle();
    expect(driver.createOutputTopic("out").readRecords()).toMatchObject([{ key: "abc", value: "abc!" }]);
  });
});
