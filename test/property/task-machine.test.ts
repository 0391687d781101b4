import fc from "fast-check";
import { expect, test } from "vitest";
import type { LeaseRow } from "../../lib/ports/lease-table.ts";
import { startPin, stepPin } from "../../lib/task/pin-machine.ts";
import type { DrainReason, PinEffect, PinEvent, PinState } from "../../lib/task/pin-state.ts";
import { config, failure, lease, position } from "../unit/task/pin-steps.ts";

/** A log and a lease that answer what the machine asks, well or badly, late or never in the wrong order. */
class World {
  state: PinState;
  /** Effects whose answer is outstanding. */
  readonly pending: PinEffect[] = [];
  row: LeaseRow = lease();
  /** Transactions on the log, with their epochs. */
  readonly log = [{ transaction: 20, epoch: 6 }];
  /** The transaction that the newest manifest holds. */
  covered = 20;
  /** The last commit that changed a store. */
  changed = 20;
  confirmedSinceInit = false;
  nowMs = 0;
  released: { asleep: boolean; uncovered: boolean } | undefined;

  constructor() {
    const [state, effects] = startPin();
    this.state = state;
    this.pending.push(...effects);
  }

  tell(event: PinEvent): void {
    const [state, effects] = stepPin(this.state, event, config);
    this.state = state;
    for (const effect of effects) this.take(effect);
  }

  private take(effect: PinEffect): void {
    if (effect.kind === "initialise") this.confirmedSinceInit = false;
    if (effect.kind === "drop") this.pending.length = 0;
    if (effect.kind === "commit" || effect.kind === "birth") {
      expect(
        this.pending.filter(({ kind }) => kind === "commit"),
        "P1: one transaction in flight",
      ).toEqual([]);
      expect(this.confirmedSinceInit, "I2: the lease was read after InitProducerId").toBe(true);
      expect(effect.transaction, "numbers without gaps").toBe(this.newest.transaction + 1);
      expect(effect.epoch, "I2: epochs never go down").toBeGreaterThanOrEqual(this.newest.epoch);
    }
    if (effect.kind === "release") this.released = { asleep: effect.asleep, uncovered: this.covered < this.changed };
    if (effect.kind !== "drop" && effect.kind !== "abort" && effect.kind !== "acknowledge") this.pending.push(effect);
  }

  get newest(): { readonly transaction: number; readonly epoch: number } {
    return this.log.at(-1) ?? expect.fail("the log is never empty");
  }

  /** A record fails and is to be tried again, while a commit may be under way. */
  retry(landed: boolean): void {
    const commit = this.pending.find((effect) => effect.kind === "commit");
    if (commit !== undefined && landed) this.commit(commit, { well: true, landed });
    this.tell({ kind: "retry-asked", afterMs: 10 });
  }

  /** Answers the oldest outstanding effect. */
  answer(well: boolean, landed: boolean): void {
    const effect = this.pending.shift();
    if (effect !== undefined) this.tell(this.answerOf(effect, { well, landed }));
  }

  private answerOf(effect: PinEffect, { well, landed }: { well: boolean; landed: boolean }): PinEvent {
    const { row, nowMs } = this;
    const failed = { kind: "failed", error: failure } as const;
    switch (effect.kind) {
      case "claim":
        return { kind: "claimed", row, first: false };
      case "initialise":
        return well ? { kind: "initialised" } : failed;
      case "confirm":
        this.confirmedSinceInit = well;
        return { kind: "confirmed", row: well ? row : lease({ owner: "other", epoch: row.epoch + 1 }), worker: "me" };
      case "locate":
        return { kind: "located", position: position(this.newest) };
      case "raise":
        this.row = { ...row, epoch: Math.max(row.epoch, effect.positionEpoch) + 1 };
        return { kind: "raised", row: this.row, ok: true };
      case "restore":
        return well
          ? { kind: "restored", tailRecords: this.newest.transaction - this.covered, missingInputs: false, nowMs }
          : failed;
      case "resume":
        return { kind: "resumed", landed: effect.landed, missingInputs: false, nowMs };
      case "publish":
        return this.publish(effect.transaction, well);
      case "release":
        return { kind: "released", outcome: { kind: "ok", row } };
      case "flush":
        return well ? { kind: "flushed" } : { kind: "transaction-failed", verdict: { kind: "reinitialise" } };
      default:
        return this.commit(effect as Extract<PinEffect, { kind: "commit" }>, { well, landed });
    }
  }

