import { describe, expect, test } from "vitest";
import { Cluster, leaseRow, workerRow } from "./cluster.ts";

describe("starting workers", () => {
  test("an application without input starts nothing", () => {
    const decision = new Cluster(4).tick();
    expect(decision).toMatchObject({ changes: [], starts: [], reasons: [], neededWorkers: 0 });
  });

  test("lag on a pin that nobody ever held starts a worker for it, planned before it starts", () => {
    const cluster = new Cluster(4);
    cluster.lag.set(2, 1);
    const { changes, starts, reasons } = cluster.tick();
    expect(changes).toEqual([{ kind: "add-worker", worker: "w0", assigned: [2] }]);
    expect(starts).toEqual(["w0"]);
    expect(reasons).toContain("start worker w0 for pins 2");
  });

  test.for([
    { lag: 10, workers: 1 },
    { lag: 25, workers: 1 },
    { lag: 30, workers: 2 },
    { lag: 60, workers: 3 },
    { lag: 100, workers: 4 },
    { lag: 9_999, workers: 4 },
  ])("a lag of $lag on each of 4 pins takes $workers workers", ({ lag, workers }) => {
    const cluster = new Cluster(4);
    cluster.setLag(lag);
    cluster.tick();
    expect(cluster.workers.size).toBe(workers);
    expect(cluster.leases.size).toBe(4);
  });

  test("never more workers than pins or than allowed", () => {
    const few = new Cluster(2);
    few.setLag(9_999);
    few.tick();
    expect(few.workers.size).toBe(2);
    const bounded = new Cluster(10, { maxWorkers: 3 });
    bounded.setLag(9_999);
    bounded.tick();
    expect(bounded.workers.size).toBe(3);
    expect(bounded.leases.size).toBe(10);
  });

  test("a rise of arrivals takes workers before there is any lag", () => {
    const cluster = new Cluster(2);
    cluster.setLag(1);
    for (let tick = 0; tick < 8; tick++) {
      for (const pin of [0, 1]) cluster.ends.set(pin, (cluster.ends.get(pin) ?? 0) + 180);
      cluster.tick();
    }
    expect(cluster.holding).toBe(2);
  });
});

describe("timers", () => {
  test("a sleeping pin is woken when its first punctuator is due, not before", () => {
    const cluster = new Cluster(2);
    cluster.timers.set(1, cluster.nowMs + 30_000);
    cluster.tick(29_000);
    expect(cluster.workers.size).toBe(0);
    cluster.tick(1_000);
    expect([...cluster.workers.values()].map(({ assigned }) => assigned)).toEqual([[1]]);
  });

  test("a pin whose next punctuator is near stays awake, one whose next is far may sleep", () => {
    const cluster = new Cluster(1);
    cluster.timers.set(0, cluster.nowMs);
    cluster.tick();
    for (let tick = 0; tick < 20; tick++) {
      cluster.timers.set(0, cluster.nowMs + cluster.config.idleToZeroMs / 2);
      cluster.tick();
    }
    expect(cluster.workers.size).toBe(1);
    cluster.timers.set(0, cluster.nowMs + 3_600_000);
    for (let tick = 0; tick < 20; tick++) cluster.tick();
    expect(cluster.workers.size).toBe(0);
  });
});

describe("stickiness", () => {
  test("a steady load moves nothing", () => {
    const cluster = new Cluster(8);
    cluster.setLag(20);
    cluster.tick();
    for (let tick = 0; tick < 5; tick++) expect(cluster.tick().changes).toEqual([]);
  });

  test("a worker more takes pins from the fullest and leaves the rest where they are", () => {
    const cluster = new Cluster(8);
    cluster.setLag(20);
    cluster.tick();
    const before = new Map([...cluster.leases.values()].map(({ pin, owner }) => [pin, owner]));
    cluster.setLag(30);
    cluster.tick();
    cluster.tick();
    const after = [...cluster.leases.values()];
    const moved = after.filter(({ pin, owner }) => owner !== before.get(pin));
    expect(cluster.holding).toBe(3);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.every(({ owner }) => ![...before.values()].includes(owner))).toBe(true);
  });
});

