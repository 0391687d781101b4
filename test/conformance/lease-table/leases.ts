import { describe, expect, test } from "vitest";
import { type LeaseTableCase, pointer } from "./subject.ts";

/** What holds for leases: claims, epochs, releases, pointers. */
export function leaseCases(on: LeaseTableCase): void {
  describe("claim", () => {
    test("takes an absent pin as the first, with epoch 1", async () => {
      expect(await on.table.claim(3, "a")).toEqual({
        kind: "claimed",
        first: true,
        row: {
          pin: 3,
          epoch: 1,
          owner: "a",
          lastOwner: undefined,
          asleep: false,
          pointer: undefined,
          version: 0,
        },
      });
    });

    test("takes a released pin with the next epoch and remembers who held it last", async () => {
      await on.claimed(0, "a");
      await on.table.raise(0, { worker: "a", epoch: 1, to: 7 });
      await on.table.release(0, { worker: "a", epoch: 7, asleep: false });
      const outcome = await on.table.claim(0, "b");
      expect(outcome).toMatchObject({ kind: "claimed", first: false });
      expect(outcome.row).toMatchObject({ epoch: 8, owner: "b", lastOwner: "a" });
    });

    test("stays the first until somebody has raised the epoch", async () => {
      await on.claimed(0, "a");
      await on.table.plan({ kind: "take-back", pin: 0, owner: "a", epoch: 1 });
      expect(await on.table.claim(0, "b")).toMatchObject({ kind: "claimed", first: true, row: { epoch: 2 } });
      await on.table.raise(0, { worker: "b", epoch: 2, to: 3 });
      await on.table.release(0, { worker: "b", epoch: 3, asleep: false });
      expect(await on.table.claim(0, "c")).toMatchObject({ kind: "claimed", first: false, row: { epoch: 4 } });
    });

    test("wakes a pin that is asleep", async () => {
      await on.claimed(0, "a");
      await on.table.release(0, { worker: "a", epoch: 1, asleep: true });
      expect((await on.table.read(0))?.asleep).toBe(true);
      expect((await on.claimed(0, "b")).asleep).toBe(false);
    });

    test("answers who holds a pin that is taken, and leaves it", async () => {
      const mine = await on.claimed(0, "a");
      expect(await on.table.claim(0, "b")).toEqual({ kind: "taken", row: mine });
      expect(await on.table.read(0)).toEqual(mine);
    });

    test("does not give a pin twice to workers of one id", async () => {
      const mine = await on.claimed(0, "a");
      expect(await on.table.claim(0, "a")).toEqual({ kind: "taken", row: mine });
    });

    test("keeps the snapshot pointer", async () => {
      await on.claimed(0, "a");
      await on.table.publishPointer(0, { worker: "a", epoch: 1, seenVersion: 0, pointer: pointer({ epoch: 1 }) });
      await on.table.release(0, { worker: "a", epoch: 1, asleep: true });
      expect(await on.claimed(0, "b")).toMatchObject({ pointer: pointer({ epoch: 1 }), version: 1 });
    });

    test("keeps pins apart", async () => {
      await on.claimed(1, "a");
      await on.claimed(10, "b");
      expect(await on.table.read(1)).toMatchObject({ pin: 1, owner: "a" });
      expect(await on.table.read(10)).toMatchObject({ pin: 10, owner: "b" });
      expect(await on.table.read(0)).toBeUndefined();
    });

    test("has one winner among 16 racers on an absent pin", async () => {
      await expectOneWinner(1);
    });

    test("has one winner among 16 racers on a released pin", async () => {
      await on.claimed(5, "old");
      await on.table.release(5, { worker: "old", epoch: 1, asleep: false });
      await expectOneWinner(2);
    });

    async function expectOneWinner(epoch: number): Promise<void> {
      const racers = Array.from({ length: 16 }, (_, index) => `racer-${index}`);
      const outcomes = await Promise.all(racers.map((racer) => on.another().claim(5, racer)));
      const winner = outcomes.findIndex((outcome) => outcome.kind === "claimed");
      expect(outcomes.filter((outcome) => outcome.kind === "claimed")).toHaveLength(1);
      for (const outcome of outcomes) expect(outcome.row).toMatchObject({ owner: racers[winner], epoch });
      expect(await on.table.read(5)).toMatchObject({ owner: racers[winner], epoch });
    }

    test("never answers an epoch twice while workers take and free one pin", async () => {
      const epochs: number[] = [];
      const workers = Array.from({ length: 4 }, async (_, index) => {
        const client = on.another();
        const worker = `w${index}`;
        for (let turn = 0; turn < 6; turn++) {
          const outcome = await client.claim(0, worker);
          if (outcome.kind === "taken") continue;
          epochs.push(outcome.row.epoch);
          await client.release(0, { worker, epoch: outcome.row.epoch, asleep: false });
        }
      });
      await Promise.all(workers);
      expect(epochs.length).toBeGreaterThan(0);
      expect(new Set(epochs).size).toBe(epochs.length);
      expect((await on.table.read(0))?.epoch).toBe(Math.max(...epochs));
    });
  });

  describe("raise", () => {
    test("moves the epoch of a lease that is held", async () => {
      await on.claimed(0, "a");
      expect(await on.table.raise(0, { worker: "a", epoch: 1, to: 58 })).toMatchObject({
        kind: "ok",
        row: { epoch: 58, owner: "a" },
      });
      expect((await on.table.read(0))?.epoch).toBe(58);
    });

    test.for([
      ["another worker", { worker: "b", epoch: 1, to: 5 }],
      ["another epoch", { worker: "a", epoch: 2, to: 5 }],
    ] as const)("is lost for %s", async ([, held]) => {
      const mine = await on.claimed(0, "a");
      expect(await on.table.raise(0, held)).toEqual({ kind: "lost", row: mine });
      expect(await on.table.read(0)).toEqual(mine);
    });

    test("is lost on an absent pin", async () => {
      expect(await on.table.raise(0, { worker: "a", epoch: 1, to: 5 })).toEqual({ kind: "lost", row: undefined });
      expect(await on.table.read(0)).toBeUndefined();
    });

    test("down is refused as a broken invariant", async () => {
      await on.claimed(0, "a");
      const down = async () => on.table.raise(0, { worker: "a", epoch: 1, to: 1 });
      await expect(down()).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
    });
  });

  describe("release", () => {
    test.for([true, false])("frees the pin, asleep %s, and keeps its epoch", async (asleep) => {
      await on.claimed(0, "a");
      expect(await on.table.release(0, { worker: "a", epoch: 1, asleep })).toMatchObject({
        kind: "ok",
        row: { owner: undefined, lastOwner: "a", epoch: 1, asleep },
      });
      expect(await on.table.read(0)).toMatchObject({ owner: undefined, lastOwner: "a", epoch: 1, asleep });
    });

    test.for([
      ["another worker", { worker: "b", epoch: 1, asleep: true }],
      ["another epoch", { worker: "a", epoch: 2, asleep: true }],
    ] as const)("is lost for %s", async ([, held]) => {
      const mine = await on.claimed(0, "a");
      expect(await on.table.release(0, held)).toEqual({ kind: "lost", row: mine });
      expect(await on.table.read(0)).toEqual(mine);
    });

    test("a second time is lost", async () => {
      await on.claimed(0, "a");
      await on.table.release(0, { worker: "a", epoch: 1, asleep: false });
      expect(await on.table.release(0, { worker: "a", epoch: 1, asleep: true })).toMatchObject({
        kind: "lost",
        row: { asleep: false },
      });
    });

    test("is lost on an absent pin", async () => {
      expect(await on.table.release(9, { worker: "a", epoch: 1, asleep: true })).toEqual({
        kind: "lost",
        row: undefined,
      });
    });

    test("of a worker whose pin went to another leaves the new owner alone", async () => {
      await on.claimed(0, "a");
      await on.table.plan({ kind: "take-back", pin: 0, owner: "a", epoch: 1 });
      const theirs = await on.claimed(0, "b");
      expect(await on.table.release(0, { worker: "a", epoch: 1, asleep: true })).toEqual({ kind: "lost", row: theirs });
    });
  });

  describe("publish", () => {
    test("moves the pointer and the version", async () => {
      await on.claimed(0, "a");
      const first = pointer({ epoch: 1, version: 1 });
      const outcome = await on.table.publishPointer(0, { worker: "a", epoch: 1, seenVersion: 0, pointer: first });
      expect(outcome).toMatchObject({ kind: "ok", row: { pointer: first, version: 1, owner: "a" } });
      const second = pointer({ epoch: 1, version: 2, path: "p/ünicode key" });
      await on.table.publishPointer(0, { worker: "a", epoch: 1, seenVersion: 1, pointer: second });
      expect(await on.table.read(0)).toMatchObject({ pointer: second, version: 2 });
    });

    test.for([
      ["another worker", { worker: "b", epoch: 4, seenVersion: 1 }],
      ["an older epoch", { worker: "a", epoch: 3, seenVersion: 1 }],
      ["a newer epoch", { worker: "a", epoch: 5, seenVersion: 1 }],
      ["an older version", { worker: "a", epoch: 4, seenVersion: 0 }],
      ["a newer version", { worker: "a", epoch: 4, seenVersion: 2 }],
    ] as const)("is lost for %s", async ([, held]) => {
      await on.claimed(0, "a");
      await on.table.raise(0, { worker: "a", epoch: 1, to: 4 });
      await on.table.publishPointer(0, { worker: "a", epoch: 4, seenVersion: 0, pointer: pointer({ epoch: 4 }) });
      const before = await on.table.read(0);
      const next = pointer({ epoch: held.epoch, version: held.seenVersion + 1, path: "other" });
      expect(await on.table.publishPointer(0, { ...held, pointer: next })).toEqual({ kind: "lost", row: before });
      expect(await on.table.read(0)).toEqual(before);
    });

    test("is lost after a take-back, also while nobody else has claimed", async () => {
      await on.claimed(0, "a");
      await on.table.plan({ kind: "take-back", pin: 0, owner: "a", epoch: 1 });
      const late = { worker: "a", epoch: 1, seenVersion: 0, pointer: pointer({ epoch: 1 }) };
      expect(await on.table.publishPointer(0, late)).toMatchObject({ kind: "lost", row: { pointer: undefined } });
    });

    test("is lost on an absent pin", async () => {
      const held = { worker: "a", epoch: 1, seenVersion: 0, pointer: pointer({ epoch: 1 }) };
      expect(await on.table.publishPointer(0, held)).toEqual({ kind: "lost", row: undefined });
    });

    test("has one winner among racing publications of one version", async () => {
      await on.claimed(0, "a");
      const publications = Array.from({ length: 8 }, (_, index) =>
        on.another().publishPointer(0, {
          worker: "a",
          epoch: 1,
          seenVersion: 0,
          pointer: pointer({ epoch: 1, path: `p${index}` }),
        }),
      );
      const outcomes = await Promise.all(publications);
      const winner = outcomes.findIndex((outcome) => outcome.kind === "ok");
      expect(outcomes.filter((outcome) => outcome.kind === "ok")).toHaveLength(1);
      expect((await on.table.read(0))?.pointer?.path).toBe(`p${winner}`);
    });

    test.for([
      ["a foreign epoch", { epoch: 2, version: 1 }],
      ["a version that does not go up", { epoch: 1, version: 0 }],
    ] as const)("of %s is refused as a broken invariant", async ([, wrong]) => {
      await on.claimed(0, "a");
      const publish = async () =>
        on.table.publishPointer(0, { worker: "a", epoch: 1, seenVersion: 0, pointer: pointer(wrong) });
      await expect(publish()).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
    });
  });
}