  private publish(transaction: number, well: boolean): PinEvent {
    const { nowMs } = this;
    if (!well) return { kind: "publish-failed", nowMs };
    this.covered = transaction;
    this.row = { ...this.row, version: this.row.version + 1 };
    return { kind: "published", row: this.row, transaction, nowMs };
  }

  private commit(effect: { transaction: number; epoch: number }, how: { well: boolean; landed: boolean }): PinEvent {
    const { transaction, epoch } = effect;
    if (how.well || how.landed) {
      this.log.push({ transaction, epoch });
      this.changed = transaction;
    }
    if (!how.well) return { kind: "transaction-failed", verdict: { kind: "reinitialise" } };
    return { kind: "committed", transaction, changelogRecords: 3, changelogBytes: 30, nowMs: this.nowMs };
  }
}

type Step =
  | { readonly kind: "answer"; readonly well: boolean; readonly landed: boolean }
  | { readonly kind: "progress"; readonly records: number; readonly full: boolean; readonly afterMs: number }
  | { readonly kind: "retry"; readonly landed: boolean }
  | { readonly kind: "drain"; readonly reason: DrainReason };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      well: fc.constantFrom(true, true, true, false),
      landed: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("progress" as const),
      records: fc.nat(3),
      full: fc.boolean(),
      afterMs: fc.constantFrom(1, 100, 40_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("retry" as const), landed: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("drain" as const),
      reason: fc.constantFrom<DrainReason>("handover", "sleep", "deadline"),
    }),
  },
);

function play(steps: readonly Step[]): World {
  const world = new World();
  for (const next of steps) {
    if (next.kind === "answer") world.answer(next.well, next.landed);
    if (next.kind === "retry" && world.state.kind === "running") world.retry(next.landed);
    if (next.kind === "drain") world.tell({ kind: "drain", reason: next.reason });
    if (next.kind === "progress" && world.state.kind === "running") {
      world.nowMs += next.afterMs;
      const open = {
        records: next.records,
        bytes: 0,
        sinceMs: 0,
        moved: false,
        fullBatches: next.full && next.records > 0,
        commitRequested: false,
      };
      world.tell({ kind: "progressed", open, nowMs: world.nowMs });
    }
  }
  return world;
}

test("whatever is answered: one commit at a time, after a confirmed lease, numbered without gaps", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      play(steps);
    }),
    { numRuns: 500 },
  );
});

test("whatever is answered: a pin is released as asleep only when the newest manifest holds its last change (P3)", () => {
  let asleep = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const { released } = play([...steps, { kind: "drain", reason: "sleep" }, ...settle]);
      if (released?.asleep !== true) return;
      asleep++;
      expect(released.uncovered).toBe(false);
    }),
    { numRuns: 500 },
  );
  expect(asleep).toBeGreaterThan(50);
});

test("whatever is answered: when everything goes well again, a draining pin ends", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      expect(play([...steps, { kind: "drain", reason: "handover" }, ...settle]).state.kind).toBe("ended");
    }),
    { numRuns: 300 },
  );
});

/** Everything is answered well, and nothing new comes. */
const settle: readonly Step[] = Array.from(
  { length: 40 },
  (_, index): Step =>
    index % 2 === 0
      ? { kind: "answer", well: true, landed: true }
      : { kind: "progress", records: 0, full: false, afterMs: 1 },
);
