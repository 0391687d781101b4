import { describe, expect, test } from "vitest";
import { StreamError } from "../../../lib/core/errors.ts";
import type { PinEvent, PinState } from "../../../lib/task/pin-state.ts";
import {
  acquire,
  committed,
  dirty,
  failure,
  fenced,
  follow,
  lease,
  position,
  published,
  running,
  stopped,
  walk,
  well,
} from "./pin-steps.ts";

const kindsOf = (effects: readonly { readonly kind: string }[]) => effects.map(({ kind }) => kind);
const end = (state: PinState) => (state.kind === "ended" ? state.outcome : expect.fail(`the pin is ${state.kind}`));

/** One path to every state that is not running. */
const paths: Readonly<Record<Exclude<PinState["kind"], "running" | "ended">, readonly PinEvent[]>> = {
  claiming: [],
  fencing: acquire.slice(0, 1),
  confirming: acquire.slice(0, 2),
  locating: acquire.slice(0, 3),
  raising: [...acquire.slice(0, 3), { kind: "located", position: position({ epoch: 7 }) }],
  restoring: acquire.slice(0, 4),
  birthing: [...acquire.slice(0, 4), { ...well.restored, missingInputs: true }],
  releasing: [...acquire, { kind: "drain", reason: "handover" }, { kind: "progressed", open: nothingOpen(), nowMs: 0 }],
};

function nothingOpen() {
  return { records: 0, bytes: 0, sinceMs: 0, moved: false, fullBatches: false, commitRequested: false };
}

describe("acquiring", () => {
  test("claims, fences, reads the lease again, locates, restores, runs: in this order, one effect each", () => {
    const effects = acquire.map((_event, index) => kindsOf(walk(...acquire.slice(0, index)).effects));
    expect(effects).toEqual([["claim"], ["initialise"], ["confirm"], ["locate"], ["restore"]]);
    expect(walk(...acquire).state).toMatchObject({ kind: "running", memory: { committed: 20, sealed: undefined } });
    expect(walk(...acquire).effects).toEqual([]);
  });

  test("restores what the lease row of the second read points to", () => {
    const row = lease({ version: 9 });
    const { state, effects } = walk(well.claimed, well.initialised, { ...well.confirmed, row }, well.located);
    expect(effects).toEqual([{ kind: "restore", row, position: position() }]);
    expect(state).toMatchObject({ lease: { version: 9 } });
  });

  test("a pin that another worker holds is left alone", () => {
    const row = lease({ owner: "other" });
    expect(end(walk({ kind: "taken", row }).state)).toEqual({ kind: "taken", row });
  });

  test.for([
    ["another owner", lease({ owner: "other", epoch: 8 })],
    ["a higher epoch of the same worker", lease({ epoch: 8 })],
    ["nobody", lease({ owner: undefined })],
    ["no row at all", undefined],
  ] as const)("ends without a write when the second read of the lease shows %s", ([, row]) => {
    const { state, effects } = walk(well.claimed, well.initialised, { kind: "confirmed", row, worker: "me" });
    expect([end(state), effects]).toEqual([{ kind: "fenced", row }, []]);
  });
});

describe("the epoch of commits", () => {
  const upTo = acquire.slice(0, 3);

  test.for([
    ["an older position: kept", { first: false, position: position({ epoch: 6 }) }, "restore"],
    ["no position: kept", { first: false, position: undefined }, "restore"],
    ["a position of our own epoch: raised", { first: false, position: position({ epoch: 7 }) }, "raise"],
    ["a position of a higher epoch: raised", { first: false, position: position({ epoch: 50 }) }, "raise"],
    ["the first claim of a row: raised", { first: true, position: undefined }, "raise"],
  ] as const)("%s", ([, { first, position: found }, effect]) => {
    const { effects } = walk({ ...well.claimed, first }, ...upTo.slice(1), { kind: "located", position: found });
    expect(kindsOf(effects)).toEqual([effect]);
    if (effect === "raise") expect(effects).toMatchObject([{ first, positionEpoch: found?.epoch ?? 0 }]);
  });

  test("after it was raised, restores and commits under the raised one, and never raises again", () => {
    const raised = lease({ epoch: 51 });
    const at = walk(...upTo, { kind: "located", position: position({ epoch: 50 }) });
    const restoring = follow(at, { kind: "raised", row: raised, ok: true });
    expect(restoring.effects).toEqual([{ kind: "restore", row: raised, position: position({ epoch: 50 }) }]);
    const { effects, state } = follow(restoring, well.restored, dirty);
    expect(effects).toEqual([{ kind: "commit", epoch: 51, transaction: 21 }]);
    expect(state).toMatchObject({ first: false });
  });

  test.for([
    ["lost", { row: lease({ owner: "other", epoch: 8 }), ok: false }],
    ["answered without a row", { row: undefined, ok: true }],
  ] as const)("ends when the raise is %s", ([, answer]) => {
    const { state } = walk(...paths.raising, { kind: "raised", ...answer });
    expect(end(state)).toEqual({ kind: "fenced", row: answer.row });
  });
});

