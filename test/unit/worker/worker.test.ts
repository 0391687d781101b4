import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StreamError } from "../../../lib/core/errors.ts";
import { defineApp, string } from "../../../lib/index.ts";
import type { LeaseTable } from "../../../lib/ports/lease-table.ts";
import type { PinEnvironment } from "../../../lib/task/pin-acquire.ts";
import { simRandom } from "../../sim/keyed-random.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { countApp } from "../../support/test-apps.ts";
import { limits, Running } from "./running-worker.ts";

let scene: PinScene;
const started: Running[] = [];

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
});

afterEach(async () => {
  for (const running of started.splice(0)) running.stop.abort();
  await scene.pass(20_000);
});

function start(id: string, changes: Partial<PinEnvironment["ports"]> = {}): Running {
  const { environment } = scene.environment(id);
  const running = new Running({ ...environment, ports: { ...environment.ports, ...changes } });
  started.push(running);
  return running;
}

const plan = (worker: string, assigned: readonly number[]) =>
  scene.leases.plan({ kind: "add-worker", worker, assigned });
const assign = async (worker: string, assigned: readonly number[]) => {
  const row = (await scene.leases.observe()).workers.find((found) => found.worker === worker);
  await scene.leases.plan({ kind: "assign", worker, assigned, planVersion: row?.planVersion ?? -1 });
};
const owners = async () =>
  (await scene.leases.observe()).leases.map(({ pin, owner, asleep }) => ({ pin, owner, asleep }));
const rows = async () => (await scene.leases.observe()).workers;
const letters = (text: string) => [...text].map((key) => ({ key, value: "v" }));

describe("orders", () => {
  test("a worker runs the pins that the plan gives it, and reports them", async () => {
    await plan("w", [0, 1]);
    await scene.write("in", 1, letters("aab"));
    const running = start("w");
    await scene.until(() => running.held.length === 2);
    await scene.pass(2_500);
    expect(running.reports.at(-1)).toMatchObject({
      status: "ready",
      held: [0, 1],
      stopped: [],
      positions: { "in:0": 0, "in:1": 4 },
      recordsTotal: 3,
    });
    expect(await owners()).toMatchObject([{ owner: "w" }, { owner: "w" }]);
  });

  test("a pin that is taken out of the plan is handed over, the others stay", async () => {
    await plan("w", [0, 1]);
    const running = start("w");
    await scene.until(() => running.held.length === 2);
    await assign("w", [1]);
    await scene.until(() => running.held.length === 1);
    expect(await owners()).toMatchObject([
      { pin: 0, owner: undefined },
      { pin: 1, owner: "w" },
    ]);
  });

  test("a pin that another worker still holds is claimed as soon as it is free", async () => {
    await scene.leases.claim(0, "other");
    await plan("w", [0]);
    const running = start("w");
    await scene.pass(3_000);
    expect(running.held).toEqual([]);
    await scene.leases.release(0, { worker: "other", epoch: 1, asleep: false });
    const freeAtMs = scene.clock.monotonicMs();
    await scene.until(() => running.held.length === 1);
    expect(scene.clock.monotonicMs() - freeAtMs).toBeLessThan(limits.claimRetryMs + 50);
  });

  test("a worker with nothing to do any more publishes, lets its pins sleep, and leaves", async () => {
    await plan("w", [0]);
    await scene.write("in", 0, letters("aab"));
    const running = start("w");
    await scene.until(() => running.worker.status()[0]?.committed?.inputs["in:0"] === 4);
    await assign("w", []);
    expect(await scene.run(running.ended)).toMatchObject({ ended: "nothing-assigned", processed: 3, errors: [] });
    expect(await owners()).toEqual([{ pin: 0, owner: undefined, asleep: true }]);
    expect(await rows()).toEqual([]);
  });

  test("a lease table that does not answer stops nobody", async () => {
    let isDown = false;
    const down = () => Promise.reject(new StreamError("LEASE_TABLE_UNAVAILABLE", "no answer"));
    const leases = overriding<LeaseTable>(scene.leases, {
      beat: (worker, report) => (isDown ? down() : scene.leases.beat(worker, report)),
    });
    await plan("w", [0]);
    const running = start("w", { leases });
    await scene.until(() => running.held.length === 1);
    isDown = true;
    await scene.write("in", 0, letters("ab"));
    await scene.pass(10_000);
    expect(running.worker.status()[0]?.committed?.inputs["in:0"]).toBe(3);
    isDown = false;
    await scene.pass(2_000);
    expect(running.summary).toBeUndefined();
  });
});