describe("dead workers", () => {
  test("a worker whose beat stood still for deadAfterMs is removed, and its pins go to the living", () => {
    const cluster = new Cluster(4);
    cluster.setLag(50);
    cluster.tick();
    cluster.tick();
    cluster.silent.add("w0");
    const held = cluster.held("w0");
    const beat = cluster.workers.get("w0")?.beat;
    for (let tick = 0; tick < 3; tick++) expect(cluster.tick().changes).toEqual([]);
    const { changes, reasons } = cluster.tick();
    expect(changes.slice(0, 1 + held.length)).toEqual([
      { kind: "remove-worker", worker: "w0", beat },
      ...held.map((pin) => ({ kind: "take-back", pin, owner: "w0", epoch: 1 })),
    ]);
    expect(reasons).toContain("worker w0 is dead: its beat stopped");
    cluster.tick();
    expect([...cluster.leases.values()].every(({ owner }) => owner !== undefined && owner !== "w0")).toBe(true);
  });

  test("a worker that beats slowly lives", () => {
    const cluster = new Cluster(1);
    cluster.setLag(1);
    cluster.tick();
    for (let round = 0; round < 5; round++) {
      cluster.silent.add("w0");
      for (let tick = 0; tick < 3; tick++) expect(cluster.tick().changes).toEqual([]);
      cluster.silent.delete("w0");
      expect(cluster.tick().changes).toEqual([]);
    }
  });

  test.for([
    ["an outage of the table", 3_600_000],
    ["a clock that was set back", -3_600_000],
  ] as const)("after %s nobody is dead at the first look", ([, passedMs]) => {
    const cluster = new Cluster(4);
    cluster.setLag(50);
    cluster.tick();
    cluster.tick();
    for (const worker of cluster.workers.keys()) cluster.silent.add(worker);
    expect(cluster.tick(passedMs).changes).toEqual([]);
    cluster.silent.clear();
    expect(cluster.tick().changes).toEqual([]);
    expect(cluster.holding).toBe(2);
  });

  test("a worker that was started and never beat has the start grace", () => {
    const cluster = new Cluster(1);
    cluster.setLag(1);
    cluster.workers.set("slow", workerRow({ worker: "slow", beat: 0, assigned: [0], planVersion: 1 }));
    cluster.silent.add("slow");
    cluster.tick();
    for (let tick = 0; tick < 14; tick++) expect(cluster.tick().changes).toEqual([]);
    const { changes, reasons } = cluster.tick();
    expect(changes).toContainEqual({ kind: "remove-worker", worker: "slow", beat: 0 });
    expect(reasons).toContainEqual(expect.stringContaining("worker slow is given up: it was started and never beat"));
  });

  test("workers that need longer than the start grace are there in the end: it doubles with each that is given up", () => {
    const cluster = new Cluster(1);
    cluster.setLag(1);
    const livedMs: number[] = [];
    let bornAtMs = 0;
    for (let tick = 0; tick < 400 && livedMs.length < 4; tick++) {
      const { changes } = cluster.tick();
      for (const [worker, row] of cluster.workers) {
        cluster.silent.add(worker);
        cluster.workers.set(worker, { ...row, beat: 0 });
      }
      if (changes.some(({ kind }) => kind === "remove-worker")) livedMs.push(cluster.nowMs - bornAtMs);
      if (changes.some(({ kind }) => kind === "add-worker")) bornAtMs = cluster.nowMs;
    }
    expect(livedMs).toEqual([32_000, 62_000, 122_000, 242_000]);
    cluster.silent.clear();
    cluster.tick();
    expect(cluster.memory.lostStarts).toBe(0);
  });

  test("a lease whose owner has no row is taken back", () => {
    const cluster = new Cluster(1);
    cluster.leases.set(0, leaseRow({ owner: "gone", epoch: 7 }));
    expect(cluster.tick().changes[0]).toEqual({ kind: "take-back", pin: 0, owner: "gone", epoch: 7 });
  });

  test("a lease that its living owner does not know of is taken back, after the owner had time to say so", () => {
    const cluster = new Cluster(2);
    const takenBack: unknown[] = [];
    for (let beat = 10; beat < 13; beat++) {
      cluster.leases.set(1, leaseRow({ pin: 1, owner: "w", epoch: 7 }));
      cluster.workers.set("w", workerRow({ worker: "w", assigned: [0], held: [0], beat }));
      const { changes, memory } = cluster.decide();
      cluster.memory = memory;
      takenBack.push(changes.filter(({ kind }) => kind === "take-back"));
    }
    expect(takenBack).toEqual([[], [], [{ kind: "take-back", pin: 1, owner: "w", epoch: 7 }]]);
  });

  test("a pin is not given back to a worker that still believes to hold it, nor to another, until it has reported", () => {
    const cluster = new Cluster(2);
    cluster.setLag(10);
    cluster.leases.set(0, leaseRow({ pin: 0, epoch: 3, lastOwner: "w" }));
    cluster.leases.set(1, leaseRow({ pin: 1, epoch: 3, owner: "w" }));
    cluster.workers.set("w", workerRow({ worker: "w", assigned: [1], held: [0, 1] }));
    expect(cluster.decide().changes).toEqual([]);
    cluster.workers.set("w", workerRow({ worker: "w", assigned: [1], held: [1] }));
    expect(cluster.decide().changes).toMatchObject([{ kind: "assign", worker: "w", assigned: [0, 1] }]);
  });

  test("a pin on its way to another worker stays planned there, although the first one's report still has it", () => {
    const cluster = new Cluster(2, { maxWorkers: 2 });
    cluster.setLag(60);
    cluster.leases.set(0, leaseRow({ pin: 0, epoch: 3, lastOwner: "w" }));
    cluster.leases.set(1, leaseRow({ pin: 1, epoch: 3, owner: "w" }));
    cluster.workers.set("w", workerRow({ worker: "w", assigned: [1], held: [0, 1] }));
    cluster.workers.set("x", workerRow({ worker: "x", assigned: [0] }));
    expect(cluster.decide().changes).toEqual([]);
  });

  test("a lease that its owner holds without having it in the plan is left to it: it is being handed over", () => {
    const cluster = new Cluster(1);
    cluster.leases.set(0, leaseRow({ owner: "w", epoch: 3 }));
    for (let ticks = 0; ticks < 5; ticks++) {
      cluster.workers.set("w", workerRow({ worker: "w", assigned: [], held: [0], beat: 10 + ticks }));
      cluster.memory = cluster.decide().memory;
      expect(cluster.decide().changes.filter(({ kind }) => kind === "take-back")).toEqual([]);
      cluster.nowMs += 2_000;
    }
  });

  test("the pin of a dead worker gets an owner even without lag, until it was released asleep", () => {
    const cluster = new Cluster(1);
    cluster.leases.set(0, leaseRow({ asleep: false }));
    expect(cluster.tick().starts).toEqual(["w0"]);
    const asleep = new Cluster(1);
    asleep.leases.set(0, leaseRow({ asleep: true }));
    expect(asleep.tick().starts).toEqual([]);
  });

  test("a pin that its worker still believes to hold is taken from its plan before anybody gets it", () => {
    const cluster = new Cluster(2);
    cluster.setLag(10);
    cluster.tick();
    cluster.leases.set(0, leaseRow({ pin: 0, lastOwner: "w0", epoch: 1 }));
    const { changes } = cluster.decide();
    expect(changes).toEqual([{ kind: "assign", worker: "w0", assigned: [1], planVersion: 1 }]);
  });
});

