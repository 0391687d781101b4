import { describe, expect, test } from "vitest";
import { type LeaseTableCase, report } from "./subject.ts";

/** What holds for workers and plans. */
export function workerCases(on: LeaseTableCase): void {
  describe("beat", () => {
    test("of a planned worker answers its orders and counts", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [2, 0] });
      expect(await on.table.beat("a", report({ status: "ready" }))).toEqual({
        kind: "ok",
        assigned: [2, 0],
        planVersion: 1,
      });
      await on.table.beat("a", report({ status: "ready" }));
      expect((await on.table.observe()).workers).toMatchObject([{ worker: "a", beat: 2, status: "ready" }]);
    });

    test("stores the whole report", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1] });
      const told = report({
        status: "draining",
        held: [1, 2],
        stopped: [{ pin: 3, code: "PROCESSING_FAILED" }],
        positions: { "trades:1": 2 ** 40, "app-repartition:0": 0 },
        recordsPerBusySecond: 12_345.678,
        recordsTotal: 9e15,
        busyRatio: 0.25,
        nextTimerAtMs: 1_795_000_000_123,
        remainingMs: 0,
      });
      await on.table.beat("a", told);
      const { workers } = await on.table.observe();
      expect(workers).toStrictEqual([{ ...told, worker: "a", beat: 1, assigned: [1], planVersion: 1 }]);
    });

    test("of a starting worker that nobody planned makes its row", async () => {
      expect(await on.table.beat("by-hand", report({ status: "starting" }))).toEqual({
        kind: "ok",
        assigned: [],
        planVersion: 0,
      });
      expect((await on.table.observe()).workers).toMatchObject([{ worker: "by-hand", beat: 1, planVersion: 0 }]);
    });

    test.for(["ready", "draining"] as const)("of a worker without row that is %s is revoked", async (status) => {
      expect(await on.table.beat("a", report({ status }))).toEqual({ kind: "revoked" });
      expect((await on.table.observe()).workers).toEqual([]);
    });

    test("after the worker was declared dead is revoked", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [0] });
      await on.table.beat("a", report({ status: "ready" }));
      expect(await on.table.plan({ kind: "remove-worker", worker: "a", beat: 1 })).toBe(true);
      expect(await on.table.beat("a", report({ status: "ready" }))).toEqual({ kind: "revoked" });
    });

    test("answers a plan that was made since", async () => {
      await on.table.beat("a", report({ status: "starting" }));
      await on.table.plan({ kind: "assign", worker: "a", assigned: [4], planVersion: 0 });
      expect(await on.table.beat("a", report({ status: "ready" }))).toEqual({
        kind: "ok",
        assigned: [4],
        planVersion: 1,
      });
    });

    test("of a second process with the same id is revoked and changes nothing, whatever its status", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1] });
      await on.table.beat("a", report({ status: "starting", instance: "first" }));
      for (const status of ["starting", "ready", "draining"] as const) {
        expect(await on.table.beat("a", report({ status, instance: "second" }))).toEqual({ kind: "revoked" });
      }
      expect((await on.table.observe()).workers).toMatchObject([{ instance: "first", beat: 1 }]);
      expect(await on.table.beat("a", report({ status: "ready", instance: "first" }))).toMatchObject({ kind: "ok" });
    });

    test("of two processes with one id at once is answered to exactly one", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1] });
      const first = ["first", "second", "third"].map((instance) =>
        on.another().beat("a", report({ status: "starting", instance })),
      );
      const kinds = (await Promise.all(first)).map(({ kind }) => kind);
      expect(kinds.sort()).toEqual(["ok", "revoked", "revoked"]);
    });

    test("of another process with the id is fine once the first was removed", async () => {
      await on.table.beat("a", report({ status: "starting", instance: "first" }));
      await on.table.plan({ kind: "remove-worker", worker: "a", beat: 1 });
      expect(await on.table.beat("a", report({ status: "starting", instance: "second" }))).toMatchObject({
        kind: "ok",
      });
      expect(await on.table.beat("a", report({ status: "ready", instance: "first" }))).toEqual({ kind: "revoked" });
    });

    test("of many clients at once counts every one", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [] });
      const beats = Array.from({ length: 10 }, () => on.another().beat("a", report({ status: "ready" })));
      await Promise.all(beats);
      expect((await on.table.observe()).workers).toMatchObject([{ beat: 10 }]);
    });
  });

  describe("leave", () => {
    test("removes the worker's row and no other", async () => {
      await on.table.beat("a", report({ status: "starting" }));
      await on.table.beat("b", report({ status: "starting" }));
      await on.table.leave("a", "first");
      expect((await on.table.observe()).workers.map(({ worker }) => worker)).toEqual(["b"]);
    });

    test("of another process with the same id removes nothing", async () => {
      await on.table.beat("a", report({ status: "starting", instance: "first" }));
      await on.table.leave("a", "second");
      expect((await on.table.observe()).workers).toMatchObject([{ worker: "a", instance: "first" }]);
    });

    test("before the first beat removes the row", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1] });
      await on.table.leave("a", "first");
      expect((await on.table.observe()).workers).toEqual([]);
    });

    test("of an unknown worker is fine", async () => {
      await on.table.leave("nobody", "first");
      expect((await on.table.observe()).workers).toEqual([]);
    });

    test("is followed by a fresh row when the worker starts again", async () => {
      await on.table.beat("a", report({ status: "starting" }));
      await on.table.beat("a", report({ status: "ready" }));
      await on.table.leave("a", "first");
      await on.table.beat("a", report({ status: "starting" }));
      expect((await on.table.observe()).workers).toMatchObject([{ worker: "a", beat: 1 }]);
    });
  });

  describe("plan", () => {
    test("adds a worker that has not been heard of", async () => {
      expect(await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1, 2] })).toBe(true);
      expect((await on.table.observe()).workers).toStrictEqual([
        { ...report({ instance: "", status: "starting" }), worker: "a", beat: 0, assigned: [1, 2], planVersion: 1 },
      ]);
    });

    test("adds a worker once", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1] });
      expect(await on.table.plan({ kind: "add-worker", worker: "a", assigned: [2] })).toBe(false);
      expect((await on.table.observe()).workers).toMatchObject([{ assigned: [1] }]);
    });

    test("assigns with the plan version seen", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1] });
      expect(await on.table.plan({ kind: "assign", worker: "a", assigned: [], planVersion: 1 })).toBe(true);
      expect(await on.table.plan({ kind: "assign", worker: "a", assigned: [7], planVersion: 2 })).toBe(true);
      expect((await on.table.observe()).workers).toMatchObject([{ assigned: [7], planVersion: 3 }]);
    });

    test("is refused with a plan version that is stale", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [1] });
      await on.table.plan({ kind: "assign", worker: "a", assigned: [2], planVersion: 1 });
      expect(await on.table.plan({ kind: "assign", worker: "a", assigned: [3], planVersion: 1 })).toBe(false);
      expect((await on.table.observe()).workers).toMatchObject([{ assigned: [2] }]);
    });

    test("is refused for a worker that is gone", async () => {
      expect(await on.table.plan({ kind: "assign", worker: "a", assigned: [3], planVersion: 0 })).toBe(false);
      expect((await on.table.observe()).workers).toEqual([]);
    });

    test("of two coordinators at once has one winner", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [] });
      const plans = [1, 2, 3, 4].map((pin) =>
        on.another().plan({ kind: "assign", worker: "a", assigned: [pin], planVersion: 1 }),
      );
      const won = (await Promise.all(plans)).map((ok, index) => (ok ? index + 1 : 0)).filter((pin) => pin > 0);
      expect(won).toHaveLength(1);
      expect((await on.table.observe()).workers).toMatchObject([{ assigned: won, planVersion: 2 }]);
    });

    test("does not change what the worker reported", async () => {
      await on.table.beat("a", report({ status: "starting", busyRatio: 0.5 }));
      await on.table.plan({ kind: "assign", worker: "a", assigned: [1], planVersion: 0 });
      expect((await on.table.observe()).workers).toMatchObject([{ busyRatio: 0.5, beat: 1 }]);
    });

    test("removes a worker whose beat has not moved", async () => {
      await on.table.beat("a", report({ status: "starting" }));
      expect(await on.table.plan({ kind: "remove-worker", worker: "a", beat: 1 })).toBe(true);
      expect((await on.table.observe()).workers).toEqual([]);
    });

    test("does not remove a worker that has been heard of since", async () => {
      await on.table.beat("a", report({ status: "starting" }));
      await on.table.beat("a", report({ status: "ready" }));
      expect(await on.table.plan({ kind: "remove-worker", worker: "a", beat: 1 })).toBe(false);
      expect((await on.table.observe()).workers).toHaveLength(1);
    });

    test("does not remove a worker twice", async () => {
      await on.table.plan({ kind: "add-worker", worker: "a", assigned: [] });
      expect(await on.table.plan({ kind: "remove-worker", worker: "a", beat: 0 })).toBe(true);
      expect(await on.table.plan({ kind: "remove-worker", worker: "a", beat: 0 })).toBe(false);
    });

    test("takes a pin back with its epoch, awake", async () => {
      await on.claimed(0, "a");
      expect(await on.table.plan({ kind: "take-back", pin: 0, owner: "a", epoch: 1 })).toBe(true);
      expect(await on.table.read(0)).toMatchObject({ owner: undefined, lastOwner: "a", epoch: 1, asleep: false });
    });

    test.for([
      ["another owner", { owner: "b", epoch: 1 }],
      ["an older epoch", { owner: "a", epoch: 0 }],
      ["a newer epoch", { owner: "a", epoch: 2 }],
    ] as const)("does not take a pin back from %s", async ([, seen]) => {
      const mine = await on.claimed(0, "a");
      expect(await on.table.plan({ kind: "take-back", pin: 0, ...seen })).toBe(false);
      expect(await on.table.read(0)).toEqual(mine);
    });

    test("does not take back a pin that is free or absent", async () => {
      await on.claimed(0, "a");
      await on.table.release(0, { worker: "a", epoch: 1, asleep: true });
      expect(await on.table.plan({ kind: "take-back", pin: 0, owner: "a", epoch: 1 })).toBe(false);
      expect((await on.table.read(0))?.asleep).toBe(true);
      expect(await on.table.plan({ kind: "take-back", pin: 1, owner: "a", epoch: 1 })).toBe(false);
      expect(await on.table.read(1)).toBeUndefined();
    });
  });
}
