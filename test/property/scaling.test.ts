import fc from "fast-check";
import { expect, test } from "vitest";
import type { Lag } from "../../lib/scaling/types.ts";
import { Cluster } from "../unit/scaling/cluster.ts";

const pinCount = 6;
const lag = fc.oneof(
  fc.constant<Lag>(0),
  fc.integer({ min: 1, max: 300 }).map((records): Lag => records),
  fc.constant<Lag>("unknown"),
);
const step = fc.record({
  lags: fc.array(lag, { minLength: pinCount, maxLength: pinCount }),
  afterMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.constantFrom(-60_000, 60_000)),
  /** Index of a worker that stops beating. */
  silence: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
});

test("whatever happens, a plan is sound, and when it stops happening every pin with lag has one living owner", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const cluster = new Cluster(pinCount);
      for (const { lags, afterMs, silence } of steps) {
        for (const [pin, seen] of lags.entries()) cluster.lag.set(pin, seen);
        const victim = [...cluster.workers.keys()][silence ?? -1];
        if (victim !== undefined) cluster.silent.add(victim);
        const workersBefore = cluster.workers.size;
        const decision = cluster.tick(afterMs);
        const assigned = [...cluster.workers.values()].flatMap((row) => row.assigned);
        expect(new Set(assigned).size).toBe(assigned.length);
        expect(cluster.workers.size).toBeLessThanOrEqual(cluster.config.maxWorkers);
        const removed = decision.changes.filter(({ kind }) => kind === "remove-worker").length;
        if (lags.includes("unknown")) expect(cluster.workers.size).toBeGreaterThanOrEqual(workersBefore - removed);
        expect(decision.starts.every((worker) => cluster.workers.has(worker))).toBe(true);
      }
      cluster.setLag(5);
      for (let tick = 0; tick < 40; tick++) cluster.tick();
      const owners = [...cluster.leases.values()].map(({ owner }) => owner ?? "nobody");
      expect(owners).toHaveLength(pinCount);
      for (const owner of owners) {
        expect(cluster.workers.has(owner)).toBe(true);
        expect(cluster.silent.has(owner)).toBe(false);
      }
      cluster.setLag(0);
      for (let tick = 0; tick < 10; tick++) cluster.tick();
      expect(cluster.workers.size).toBe(0);
    }),
    { numRuns: 300 },
  );
});
