import { describe, expect, test } from "vitest";
import { type LeaseTableCase, pointer, report } from "./subject.ts";

/** What holds for the table as a whole: views, documents, names, applications, lost answers. */
export function rowCases(on: LeaseTableCase): void {
  describe("observe", () => {
    test("answers nothing of an application that is new", async () => {
      expect(await on.table.observe()).toEqual({ leases: [], workers: [] });
    });

    test("answers every lease and worker, in order", async () => {
      for (const pin of [10, 2, 0]) await on.claimed(pin, "b");
      for (const worker of ["w10", "w2"]) await on.table.beat(worker, report({ status: "starting" }));
      await on.table.writeDocument("manifest", 0, "{}");
      const { leases, workers } = await on.table.observe();
      expect(leases.map(({ pin }) => pin)).toEqual([0, 2, 10]);
      expect(leases[0]).toEqual(await on.table.read(0));
      expect(workers.map(({ worker }) => worker)).toEqual(["w10", "w2"]);
    });

    test("answers more rows than fit in a page", async () => {
      const positions = Object.fromEntries(
        Array.from({ length: 400 }, (_, index) => [
          `a-topic-with-a-rather-long-name-${"x".repeat(150)}:${index}`,
          index,
        ]),
      );
      const workers = Array.from({ length: 24 }, (_, index) => `w${index}`);
      await Promise.all(workers.map((worker) => on.table.beat(worker, report({ status: "starting", positions }))));
      await on.claimed(0, "w0");
      const observed = await on.table.observe();
      expect(observed.workers.map(({ worker }) => worker)).toEqual([...workers].sort());
      expect(observed.workers.every((worker) => Object.keys(worker.positions).length === 400)).toBe(true);
      expect(observed.leases).toHaveLength(1);
    });
  });

  describe("documents", () => {
    test("that are absent are undefined", async () => {
      expect(await on.table.readDocument("manifest")).toBeUndefined();
    });

    test("are written with the version seen", async () => {
      expect(await on.table.writeDocument("manifest", 0, "one")).toEqual({
        written: true,
        row: { version: 1, body: "one" },
      });
      expect(await on.table.writeDocument("manifest", 1, "two")).toEqual({
        written: true,
        row: { version: 2, body: "two" },
      });
      expect(await on.table.readDocument("manifest")).toEqual({ version: 2, body: "two" });
    });

    test.for([0, 2])("are kept when version %i was seen and 1 is there", async (seen) => {
      await on.table.writeDocument("manifest", 0, "theirs");
      expect(await on.table.writeDocument("manifest", seen, "mine")).toEqual({
        written: false,
        row: { version: 1, body: "theirs" },
      });
      expect(await on.table.readDocument("manifest")).toEqual({ version: 1, body: "theirs" });
    });

    test("that are absent are not written with a version", async () => {
      expect(await on.table.writeDocument("manifest", 3, "x")).toMatchObject({ written: false, row: { version: 0 } });
      expect(await on.table.readDocument("manifest")).toBeUndefined();
    });

    test("are apart by name and hold any text", async () => {
      const body = `{"a":"ü\u{1F600}\n\\"}${"x".repeat(100_000)}`;
      await on.table.writeDocument("one", 0, body);
      await on.table.writeDocument("two", 0, "");
      expect(await on.table.readDocument("one")).toEqual({ version: 1, body });
      expect(await on.table.readDocument("two")).toEqual({ version: 1, body: "" });
    });

    test("have one winner among racing writers", async () => {
      const writes = Array.from({ length: 8 }, (_, index) =>
        on.another().writeDocument("memory", 0, `writer ${index}`),
      );
      const outcomes = await Promise.all(writes);
      const winner = outcomes.findIndex(({ written }) => written);
      expect(outcomes.filter(({ written }) => written)).toHaveLength(1);
      for (const { row } of outcomes) expect(row).toEqual({ version: 1, body: `writer ${winner}` });
    });
  });

  describe("names", () => {
    const odd = [
      "UPPER",
      "upper",
      "../escape",
      "a/b#c@d~e",
      "W#worker",
      "with space",
      "__proto__",
      "naïve-Ω-\u{1F600}",
      ".",
      "x".repeat(300),
      "arn:aws:ecs:us-east-1:123456789012:task/cluster/0f1e2d",
    ];

    test.for(odd)("of workers may be %j", async (worker) => {
      await on.table.plan({ kind: "add-worker", worker, assigned: [0] });
      await on.table.beat(worker, report({ status: "ready" }));
      await on.claimed(0, worker);
      const { leases, workers } = await on.table.observe();
      expect([leases[0]?.owner, workers[0]?.worker, workers[0]?.beat]).toEqual([worker, worker, 1]);
      await on.table.leave(worker, "first");
      expect((await on.table.observe()).workers).toEqual([]);
    });

    test("that differ are workers that differ", async () => {
      for (const worker of odd) await on.table.beat(worker, report({ status: "starting" }));
      const { workers } = await on.table.observe();
      expect(new Set(workers.map(({ worker }) => worker))).toEqual(new Set(odd));
    });
  });

  describe("two applications in one table", () => {
    test.for([
      ["of different names", ["x", 1]],
      ["of different generations", ["", 2]],
      ["where one name starts with the other", ["-more", 1]],
    ] as const)("%s do not see each other", async ([, [suffix, generation]]) => {
      const other = on.subject.open(on.app + suffix, generation);
      await on.claimed(0, "a");
      await on.table.beat("a", report({ status: "starting" }));
      await on.table.writeDocument("manifest", 0, "mine");
      expect(await other.observe()).toEqual({ leases: [], workers: [] });
      expect(await other.read(0)).toBeUndefined();
      expect(await other.readDocument("manifest")).toBeUndefined();
      expect(await other.claim(0, "b")).toMatchObject({ kind: "claimed", first: true });
      await other.leave("a", "first");
      expect((await on.table.observe()).workers).toHaveLength(1);
      expect(await on.table.read(0)).toMatchObject({ owner: "a" });
    });
  });

  describe("a lost answer", () => {
    test("of each write is settled as what happened", async ({ skip }) => {
      const { loseNextWriteAnswer } = on.subject;
      if (loseNextWriteAnswer === undefined) return skip("answers of this adapter cannot be lost");
      const losing = <T>(call: () => Promise<T>): Promise<T> => {
        loseNextWriteAnswer();
        return call();
      };
      expect(await losing(() => on.table.claim(0, "a"))).toMatchObject({ kind: "claimed", first: true });
      expect(await losing(() => on.table.raise(0, { worker: "a", epoch: 1, to: 5 }))).toMatchObject({ kind: "ok" });
      const held = { worker: "a", epoch: 5, seenVersion: 0, pointer: pointer({ epoch: 5 }) };
      expect(await losing(() => on.table.publishPointer(0, held))).toMatchObject({ kind: "ok", row: { version: 1 } });
      expect(await losing(() => on.table.release(0, { worker: "a", epoch: 5, asleep: true }))).toMatchObject({
        kind: "ok",
        row: { asleep: true },
      });
      expect(await losing(() => on.table.claim(0, "b"))).toMatchObject({ kind: "claimed", row: { epoch: 6 } });
      expect(await losing(() => on.table.plan({ kind: "add-worker", worker: "b", assigned: [0] }))).toBe(true);
      const assign = { kind: "assign", worker: "b", assigned: [], planVersion: 1 } as const;
      expect(await losing(() => on.table.plan(assign))).toBe(true);
      expect(await losing(() => on.table.plan({ kind: "take-back", pin: 0, owner: "b", epoch: 6 }))).toBe(true);
      expect(await losing(() => on.table.plan({ kind: "remove-worker", worker: "b", beat: 0 }))).toBe(true);
      expect(await losing(() => on.table.writeDocument("m", 0, "x"))).toMatchObject({ written: true });
      expect(await losing(() => on.table.writeDocument("m", 1, "y"))).toMatchObject({ row: { version: 2 } });
      expect(await losing(() => on.table.beat("c", report({ status: "starting" })))).toMatchObject({ kind: "ok" });
      expect(await on.table.observe()).toMatchObject({ leases: [{ epoch: 6, owner: undefined }] });
      expect(await losing(() => on.table.leave("c", "first"))).toBeUndefined();
      expect((await on.table.observe()).workers).toEqual([]);
    });
  });
}
