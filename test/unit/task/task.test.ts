import { describe, expect, test } from "vitest";
import type { TaskPlan } from "../../../lib/application/plan.ts";
import type { Position } from "../../../lib/application/position.ts";
import { defineApp, type ProcessorContext, string } from "../../../lib/index.ts";
import type { WindowStore } from "../../../lib/state/store.ts";
import { Collector } from "../../../lib/task/collector.ts";
import { Task } from "../../../lib/task/task.ts";
import { readerOf, recordsIn, type TestRecord } from "../../support/batches.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { countApp, mergeApp } from "../../support/test-apps.ts";

/** A task of one partition, fed by hand. */
class Bench {
  readonly task: Task;
  readonly collector: Collector;

  constructor(plan: TaskPlan, position?: Position) {
    this.collector = new Collector(new Map([["out", 1]]));
    this.task = new Task(plan, position, { collector: this.collector, nowMs: () => 0 });
  }

  /** An answer of the log: records, then the end for committed reads. */
  feed(topic: string, from: number, records: readonly TestRecord[], lastStable = from + records.length): void {
    const next = from + records.length;
    this.task.queue(topic).add({ records: readerOf(records, from), next, lastStable });
  }

  /** Values that were written since the last call. */
  values(): (string | undefined)[] {
    return this.collector.take().flatMap(({ records }) => recordsIn(records).map(({ value }) => value?.toString()));
  }

  /** Keys that the task took since the last call, by what it emitted. */
  emitted(): (string | null)[] {
    return this.collector
      .take()
      .flatMap(({ records }) => recordsIn(records).map(({ key }) => key?.slice(0, -8) ?? null));
  }

  get windows(): WindowStore {
    return this.task.stores[0] as unknown as WindowStore;
  }

  /** Counts per window start of a key. */
  counts(key: string): [number, unknown][] {
    return [...this.windows.fetch(key, 0, Number.MAX_SAFE_INTEGER)].map(([startMs, row]) => [startMs, row.value]);
  }

  position(): Position {
    const position = {
      pin: 0,
      epoch: 1,
      transaction: 1,
      changelogs: {},
      inputs: {},
      partitionTimes: {},
      clocks: {},
      storeTimes: {},
    };
    this.task.addToPosition(position);
    return position;
  }
}

const plan = (await PinScene.open({ app: mergeApp, partitions: 1 })).plan.pins[0]?.tasks[0] as TaskPlan;
const at = (key: string, timestampMs: number): TestRecord => ({ key, value: "v", timestampMs });

describe("the next record", () => {
  test("is the one with the lowest timestamp over all inputs", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [at("l1", 100), at("l2", 300), at("l3", 301)]);
    bench.feed("right", 0, [at("r1", 50), at("r2", 200), at("r3", 302)]);
    bench.task.process(100);
    expect(bench.emitted()).toEqual(["r1", "l1", "r2", "l2", "l3", "r3"]);
  });

  test("of equal timestamps is the first input's", () => {
    const bench = new Bench(plan);
    bench.feed("right", 0, [at("r", 100)]);
    bench.feed("left", 0, [at("l", 100)]);
    bench.task.process(100);
    expect(bench.emitted()).toEqual(["l", "r"]);
  });

  test("waits for an input of which nothing is known yet", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [at("l", 100)]);
    expect(bench.task.process(100)).toBe(0);
    bench.feed("right", 0, [], 0);
    expect(bench.task.process(100)).toBe(1);
  });

  test("waits for records that are on the log and were not fetched yet", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [at("l1", 100), at("l2", 400)]);
    bench.feed("right", 0, [at("r1", 50)], 7);
    expect(bench.task.process(100)).toBe(1);
    bench.feed("right", 1, [at("r2", 300)], 2);
    bench.task.process(100);
    expect(bench.emitted()).toEqual(["r1", "l1", "r2", "l2"]);
  });

  test("does not wait for an input that is known to be empty", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [], 0);
    bench.feed("right", 0, [at("r1", 50), at("r2", 60)]);
    expect(bench.task.process(100)).toBe(2);
  });

  test("is taken up to a number of records", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [], 0);
    bench.feed("right", 0, [at("r1", 50), at("r2", 60), at("r3", 70)]);
    expect([bench.task.process(2), bench.task.process(2), bench.task.process(2)]).toEqual([2, 1, 0]);
  });

  test("with a negative timestamp is skipped before any node, and its offset is taken", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [at("bad", -1), at("good", 10)]);
    bench.feed("right", 0, [], 0);
    expect(bench.task.process(100)).toBe(2);
    expect([bench.emitted(), bench.task.counts, bench.task.queue("left").position]).toEqual([
      ["good"],
      { processed: 1, dropped: 0, skipped: 1 },
      2,
    ]);
  });
});