test("pins of a worker that may commit seldom wait for one another, and are quicker when fewer", async () => {
  await plan("w", [0, 1]);
  const { environment } = scene.environment("w");
  const running = new Running(environment, { maxCommitsPerSecond: 2 });
  started.push(running);
  await scene.until(() => running.held.length === 2);
  const total = () => running.worker.status().reduce((sum, { committed }) => sum + (committed?.transaction ?? 0), 0);
  const commitAtMs = async () => {
    const before = total();
    await scene.write("in", 1, letters("a"));
    await scene.until(() => total() > before);
    return scene.clock.monotonicMs();
  };
  /** Between two commits of steady work: the first one, after a rest, comes at once, the second at the next tick. */
  const takesMs = async () => {
    await commitAtMs();
    const secondMs = await commitAtMs();
    return (await commitAtMs()) - secondMs;
  };
  const [both, commitIntervalMs] = [await takesMs(), environment.config.commitIntervalMs];
  expect(Math.abs(both - 1_000)).toBeLessThan(commitIntervalMs);
  await assign("w", [1]);
  await scene.until(() => running.held.length === 1);
  const alone = await takesMs();
  expect(Math.abs(alone - 500)).toBeLessThan(commitIntervalMs);
});

describe("a worker that nobody planned", () => {
  test("makes its own row with its first beat, waits for orders, and takes them", async () => {
    const running = start("by-hand");
    await scene.pass(2_500);
    expect(running.reports.map(({ status }) => status)).toEqual(["starting", "ready", "ready"]);
    await assign("by-hand", [1]);
    await scene.until(() => running.held.length === 1);
  });

  test("leaves when no orders come", async () => {
    const running = start("by-hand");
    expect(await scene.run(running.ended)).toMatchObject({ ended: "nothing-assigned" });
    expect(running.reports.length).toBe(9);
    expect(await rows()).toEqual([]);
  });

  test("stays starting until a beat is answered", async () => {
    let failures = 2;
    const leases = overriding<LeaseTable>(scene.leases, {
      beat: (worker, report) =>
        failures-- > 0
          ? Promise.reject(new StreamError("LEASE_TABLE_UNAVAILABLE", "no answer"))
          : scene.leases.beat(worker, report),
    });
    const running = start("by-hand", { leases });
    await scene.pass(3_500);
    expect(running.reports.map(({ status }) => status)).toEqual(["starting", "starting", "starting", "ready"]);
  });
});

describe("a worker that was declared dead", () => {
  test("ends at its next beat; what it held goes on without it", async () => {
    await plan("w", [0]);
    const running = start("w");
    await scene.until(() => running.held.length === 1);
    const [row] = await rows();
    await scene.leases.plan({ kind: "remove-worker", worker: "w", beat: row?.beat ?? -1 });
    expect(await scene.run(running.ended)).toMatchObject({ ended: "revoked" });
    expect(await owners()).toMatchObject([{ pin: 0, owner: undefined }]);
  });

  test("and whose pin was taken counts it as fenced", async () => {
    await plan("w", [0]);
    const running = start("w");
    await scene.until(() => running.held.length === 1);
    const held = await scene.leases.read(0);
    await scene.leases.plan({ kind: "take-back", pin: 0, owner: "w", epoch: held?.epoch ?? -1 });
    await scene.leases.claim(0, "other");
    await scene.run(() => scene.transactor("app-0"));
    await scene.write("in", 0, letters("a"));
    await scene.until(() => running.held.length === 0);
    running.stop.abort();
    expect(await scene.run(running.ended)).toMatchObject({ ended: "stopped", fenced: 1 });
    expect(await scene.leases.read(0)).toMatchObject({ owner: "other" });
  });
});

describe("two containers with one worker id", () => {
  test("the second one ends before it touches anything, and leaves the first one's row and pins alone", async () => {
    await plan("w", [0]);
    const first = start("w");
    await scene.until(() => first.held.length === 1);
    const second = start("w", { random: simRandom(2, "w") });
    expect(await scene.run(second.ended)).toMatchObject({ ended: "revoked", processed: 0 });
    expect(second.reports).toHaveLength(1);
    expect(await rows()).toMatchObject([{ worker: "w" }]);
    expect(await owners()).toMatchObject([{ owner: "w" }]);
    await scene.pass(2_000);
    expect(first.held).toEqual([0]);
  });
});