describe("birth", () => {
  test("a position without an input is completed by a commit before anything is processed", () => {
    const { state, effects } = walk(...paths.birthing);
    expect(effects).toEqual([{ kind: "birth", epoch: 7, transaction: 21 }]);
    expect(follow({ state, effects }, committed(21, { records: 0 })).state).toMatchObject({
      kind: "running",
      memory: { committed: 21, sealed: undefined },
    });
  });

  test("of a pin that never committed is transaction 1", () => {
    const { effects } = walk(
      ...acquire.slice(0, 3),
      { kind: "located", position: undefined },
      {
        ...well.restored,
        missingInputs: true,
      },
    );
    expect(effects).toMatchObject([{ kind: "birth", transaction: 1 }]);
  });

  test("that fails starts over without anything in memory, and restores what is on the log", () => {
    const again = walk(...paths.birthing, fenced);
    expect(kindsOf(again.effects)).toEqual(["drop", "initialise"]);
    const landed = position({ epoch: 7, transaction: 21 });
    const { effects } = follow(again, well.initialised, well.confirmed, { kind: "located", position: landed });
    expect(effects, "our own epoch was found: it is raised").toMatchObject([{ kind: "raise", positionEpoch: 7 }]);
  });

  test("keeps what the restore replayed as uncovered", () => {
    const restored = { ...well.restored, tailRecords: 80, missingInputs: true };
    const { state } = walk(...acquire.slice(0, 4), restored, committed(21, { records: 0 }));
    expect(state).toMatchObject({ memory: { uncovered: { commits: 1, records: 80 } } });
  });
});

describe("a failed transaction", () => {
  const failedCommit = running(dirty);
  const again = follow(failedCommit, fenced);

  test("drops what was not sent, initialises again, and reads the lease again", () => {
    expect(kindsOf(again.effects)).toEqual(["drop", "initialise"]);
    expect(kindsOf(follow(again, well.initialised).effects)).toEqual(["confirm"]);
  });

  test("ends the pin when the lease is no longer ours", () => {
    const row = lease({ owner: "other", epoch: 8 });
    const { state, effects } = follow(again, well.initialised, { kind: "confirmed", row, worker: "me" });
    expect([end(state), effects]).toEqual([{ kind: "fenced", row }, []]);
  });

  test.for([
    ["landed: it is acknowledged", position({ epoch: 7, transaction: 21 }), ["resume", true]],
    ["did not land: it is dropped", position({ transaction: 20 }), ["resume", false]],
    ["somebody else's has its number: all is read anew", position({ epoch: 6, transaction: 21 }), ["restore"]],
    ["the position is neither: all is read anew", position({ transaction: 25 }), ["restore"]],
    ["the position is gone: all is read anew", undefined, ["restore"]],
    ["a higher epoch committed: ours is raised", position({ epoch: 9, transaction: 30 }), ["raise"]],
  ] as const)("%s", ([, found, expected]) => {
    const { effects } = follow(again, well.initialised, well.confirmed, { kind: "located", position: found });
    expect(effects.map((effect) => (effect.kind === "resume" ? [effect.kind, effect.landed] : [effect.kind]))).toEqual([
      expected,
    ]);
  });

  test("that landed goes on from its number, one that did not is committed again under the same number", () => {
    const at = follow(again, well.initialised, well.confirmed);
    const landed = follow(
      at,
      { kind: "located", position: position({ epoch: 7, transaction: 21 }) },
      { ...well.resumed, landed: true },
      dirty,
    );
    expect(landed.effects).toEqual([{ kind: "commit", epoch: 7, transaction: 22 }]);
    const lost = follow(at, well.located, well.resumed, dirty);
    expect(lost.effects).toEqual([{ kind: "commit", epoch: 7, transaction: 21 }]);
  });

  test("stops the pin with its error when the table says so", () => {
    const { state, effects } = follow(failedCommit, stopped);
    expect(effects).toEqual([{ kind: "abort" }, { kind: "drop" }, { kind: "release", row: lease(), asleep: false }]);
    expect(end(follow({ state, effects }, well.released).state)).toEqual({ kind: "stopped", error: failure });
  });

  test("may happen maxReacquires times in a row, then the pin stops and names its lease and the last failure", () => {
    let at = failedCommit as ReturnType<typeof follow>;
    const resume = [well.initialised, well.confirmed, well.located, well.resumed, dirty] as const;
    for (let times = 0; times < 3; times++) at = follow(at, fenced, ...resume);
    const verdict = { kind: "reinitialise", error: failure } as const;
    const last = follow(at, { kind: "transaction-failed", verdict }, well.released);
    const message = expect.stringContaining(failure.message);
    expect(end(last.state)).toMatchObject({
      kind: "stopped",
      error: { code: "TRANSACTION_ABORTED", details: { pin: 3, epoch: 7 }, message, cause: failure },
    });
  });

  test("is forgotten with the next acknowledged commit", () => {
    let at = failedCommit as ReturnType<typeof follow>;
    const resume = [well.initialised, well.confirmed, well.located, well.resumed, dirty, committed(21)] as const;
    at = follow(at, fenced, ...resume);
    expect(at.state).toMatchObject({ kind: "running", reacquires: 0 });
  });
});

