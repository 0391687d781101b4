import { beforeEach, describe, expect, test } from "vitest";
import { encodePosition } from "../../../lib/application/position.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import { StreamError } from "../../../lib/core/errors.ts";
import type { LeaseTable, PlanChange } from "../../../lib/ports/lease-table.ts";
import { Coordinator, type CoordinatorPorts, type TickReport } from "../../../lib/scaling/coordinator.ts";
import { type RunCoordinatorOptions, runCoordinator } from "../../../lib/scaling/run-coordinator.ts";
import { simRandom } from "../../sim/keyed-random.ts";
import { batchOf } from "../../support/batches.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { countApp, repartitionApp } from "../../support/test-apps.ts";
import { config } from "./cluster.ts";

let scene: PinScene;
let started: string[];
let ports: CoordinatorPorts;

async function begin(app = countApp): Promise<void> {
  scene = await PinScene.open({ app });
  started = [];
  ports = {
    log: scene.log,
    leases: scene.leases,
    clock: scene.clock,
    random: simRandom(1, "coordinator"),
    logger: scene.logger({}),
    launcher: { start: async ({ worker }) => void started.push(worker), list: async () => [], stop: async () => {} },
  };
}

beforeEach(() => begin());

const coordinator = (changes: Partial<CoordinatorPorts> = {}, mode: "on" | "dryRun" = "on") =>
  new Coordinator(scene.plan, { ...ports, ...changes }, { ...config, mode });
const tick = (on: Coordinator): Promise<TickReport> => scene.run(() => on.tick());
const letters = (text: string) => [...text].map((key) => ({ key, value: "v" }));
const lags = ({ pins }: TickReport) => pins.map(({ lag }) => lag);
const commit = (pin: number, inputs: Record<string, number>) => {
  const position = {
    pin,
    epoch: 1,
    transaction: 1,
    inputs,
    changelogs: {},
    partitionTimes: {},
    clocks: {},
    storeTimes: {},
  };
  return scene.write(`${scene.app.id}-positions`, pin, [{ key: String(pin), value: encodePosition(position) }]);
};
const down = () => Promise.reject(new StreamError("LEASE_TABLE_UNAVAILABLE", "no answer"));

describe("lag", () => {
  test("is the committed end minus the newest position, markers included, per pin and per partition", async () => {
    await scene.write("in", 0, letters("abcd"));
    await scene.write("in", 1, letters("ab"));
    await commit(0, { "in:0": 3 });
    const report = await tick(coordinator());
    expect(report.pins).toEqual([
      { pin: 0, lag: 2, endTotal: 5, positionTotal: 3 },
      { pin: 1, lag: 3, endTotal: 3, positionTotal: 0 },
    ]);
    expect([...report.lagByPartition]).toEqual([
      ["in:0", 2],
      ["in:1", 3],
    ]);
  });

  test("of a pin that never committed counts from where it would begin", async () => {
    await scene.write("in", 0, letters("abcd"));
    await scene.log.deleteRecords(new Map([["in:0", 3]]));
    expect(lags(await tick(coordinator()))).toEqual([2, 0]);
  });

  test("of an input that begins at its end is one until somebody wrote down where that is", async () => {
    await begin(repartitionApp);
    await scene.write("in", 0, letters("abcd"));
    const on = coordinator();
    const report = await tick(on);
    expect([lags(report), report.lagByPartition.get("in:0")]).toEqual([[1, 1], 0]);
    expect(report.decision.starts).toHaveLength(1);
    for (const pin of [0, 1]) await commit(pin, { [`in:${pin}`]: 5, [`rep-by-value-repartition:${pin}`]: 0 });
    expect(lags(await tick(on))).toEqual([0, 0]);
  });

  test("follows positions as they are written, past aborted ones", async () => {
    const on = coordinator();
    await scene.write("in", 0, letters("abcd"));
    await commit(0, { "in:0": 1 });
    expect(lags(await tick(on))[0]).toBe(4);
    await commit(0, { "in:0": 2 });
    const aborter = await scene.transactor("aborter");
    aborter.begin();
    await aborter.send([
      { topic: "app-positions", partition: 0, records: batchOf([{ key: "0", value: "never read" }]) },
    ]);
    await aborter.abort();
    await commit(0, { "in:0": 4 });
    expect(lags(await tick(on))[0]).toBe(1);
  });

  test("that cannot be read is unknown, never 0, and starts nobody", async () => {
    await scene.write("in", 0, letters("abcd"));
    const log = overriding(scene.log, { offsets: () => Promise.reject(new StreamError("BROKER_UNREACHABLE", "x")) });
    const report = await tick(coordinator({ log }));
    expect([lags(report), report.lagByPartition.size, started]).toEqual([["unknown", "unknown"], 0, []]);
    expect(scene.logged("lag-unknown")).toHaveLength(1);
  });
});

