import fc from "fast-check";
import { expect, test } from "vitest";
import type { TaskPlan } from "../../lib/application/plan.ts";
import type { Position } from "../../lib/application/position.ts";
import { Collector } from "../../lib/task/collector.ts";
import { Task } from "../../lib/task/task.ts";
import { readerOf, recordsIn } from "../support/batches.ts";
import { PinScene } from "../support/pin-scene.ts";
import { mergeApp, outerJoinApp } from "../support/test-apps.ts";

const plans = await Promise.all(
  [mergeApp, outerJoinApp].map(async (app) => {
    const scene = await PinScene.open({ app, partitions: 1 });
    return { app: app.id, plan: scene.plan.pins[0]?.tasks[0] as TaskPlan };
  }),
);

interface Input {
  readonly topic: "left" | "right";
  readonly key: string;
  readonly timestampMs: number;
}

/** What happens after some records: their transaction commits, aborts, or the worker dies with it. */
interface Step {
  readonly records: number;
  readonly end: "commit" | "abort" | "crash";
}

/** One task with what is committed of it: outputs, changelog, position. */
class Life {
  readonly outputs: string[] = [];
  readonly changelog: { store: string; key: string; value: Buffer | null; timestampMs: number }[] = [];
  private readonly plan: TaskPlan;
  private readonly inputs: readonly Input[];
  private readonly collector = new Collector(new Map([["out", 1]]));
  private position: Position | undefined;
  private task: Task;

  constructor(plan: TaskPlan, inputs: readonly Input[]) {
    this.plan = plan;
    this.inputs = inputs;
    this.task = this.start();
  }

  /** Processes records and ends their transaction. @returns false when nothing is left */
  step({ records, end }: Step): boolean {
    const taken = this.task.process(records);
    if (end === "commit") this.commit();
    else if (end === "abort") this.abort();
    else this.task = this.start();
    return taken > 0;
  }

  /** Rows that a takeover would see: windows that expired inside a transaction are never written. */
  restored(): string[] {
    const rows: string[] = [];
    for (const store of this.start().stores) {
      store.freeze("all").writeTo({
        row: (key, bytes, start, length, timestampMs) => {
          rows.push(`${store.spec.name} ${key}: ${bytes.toString("latin1", start, start + length)}@${timestampMs}`);
        },
      });
    }
    return rows;
  }

  /** A task as a takeover makes it: the position, and the fold of the changelog. */
  private start(): Task {
    this.collector.clear();
    const task = new Task(this.plan, this.position, { collector: this.collector, nowMs: () => 0 });
    for (const { store: name, key, value, timestampMs } of this.changelog) {
      const store = task.stores.find(({ spec }) => spec.name === name);
      store?.row(key, value ?? Buffer.alloc(0), 0, value?.length ?? -1, timestampMs);
    }
    if (this.position !== undefined) task.resetStoreTimes(this.position);
    this.feed(task);
    return task;
  }

  private commit(): void {
    const rows: typeof this.changelog = [];
    for (const store of this.task.stores) {
      store.seal({
        row: (key, bytes, start, length, timestampMs) => {
          rows.push({
            store: store.spec.name,
            key,
            value: length < 0 ? null : Buffer.from(bytes.subarray(start, start + length)),
            timestampMs,
          });
        },
      });
      store.acknowledge();
    }
    for (const { records } of this.collector.take()) {
      this.outputs.push(...recordsIn(records).map(({ key, value, timestampMs }) => `${key}=${value}@${timestampMs}`));
    }
    this.changelog.push(...rows);
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
    this.position = position;
  }

  private abort(): void {
    for (const store of this.task.stores) store.drop();
    this.collector.clear();
    if (this.position === undefined) this.task = this.start();
    else {
      this.task.rewind(this.position);
      this.feed(this.task);
    }
  }

  /** Everything that is on the log from the task's positions on. */
  private feed(task: Task): void {
    for (const topic of ["left", "right"] as const) {
      const records = this.inputs.filter((input) => input.topic === topic).map((input) => ({ ...input, value: "v" }));
      const queue = task.queue(topic);
      const rest = records.slice(queue.position);
      queue.add({ records: readerOf(rest, queue.position), next: records.length, lastStable: records.length });
    }
  }
}

const input: fc.Arbitrary<Input> = fc.record({
  topic: fc.constantFrom("left", "right"),
  key: fc.constantFrom("a", "b", "c"),
  timestampMs: fc.nat(6_000),
});
const step: fc.Arbitrary<Step> = fc.record({
  records: fc.integer({ min: 1, max: 5 }),
  end: fc.constantFrom("commit", "commit", "abort", "crash"),
});

test.for(plans)(
  "outputs and stores of $app are the same wherever transactions abort and workers die (I11)",
  ({ plan }) => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), fc.array(step, { maxLength: 30 }), (inputs, steps) => {
        const calm = new Life(plan, inputs);
        while (calm.step({ records: 1, end: "commit" }));
        const rough = new Life(plan, inputs);
        for (const next of steps) rough.step(next);
        while (rough.step({ records: 1, end: "commit" }));
        expect(rough.outputs).toEqual(calm.outputs);
        expect(rough.restored()).toEqual(calm.restored());
      }),
      { numRuns: 200 },
    );
  },
);