describe("a pin that stops", () => {
  const poisonous = defineApp({ id: "app" }, (builder) => {
    const check = (value: string): string => {
      if (value === "poison") throw new Error("cannot be processed");
      return value;
    };
    builder
      .stream("in", { key: string(), value: string() })
      .mapValues(check)
      .to("out", { key: string(), value: string() });
  });

  beforeEach(async () => {
    scene = await PinScene.open({ app: poisonous });
  });

  test("is left alone, reported with its code, and the others go on", async () => {
    await plan("w", [0, 1]);
    await scene.write("in", 0, [{ key: "a", value: "poison" }]);
    const running = start("w");
    await scene.until(() => running.reports.at(-1)?.stopped.length === 1);
    expect(running.reports.at(-1)).toMatchObject({ held: [1], stopped: [{ pin: 0, code: "PROCESSING_FAILED" }] });
    await scene.write("in", 1, letters("ab"));
    await scene.until(() => running.worker.status()[0]?.committed?.inputs["in:1"] === 3);
    expect(scene.logged("pin-stopped")).toMatchObject([{ pin: 0, code: "PROCESSING_FAILED", advice: "handle-record" }]);
    expect(await owners()).toMatchObject([
      { pin: 0, owner: undefined, asleep: false },
      { pin: 1, owner: "w" },
    ]);
  });

  test("and was its last keeps the worker until the coordinator has heard of it", async () => {
    await plan("w", [0]);
    await scene.write("in", 0, [{ key: "a", value: "poison" }]);
    const running = start("w");
    await scene.until(() => running.reports.at(-1)?.stopped.length === 1);
    await scene.pass(3_000);
    expect(running.summary).toBeUndefined();
    await assign("w", []);
    const summary = await scene.run(running.ended);
    expect(summary).toMatchObject({
      ended: "nothing-assigned",
      errors: [{ pin: 0, error: { code: "PROCESSING_FAILED" } }],
    });
  });

  test("and of which nobody wants to hear ends the worker after a while", async () => {
    await plan("w", [0]);
    await scene.write("in", 0, [{ key: "a", value: "poison" }]);
    const beganMs = scene.clock.monotonicMs();
    expect(await scene.run(start("w").ended)).toMatchObject({ ended: "nothing-assigned" });
    expect(scene.clock.monotonicMs() - beganMs).toBeLessThan(12_000);
  });

  test("is tried again when the plan took it away and gave it back", async () => {
    await plan("w", [0, 1]);
    await scene.write("in", 0, [{ key: "a", value: "poison" }]);
    const running = start("w");
    await scene.until(() => running.reports.at(-1)?.stopped.length === 1);
    await assign("w", [1]);
    await scene.until(() => running.reports.at(-1)?.stopped.length === 0);
    await assign("w", [0, 1]);
    await scene.until(() => scene.logged("pin-stopped").length === 2);
  });

  test("for a passing reason is tried again by the same worker after the pause", async () => {
    let failures = 3;
    const leases = overriding<LeaseTable>(scene.leases, {
      claim: (pin, worker) =>
        failures-- > 0
          ? Promise.reject(new StreamError("LEASE_TABLE_UNAVAILABLE", "no answer"))
          : scene.leases.claim(pin, worker),
    });
    await plan("w", [0]);
    const running = start("w", { leases });
    await scene.until(() => running.held.length === 1);
    expect(scene.logged("pin-retries")).toHaveLength(3);
    expect(scene.clock.monotonicMs()).toBeGreaterThanOrEqual(3 * limits.failureRetryMs);
    expect(running.reports.every(({ stopped }) => stopped.length === 0)).toBe(true);
  });

  test("because the answer of its claim was lost gives that lease back and claims again", async () => {
    let loses = true;
    const leases = overriding<LeaseTable>(scene.leases, {
      claim: async (pin, worker) => {
        const answer = await scene.leases.claim(pin, worker);
        if (!loses) return answer;
        loses = false;
        throw new StreamError("LEASE_TABLE_UNAVAILABLE", "the answer was lost");
      },
    });
    await plan("w", [0]);
    const running = start("w", { leases });
    await scene.until(() => running.held.length === 1);
    expect(await scene.leases.read(0)).toMatchObject({ owner: "w", epoch: 3 });
  });
});

describe("the end of a life", () => {
  test("a worker drains when less than drainMs is left", async () => {
    await plan("w", [0]);
    await scene.write("in", 0, letters("aab"));
    const running = start("w");
    running.remainingMs = 60_000;
    await scene.until(() => running.worker.status()[0]?.committed?.inputs["in:0"] === 4);
    running.remainingMs = limits.drainMs;
    expect(await scene.run(running.ended)).toMatchObject({ ended: "deadline", processed: 3 });
    expect(await owners()).toEqual([{ pin: 0, owner: undefined, asleep: true }]);
    expect(running.reports.map(({ remainingMs }) => remainingMs)).toContain(3_000);
  });

  test("a worker that is told to stop commits what it has, releases and leaves at once", async () => {
    await plan("w", [0, 1]);
    const running = start("w");
    await scene.until(() => running.held.length === 2);
    await scene.write("in", 0, letters("ab"));
    const atMs = scene.clock.monotonicMs();
    running.stop.abort();
    expect(await scene.run(running.ended)).toMatchObject({ ended: "stopped" });
    expect(scene.clock.monotonicMs() - atMs).toBeLessThan(1_000);
    expect(await rows()).toEqual([]);
    expect((await owners()).every(({ owner }) => owner === undefined)).toBe(true);
  });

  test("a worker that is stopped before it began takes nothing", async () => {
    await plan("w", [0]);
    const { environment } = scene.environment("w");
    const running = new Running(environment);
    running.stop.abort();
    expect(await scene.run(running.ended)).toMatchObject({ ended: "stopped", processed: 0 });
    expect(await owners()).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  test("nothing is asked of the log any more once it has ended", async () => {
    await plan("w", [0]);
    await scene.write("in", 0, letters("ab"));
    const { environment } = scene.environment("w");
    let calls = 0;
    const log = new Proxy(environment.ports.log, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        calls++;
        return member.bind(target);
      },
    });
    const running = start("w", { log });
    await scene.until(() => running.worker.status()[0]?.committed?.inputs["in:0"] === 3);
    running.stop.abort();
    await scene.run(running.ended);
    const atEnd = calls;
    await scene.pass(60_000);
    expect(calls).toBe(atEnd);
  });
});