describe("a tick", () => {
  beforeEach(() => scene.write("in", 0, letters("abcd")));

  test("writes the plan first, then starts the worker", async () => {
    const launcher = {
      ...ports.launcher,
      start: async ({ worker }: { worker: string }) => {
        const { workers } = await scene.leases.observe();
        expect(workers.map((row) => [row.worker, row.assigned])).toEqual([[worker, [0]]]);
        started.push(worker);
      },
    };
    await tick(coordinator({ launcher }));
    expect(started).toHaveLength(1);
  });

  test("in dry run decides, says why, and does nothing", async () => {
    const { decision } = await tick(coordinator({}, "dryRun"));
    expect([decision.starts.length, started, (await scene.leases.observe()).workers]).toEqual([1, [], []]);
    expect(scene.logged("scaling-decision")).toMatchObject([{ mode: "dryRun" }]);
  });

  test("does not start a worker whose row another coordinator wrote first", async () => {
    const leases = overriding<LeaseTable>(scene.leases, {
      plan: (change) => (change.kind === "add-worker" ? Promise.resolve(false) : scene.leases.plan(change)),
    });
    await tick(coordinator({ leases }));
    expect(started).toEqual([]);
  });

  test("of two coordinators at once gives every pin one owner", async () => {
    const both = [coordinator(), coordinator({ random: simRandom(2, "other") })] as const;
    await scene.run(() => Promise.all(both.map((on) => on.tick())));
    for (let times = 0; times < 3; times++) for (const on of both) await tick(on);
    const { workers } = await scene.leases.observe();
    expect(workers.flatMap(({ assigned }) => assigned)).toEqual([0]);
  });

  test("leaves the pins of a worker alone that beat after all", async () => {
    await scene.leases.plan({ kind: "add-worker", worker: "w", assigned: [0] });
    await scene.leases.claim(0, "w");
    const on = coordinator();
    const report = { instance: "i", stopped: [], held: [0], positions: {}, recordsPerBusySecond: 0, recordsTotal: 0 };
    const more = { busyRatio: 0, nextTimerAtMs: undefined, remainingMs: undefined, status: "ready" } as const;
    const beat = () => scene.leases.beat("w", { ...report, ...more });
    await beat();
    await tick(on);
    const seen: PlanChange["kind"][] = [];
    const late = overriding<LeaseTable>(scene.leases, {
      plan: async (change) => {
        if (change.kind === "remove-worker") await beat();
        seen.push(change.kind);
        return scene.leases.plan(change);
      },
    });
    const watching = new Coordinator(scene.plan, { ...ports, leases: late }, config);
    for (let passedMs = 0; passedMs < 12_000; passedMs += 2_000) {
      await tick(watching);
      await scene.pass(2_000);
    }
    expect(seen).toContain("remove-worker");
    expect(seen).not.toContain("take-back");
    expect(await scene.leases.read(0)).toMatchObject({ owner: "w" });
  });

  test("survives a worker that cannot be started", async () => {
    const launcher = { ...ports.launcher, start: () => Promise.reject(new Error("no capacity")) };
    await tick(coordinator({ launcher }));
    expect(scene.logged("worker-start-failed")).toMatchObject([{ error: "Error: no capacity" }]);
  });
});

describe("memory", () => {
  const watch = async (on: Coordinator, ms: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += 2_000) {
      await tick(on);
      await scene.pass(2_000);
    }
  };

  test("goes over to the next coordinator: silence that was watched counts on", async () => {
    await scene.leases.plan({ kind: "add-worker", worker: "w", assigned: [0] });
    const first = coordinator();
    await watch(first, config.startGraceMs - 4_000);
    await scene.run(() => first.saveMemory());
    await watch(coordinator(), 8_000);
    expect((await scene.leases.observe()).workers.map(({ worker }) => worker)).not.toContain("w");
  });

  test("that cannot be saved is a warning", async () => {
    const on = coordinator({ leases: overriding<LeaseTable>(scene.leases, { writeDocument: down }) });
    await tick(on);
    await scene.run(() => on.saveMemory());
    expect(scene.logged("memory-not-saved")).toHaveLength(1);
  });

  test("of an earlier version is completed", async () => {
    await scene.leases.writeDocument(
      "coordinator-memory",
      0,
      JSON.stringify({ beats: {}, lookedAtMs: 0, pins: {}, needed: [] }),
    );
    const { decision } = await tick(coordinator());
    expect(decision.memory).toMatchObject({ stuck: {}, recordsPerBusySecond: 0 });
  });

  test.for([
    "{ damaged",
    "null",
    "[]",
    '{"needed":null}',
    '{"beats":{"w":null}}',
    '{"pins":{"0":{"endTotal":"7"}}}',
    '{"stuck":{"0":{"code":"X"}}}',
    '{"lookedAtMs":"now"}',
  ])("that cannot be read is a warning, and replaced: %s", async (damaged) => {
    await scene.leases.writeDocument("coordinator-memory", 0, damaged);
    const on = coordinator();
    await tick(on);
    await scene.run(() => on.saveMemory());
    expect(scene.logged("memory-not-read")).toHaveLength(1);
    expect(JSON.parse((await scene.leases.readDocument("coordinator-memory"))?.body ?? "")).toMatchObject({
      stuck: {},
    });
  });

  test("of two coordinators is the later one's", async () => {
    const [first, second] = [coordinator(), coordinator()];
    for (const on of [first, second]) await tick(on);
    for (const on of [first, second, first, second]) await scene.run(() => on.saveMemory());
    expect((await scene.leases.readDocument("coordinator-memory"))?.version).toBeGreaterThanOrEqual(2);
  });
});