describe("fewer workers", () => {
  test("after a peak the workers stay for the scale-in window", () => {
    const cluster = new Cluster(4);
    cluster.setLag(100);
    cluster.tick();
    cluster.setLag(5);
    for (let passedMs = 0; passedMs < 58_000; passedMs += 2_000) expect(cluster.tick().changes).toEqual([]);
    cluster.tick();
    expect(cluster.holding).toBe(1);
    expect(cluster.held([...cluster.workers.keys()][0] ?? "")).toHaveLength(4);
  });

  test("a quiet pin stays with its worker while that one goes on for others, and sleeps when it ends", () => {
    const cluster = new Cluster(2);
    cluster.setLag(10);
    cluster.tick();
    cluster.lag.set(0, 0);
    for (let tick = 0; tick < 20; tick++) expect(cluster.tick().changes).toEqual([]);
    expect(cluster.held("w0")).toEqual([0, 1]);
    cluster.lag.set(1, 0);
    for (let tick = 0; tick < 5; tick++) cluster.tick();
    expect(cluster.workers.size).toBe(0);
    expect([...cluster.leases.values()].every(({ asleep }) => asleep)).toBe(true);
  });

  test("a second peak inside the window keeps them", () => {
    const cluster = new Cluster(4);
    cluster.setLag(100);
    cluster.tick();
    cluster.setLag(5);
    cluster.tick(40_000);
    cluster.setLag(100);
    cluster.tick();
    cluster.setLag(5);
    for (let tick = 0; tick < 25; tick++) cluster.tick();
    expect(cluster.holding).toBe(4);
  });

  test("after idleToZeroMs without input none is left, and the pins sleep", () => {
    const cluster = new Cluster(4);
    cluster.setLag(50);
    cluster.tick();
    cluster.setLag(0);
    for (let passedMs = 0; passedMs < 8_000; passedMs += 2_000) cluster.tick();
    expect(cluster.holding).toBe(2);
    const { reasons } = cluster.tick();
    expect(cluster.workers.size).toBe(0);
    expect(reasons).toEqual(expect.arrayContaining([expect.stringMatching(/may end/), "2 → 0 workers: lag 0"]));
    expect([...cluster.leases.values()].every(({ asleep }) => asleep)).toBe(true);
    expect(cluster.tick().changes).toEqual([]);
  });

  test("minWorkers stay, with every pin", () => {
    const cluster = new Cluster(4, { minWorkers: 2 });
    cluster.tick();
    for (let tick = 0; tick < 40; tick++) cluster.tick();
    expect(cluster.holding).toBe(2);
    expect(cluster.leases.size).toBe(4);
  });

  test("an unknown lag takes nobody away, however long", () => {
    const cluster = new Cluster(4);
    cluster.setLag(50);
    cluster.tick();
    cluster.setLag("unknown");
    for (let tick = 0; tick < 100; tick++) expect(cluster.tick().changes).toEqual([]);
    expect(cluster.holding).toBe(2);
  });

  test("an unknown lag does not send a worker home that is still starting", () => {
    const cluster = new Cluster(1);
    cluster.lag.set(0, "unknown");
    cluster.workers.set("w", workerRow({ assigned: [0], planVersion: 1, beat: 0 }));
    expect(cluster.decide().changes).toEqual([]);
  });

  test("one pin with unknown lag keeps everybody", () => {
    const cluster = new Cluster(4);
    cluster.setLag(50);
    cluster.tick();
    cluster.setLag(0);
    cluster.lag.set(3, "unknown");
    for (let tick = 0; tick < 100; tick++) cluster.tick();
    expect(cluster.workers.size).toBe(2);
  });

  test("a draining worker's pins go to another before it ends", () => {
    const cluster = new Cluster(2);
    cluster.setLag(10);
    cluster.tick();
    const row = cluster.workers.get("w0");
    if (row !== undefined) cluster.workers.set("w0", { ...row, status: "draining" });
    const { changes, starts } = cluster.decide();
    expect(starts).toEqual(["w1"]);
    expect(changes).toContainEqual({ kind: "add-worker", worker: "w1", assigned: [0, 1] });
  });
});

test("the same observation and memory give the same decision, and nothing given is changed", () => {
  const cluster = new Cluster(6);
  cluster.setLag(40);
  cluster.tick();
  cluster.setLag(90);
  const memory = structuredClone(cluster.memory);
  expect(cluster.decide()).toEqual(cluster.decide());
  expect(cluster.memory).toEqual(memory);
});

test("what was needed is remembered as far as it may count: at most one entry per number of workers", () => {
  const cluster = new Cluster(4);
  for (const lag of [10, 100, 60, 30, 60, 10, 10, 10, 30, 10]) {
    cluster.setLag(lag);
    cluster.tick();
  }
  expect(cluster.memory.needed.map(({ workers }) => workers)).toEqual([4, 3, 2, 1]);
  expect(cluster.memory.needed.at(-1)?.atMs).toBe(cluster.nowMs);
});
