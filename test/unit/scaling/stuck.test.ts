import { describe, expect, test } from "vitest";
import { Cluster } from "./cluster.ts";

const poison = "PROCESSING_FAILED";

/** One pin with lag, and a worker that reports it as stopped with its next beat. */
function stuckCluster(): Cluster {
  const cluster = new Cluster(1);
  cluster.setLag(10);
  cluster.tick();
  stop(cluster);
  return cluster;
}

/** The owner gives the pin up and reports why. */
function stop(cluster: Cluster): void {
  const owner = cluster.leases.get(0)?.owner ?? expect.fail("nobody holds the pin");
  const row = cluster.workers.get(owner) ?? expect.fail("no such worker");
  cluster.free(0, false);
  cluster.workers.set(owner, { ...row, stopped: [{ pin: 0, code: poison }], held: [] });
}

/** Ticks until somebody holds the pin again. @returns milliseconds */
function untilTriedAgain(cluster: Cluster, stepMs = 500): number {
  for (let passedMs = stepMs; passedMs < 3_600_000; passedMs += stepMs) {
    cluster.tick(stepMs);
    if (cluster.leases.get(0)?.owner !== undefined) return passedMs;
  }
  return expect.fail("nobody tries it again");
}

/** A tick or two more than the hold-off. */
function expectWaits(waitsMs: readonly number[], seconds: readonly number[]): void {
  expect(waitsMs.length).toBe(seconds.length);
  waitsMs.forEach((waitMs, index) => {
    const holdMs = (seconds[index] ?? 0) * 1_000;
    expect(waitMs, `try ${index + 1}`).toBeGreaterThanOrEqual(holdMs);
    expect(waitMs, `try ${index + 1}`).toBeLessThanOrEqual(holdMs + 1_500);
  });
}

describe("a pin that stopped", () => {
  test("is taken from its worker, and the reason names pin and code", () => {
    const cluster = stuckCluster();
    const { changes, reasons } = cluster.tick();
    expect(changes).toEqual([{ kind: "assign", worker: "w0", assigned: [], planVersion: 1 }]);
    expect(reasons).toContain("pin 0 is STUCK: it stopped with PROCESSING_FAILED and is tried again in 1 s");
  });

  test("is said once", () => {
    const cluster = stuckCluster();
    expect(cluster.tick(100).reasons.join()).toContain("STUCK");
    expect(cluster.tick(100).reasons.join()).not.toContain("STUCK");
  });

  test("gets no other worker while the first one still reports it, however long", () => {
    const cluster = stuckCluster();
    for (let tick = 0; tick < 20; tick++) {
      const { changes } = cluster.decide();
      expect(changes.filter(({ kind }) => kind === "add-worker")).toEqual([]);
      cluster.memory = cluster.decide().memory;
      cluster.nowMs += 2_000;
    }
  });

  test("is tried again after a second, then after twice as long each time, up to five minutes", () => {
    const cluster = stuckCluster();
    const waits: number[] = [];
    for (let times = 0; times < 12; times++) {
      waits.push(untilTriedAgain(cluster));
      stop(cluster);
    }
    expectWaits(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  test("is tried again as often when it only moves a little before it stops again", () => {
    const cluster = stuckCluster();
    const waits: number[] = [];
    for (let times = 0; times < 4; times++) {
      waits.push(untilTriedAgain(cluster));
      cluster.positions.set(0, (cluster.positions.get(0) ?? 0) + 1);
      cluster.tick(500);
      stop(cluster);
    }
    expectWaits(waits, [1, 2, 4, 8]);
  });

  test("starts at a second again after it went well for a minute and moved", () => {
    const cluster = stuckCluster();
    for (let times = 0; times < 4; times++) {
      untilTriedAgain(cluster);
      stop(cluster);
    }
    untilTriedAgain(cluster);
    cluster.positions.set(0, 100);
    for (let passedMs = 0; passedMs < 70_000; passedMs += 2_000) cluster.tick();
    expect(cluster.memory.stuck).toEqual({});
    stop(cluster);
    expect(untilTriedAgain(cluster)).toBeLessThanOrEqual(2_000);
  });

  test("is not forgotten while it stands still, or while nobody can tell", () => {
    const cluster = stuckCluster();
    untilTriedAgain(cluster);
    for (let passedMs = 0; passedMs < 120_000; passedMs += 2_000) cluster.tick();
    expect(cluster.memory.stuck).toHaveProperty("0");
    cluster.positions.set(0, 100);
    cluster.lag.set(0, "unknown");
    cluster.tick();
    expect(cluster.memory.stuck).toHaveProperty("0");
  });

  test("does not hold the others up", () => {
    const cluster = new Cluster(2);
    cluster.setLag(10);
    cluster.tick();
    stop(cluster);
    for (let tick = 0; tick < 3; tick++) cluster.tick(100);
    expect(cluster.leases.get(1)?.owner).toBe("w0");
    expect(cluster.workers.get("w0")?.assigned).toEqual([1]);
  });

  test("is left alone also when its lag is unknown, when minWorkers is set, and after a clock was set back", () => {
    const cluster = new Cluster(1, { minWorkers: 1 });
    cluster.tick();
    stop(cluster);
    cluster.lag.set(0, "unknown");
    expect(cluster.tick(100).starts).toEqual([]);
    expect(cluster.tick(-3_600_000).starts).toEqual([]);
    cluster.lag.set(0, 5);
    expect(untilTriedAgain(cluster)).toBeLessThanOrEqual(2_500);
  });
});