describe("a typed failure", () => {
  test.for(Object.keys(paths) as (keyof typeof paths)[])("while %s", (kind) => {
    const before = walk(...paths[kind]);
    expect(before.state.kind).toBe(kind);
    const { state, effects } = follow(before, { kind: "failed", error: failure });
    if (kind === "claiming" || kind === "releasing") {
      expect([end(state), effects]).toEqual([{ kind: "stopped", error: failure }, []]);
    } else {
      expect(kindsOf(effects)).toEqual(["abort", "drop", "release"]);
      expect(end(follow({ state, effects }, well.released).state)).toEqual({ kind: "stopped", error: failure });
    }
  });

  test("counts only when the lease was ours: if nobody can say, the pin is tried again, and names both", () => {
    const first = follow(running(), { kind: "failed", error: failure });
    const silent = new StreamError("LEASE_TABLE_UNAVAILABLE", "no answer", { details: { table: "leases" } });
    expect(end(follow(first, { kind: "failed", error: silent }).state)).toMatchObject({
      kind: "stopped",
      error: {
        code: "LEASE_TABLE_UNAVAILABLE",
        advice: "retry",
        message: `LEASE_TABLE_UNAVAILABLE: no answer; before that: ${failure.message}`,
        details: { table: "leases" },
        cause: failure,
      },
    });
  });

  test("of the release that is lasting does not hide what came first", () => {
    const first = follow(running(), { kind: "failed", error: failure });
    const second = new StreamError("TABLE_MISSING", "no table");
    expect(end(follow(first, { kind: "failed", error: second }).state)).toEqual({ kind: "stopped", error: failure });
  });

  test("in a pin that was no longer ours is no alarm", () => {
    const outcome = { kind: "lost", row: lease({ owner: "other" }) } as const;
    const { state } = follow(running(), { kind: "failed", error: failure }, { kind: "released", outcome });
    expect(end(state)).toEqual({ kind: "fenced", row: lease({ owner: "other" }) });
  });
});

describe("an order to drain", () => {
  const others = (Object.keys(paths) as (keyof typeof paths)[]).filter((kind) => kind !== "releasing");

  test.for(others)("while %s is kept, and the step goes on", (kind) => {
    const { state, effects } = walk(...paths[kind], { kind: "drain", reason: "deadline" });
    expect([state, effects]).toEqual([{ ...walk(...paths[kind]).state, draining: "deadline" }, []]);
  });

  test("before the pin runs lets it run only to be released", () => {
    const drained = walk({ kind: "drain", reason: "handover" }, ...acquire);
    const { effects } = follow(drained, { kind: "progressed", open: nothingOpen(), nowMs: 1_001 });
    expect(effects).toEqual([{ kind: "release", row: lease(), asleep: true }]);
  });

  test("survives a transaction that fails", () => {
    const at = follow(running(dirty), { kind: "drain", reason: "sleep" }, fenced, well.initialised, well.confirmed);
    const { state } = follow(at, well.located, well.resumed);
    expect(state).toMatchObject({ kind: "running", draining: "sleep" });
  });
});

describe("what comes late", () => {
  const late: readonly PinEvent[] = [
    published(20),
    { kind: "pointer-moved", row: undefined, worker: "me" },
    { kind: "publish-failed", nowMs: 0 },
    { kind: "flushed" },
  ];

  for (const event of late) {
    test.for(Object.keys(paths) as (keyof typeof paths)[])(`"${event.kind}" is ignored while %s`, (kind) => {
      const before = walk(...paths[kind]);
      expect(follow(before, event)).toEqual({ state: before.state, effects: [] });
    });
  }

  test("everything but its answer is ignored while releasing", () => {
    const before = walk(...paths.releasing);
    for (const event of [...acquire.slice(1), dirty, fenced, committed(21)]) {
      expect(follow(before, event)).toEqual({ state: before.state, effects: [] });
    }
  });

  test("nothing happens after the end", () => {
    const ended = walk({ kind: "taken", row: lease() });
    for (const event of [...acquire, fenced, { kind: "failed", error: failure } as const]) {
      expect(follow(ended, event)).toEqual({ state: ended.state, effects: [] });
    }
  });
});

describe("what cannot happen", () => {
  test.for<[keyof typeof paths, PinEvent]>([
    ["claiming", well.initialised],
    ["fencing", well.located],
    ["fencing", fenced],
    ["confirming", well.initialised],
    ["locating", well.confirmed],
    ["raising", well.restored],
    ["restoring", committed(21)],
    ["birthing", well.restored],
  ])("a pin that is %s and is told %o is a broken invariant", ([kind, event]) => {
    expect(() => walk(...paths[kind], event)).toThrow(
      expect.objectContaining({ code: "INVARIANT_BROKEN", message: expect.stringContaining(`is ${kind} cannot`) }),
    );
  });
});