describe("stream time", () => {
  test("is the largest timestamp over all inputs, and begins with the position's", () => {
    const bench = new Bench(plan);
    expect(bench.task.streamTime).toBe(-1);
    bench.feed("left", 0, [at("l", 5_000)]);
    bench.feed("right", 0, [at("r", 200)]);
    bench.task.process(1);
    expect(bench.task.streamTime).toBe(200);
    bench.task.process(1);
    expect(bench.task.streamTime).toBe(5_000);
    expect(new Bench(plan, bench.position()).task.streamTime).toBe(5_000);
  });

  test("drops late records, and counts them", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [at("k", 5_000), at("k", 100)]);
    bench.feed("right", 0, [], 0);
    bench.task.process(2);
    expect([bench.task.counts.dropped, bench.counts("k")]).toEqual([1, [[5_000, 1]]]);
  });
});

describe("a position", () => {
  test("holds next offsets, partition times, operators' clocks and stores' times", () => {
    const bench = new Bench(plan);
    bench.task.queue("left").rewind(10, -1);
    bench.task.queue("right").rewind(20, -1);
    bench.feed("left", 10, [at("k", 2_500)]);
    bench.feed("right", 20, [at("k", 700)], 25);
    bench.task.process(1);
    expect(bench.position()).toMatchObject({
      inputs: { "left:0": 10, "right:0": 21 },
      partitionTimes: { "left:0": -1, "right:0": 700 },
      clocks: { "s0_0/per-second/stream-time": 700 },
      storeTimes: { "s0_0/per-second": 0 },
    });
  });

  test("brings back everything that is not in a store", () => {
    const first = new Bench(plan);
    first.feed("left", 0, [at("k", 9_000)]);
    first.feed("right", 0, [], 0);
    first.task.process(1);
    const second = new Bench(plan, first.position());
    expect(second.position()).toEqual({ ...first.position(), storeTimes: { "s0_0/per-second": -1 } });
    second.feed("left", 1, [at("k", 100)]);
    second.feed("right", 0, [], 0);
    second.task.process(1);
    expect(second.task.counts.dropped, "the window was closed by what came before").toBe(1);
  });

  test("is returned to by a rewind: clocks, times, queues, and stores with their drop", () => {
    const bench = new Bench(plan);
    bench.feed("left", 0, [at("k", 1_000)]);
    bench.feed("right", 0, [], 0);
    bench.task.process(1);
    for (const store of bench.task.stores) {
      store.seal({ row: () => undefined });
      store.acknowledge();
    }
    const committed = bench.position();
    bench.feed("left", 1, [at("k", 1_600), at("k", 1_700)]);
    bench.task.process(2);
    expect([bench.counts("k"), bench.task.streamTime]).toEqual([[[1_000, 3]], 1_700]);
    for (const store of bench.task.stores) store.drop();
    bench.task.rewind(committed);
    expect([bench.position(), bench.task.streamTime, bench.counts("k")]).toEqual([committed, 1_000, [[1_000, 1]]]);
    bench.feed("left", 1, [at("k", 1_500)]);
    bench.feed("right", 0, [], 0);
    bench.task.process(1);
    expect(bench.counts("k")).toEqual([[1_000, 2]]);
  });
});

test("more ticks than a turn takes come in several turns, before the next record, and go on after a restart", async () => {
  const app = defineApp({ id: "ticks" }, (builder) => {
    builder
      .stream("in", { key: string(), value: string() })
      .process((context: ProcessorContext<string, string>) => {
        context.schedule({ interval: "1s", type: "streamTime", missed: "fireAll" }, (timestampMs) =>
          context.forward({ key: "tick", value: String(timestampMs), timestampMs }),
        );
        return { process: (record) => context.forward(record) };
      })
      .to("out", { key: string(), value: string() });
  });
  const ticks = (await PinScene.open({ app, partitions: 1 })).plan.pins[0]?.tasks[0] as TaskPlan;
  const bench = new Bench(ticks);
  bench.feed("in", 0, [at("k", 0), at("k", 7_500), at("k", 7_600)]);
  expect([bench.task.process(2), bench.values()]).toEqual([2, ["v", "0"]]);
  expect([bench.task.process(3), bench.values()]).toEqual([4, ["v", "1000", "2000", "3000"]]);
  const next = new Bench(ticks, bench.position());
  next.feed("in", 2, [at("k", 7_600)]);
  expect([next.task.process(3), next.values()]).toEqual([3, ["4000", "5000", "6000"]]);
  expect([next.task.process(3), next.values()]).toEqual([2, ["7000", "v"]]);
});

test("a topic that the task does not read is a broken invariant", () => {
  expect(() => new Bench(plan).task.queue("nothing")).toThrow("INVARIANT_BROKEN");
});

test("tasks have ids that do not depend on the order of the topology", async () => {
  const { plan: whole } = await PinScene.open({ app: countApp, partitions: 3 });
  expect(whole.pins.map(({ tasks }) => tasks.map(({ id }) => id))).toEqual([["s0_0"], ["s0_1"], ["s0_2"]]);
});