describe("running", () => {
  const settings = parseSettings({ lease: { deadAfterMs: 8_000 } });

  function run(changes: Partial<RunCoordinatorOptions> = {}) {
    const stop = new AbortController();
    const reports: TickReport[] = [];
    const life = { remainingMs: () => undefined, stop: stop.signal };
    const onTick = (report: TickReport) => void reports.push(report);
    const ended = runCoordinator({ app: scene.app, ports, settings, until: "stopped", life, onTick, ...changes });
    return { ended, reports, stop };
  }

  test("until idle ends after one look at a quiet application, with its memory saved", async () => {
    expect(await scene.run(run({ until: "idle" }).ended)).toEqual({ ticks: 1 });
    expect(await scene.leases.readDocument("coordinator-memory")).toBeDefined();
  });

  test("until idle stays while a worker is there", async () => {
    await scene.leases.plan({ kind: "add-worker", worker: "w", assigned: [0] });
    const { ended, reports } = run({ until: "idle" });
    await scene.pass(10_000);
    expect(reports.length).toBeGreaterThan(3);
    await scene.leases.leave("w", "i");
    await scene.run(ended);
  });

  test("ticks at the pace of heartbeats until it is told to stop", async () => {
    const { ended, reports, stop } = run();
    await scene.pass(20_100);
    expect(reports.length).toBe(11);
    stop.abort();
    expect(await scene.run(ended)).toEqual({ ticks: 12 });
  });

  test("saves its memory every ten seconds meanwhile, not with every tick", async () => {
    let writes = 0;
    const leases = overriding<LeaseTable>(scene.leases, {
      writeDocument: (name, version, body) => {
        if (name === "coordinator-memory") writes++;
        return scene.leases.writeDocument(name, version, body);
      },
    });
    const { ended, stop } = run({ ports: { ...ports, leases } });
    await scene.pass(61_000);
    expect(writes).toBeGreaterThanOrEqual(5);
    expect(writes).toBeLessThanOrEqual(6);
    stop.abort();
    await scene.run(ended);
  });

  test("ends early enough to save its memory when its life has an end", async () => {
    const endsAtMs = scene.clock.monotonicMs() + 30_000;
    const life = { remainingMs: () => endsAtMs - scene.clock.monotonicMs(), stop: new AbortController().signal };
    await scene.run(run({ life }).ended);
    expect(scene.clock.monotonicMs()).toBeLessThan(endsAtMs);
    expect(await scene.leases.readDocument("coordinator-memory")).toBeDefined();
  });

  test("goes on when the lease table does not answer for a while", async () => {
    let isDown = false;
    const leases = overriding<LeaseTable>(scene.leases, { observe: () => (isDown ? down() : scene.leases.observe()) });
    const { ended, reports, stop } = run({ ports: { ...ports, leases } });
    await scene.pass(3_000);
    isDown = true;
    await scene.pass(10_000);
    isDown = false;
    const before = reports.length;
    await scene.pass(5_000);
    expect(reports.length).toBeGreaterThan(before);
    expect(scene.logged("tick-failed")).toMatchObject(
      expect.arrayContaining([{ code: "LEASE_TABLE_UNAVAILABLE", event: "tick-failed", error: expect.any(String) }]),
    );
    stop.abort();
    await scene.run(ended);
  });

  test("ends with an error that does not pass, and with what a deploy refuses", async () => {
    const denied = () => Promise.reject(new StreamError("ACCESS_DENIED", "no"));
    const leases = overriding<LeaseTable>(scene.leases, { observe: denied });
    await expect(scene.run(run({ ports: { ...ports, leases } }).ended)).rejects.toMatchObject({
      code: "ACCESS_DENIED",
    });
    await expect(scene.run(run({ app: repartitionApp, ports }).ended)).rejects.toMatchObject({
      code: "TOPOLOGY_INCOMPATIBLE",
    });
  });
});
