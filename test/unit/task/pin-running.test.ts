import { describe, expect, test } from "vitest";
import { mayProcess, uncoveredOf } from "../../../lib/task/pin-running.ts";
import type { OpenLayer, PinEvent, Running } from "../../../lib/task/pin-state.ts";
import {
  committed,
  config,
  dirty,
  fenced,
  follow,
  lease,
  open,
  published,
  quiet,
  running,
  type Walked,
  well,
} from "./pin-steps.ts";

const kindsOf = (effects: readonly { readonly kind: string }[]) => effects.map(({ kind }) => kind);
const drain = (reason: "handover" | "sleep" | "deadline"): PinEvent => ({ kind: "drain", reason });
/** A pin with one commit that no manifest covers, since 1,200 ms. */
const uncovered = (changes: Parameters<typeof committed>[1] = {}) => running(dirty, committed(21, changes));
const runningState = (walked: Walked): Running => walked.state as Running;

describe("a commit", () => {
  const progress = (changes: Partial<OpenLayer>, openMs: number): PinEvent => ({
    kind: "progressed",
    open: open({ sinceMs: 1_000, ...changes }),
    nowMs: 1_000 + openMs,
  });

  test.for<[string, PinEvent, boolean]>([
    ["records, before the next tick of the pin", progress({ records: 1 }, 284), false],
    ["records, at the next tick of the pin", progress({ records: 1 }, 285), true],
    [
      "records with one byte less than the limit",
      progress({ records: 1, bytes: config.commitMaxBytes - 1 }, 210),
      false,
    ],
    ["records with the bytes of the limit", progress({ records: 1, bytes: config.commitMaxBytes }, 210), true],
    ["records, when user code asked for it", progress({ records: 1, commitRequested: true }, 210), true],
    ["nothing, although user code asked for it", progress({ commitRequested: true }, 0), false],
    ["nothing, for long", progress({}, 60_000), false],
    ["a moved position, not long enough", progress({ moved: true }, config.positionOnlyCommitMs - 1), false],
    ["a moved position, long enough", progress({ moved: true }, config.positionOnlyCommitMs), true],
  ])("of %s: due is %s", ([, event, due]) => {
    const afterOne = running({ ...dirty, nowMs: 1_200 }, committed(21, { records: 0 }));
    expect(kindsOf(follow(afterOne, event).effects)).toEqual(due ? ["commit"] : []);
  });

  test("of the first records after a rest is due at once", () => {
    expect(kindsOf(follow(running(), progress({ records: 1 }, 0)).effects)).toEqual(["commit"]);
  });

  test.for<[string, Partial<OpenLayer>]>([
    ["records", { records: 1 }],
    ["a moved position", { moved: true }],
  ])("of %s is due at once while draining", ([, layer]) => {
    const { effects } = follow(running(drain("handover")), progress(layer, 0));
    expect(effects).toEqual([{ kind: "commit", epoch: 7, transaction: 21 }]);
  });

  test("is numbered after the last one, and sealed until it is answered", () => {
    const { state, effects } = running(dirty);
    expect(effects).toEqual([{ kind: "commit", epoch: 7, transaction: 21 }]);
    expect(state).toMatchObject({ inFlight: 21, memory: { committed: 20, sealed: 21 } });
    const after = follow({ state, effects }, committed(21));
    expect(after.effects).toEqual([{ kind: "acknowledge", transaction: 21 }]);
    expect(after.state).toMatchObject({ inFlight: undefined, memory: { committed: 21, sealed: undefined } });
  });

  test("waits for the one in flight, and so do flushes and snapshots", () => {
    const inFlight = running(dirty);
    const full: PinEvent = { kind: "progressed", open: open({ records: 9, fullBatches: true }), nowMs: 99_000 };
    expect(follow(inFlight, full)).toEqual({ state: inFlight.state, effects: [] });
    expect(follow(inFlight, drain("sleep"), quiet(99_000)).effects).toEqual([]);
  });

  test("waits for a flush", () => {
    const full: PinEvent = {
      kind: "progressed",
      open: open({ records: 1, sinceMs: 1_200, fullBatches: true }),
      nowMs: 1_201,
    };
    const due: PinEvent = { ...dirty, nowMs: 1_300 };
    const flushing = follow(running({ ...dirty, nowMs: 1_200 }, committed(21)), full);
    expect(kindsOf(flushing.effects)).toEqual(["flush"]);
    expect(follow(flushing, due).effects).toEqual([]);
    expect(kindsOf(follow(flushing, { kind: "flushed" }, due).effects)).toEqual(["commit"]);
  });

  test("that was answered twice counts once", () => {
    const once = running(dirty, committed(21));
    expect(follow(once, committed(21))).toEqual({ state: once.state, effects: [] });
  });
});

describe("a snapshot", () => {
  test.for<[string, Parameters<typeof committed>[1], number, string | undefined]>([
    ["younger than the age", {}, 1_200 + config.snapshotMaxAgeMs - 1, undefined],
    ["of the age", {}, 1_200 + config.snapshotMaxAgeMs, "age"],
    ["with one record less than a long tail", { records: config.snapshotMaxTailRecords - 1 }, 1_300, undefined],
    ["with one byte less than the limit", { bytes: config.snapshotMaxDirtyBytes - 1 }, 1_300, undefined],
    ["without changed stores, however old", { records: 0, bytes: 0 }, 1e9, undefined],
  ])("of state %s", ([, changes, nowMs, reason]) => {
    const { effects } = follow(uncovered(changes), quiet(nowMs));
    const due = { kind: "publish", row: lease(), transaction: 21, reason };
    expect(effects).toEqual(reason === undefined ? [] : [due]);
  });

  test.for<[string, Parameters<typeof committed>[1]]>([
    ["tail", { records: config.snapshotMaxTailRecords }],
    ["bytes", { bytes: config.snapshotMaxDirtyBytes }],
  ])("is due with the commit that makes the %s too long", ([reason, changes]) => {
    const { effects } = uncovered(changes);
    expect(effects).toEqual([
      { kind: "acknowledge", transaction: 21 },
      { kind: "publish", row: lease(), transaction: 21, reason },
    ]);
  });

  test("counts the age from the first commit that is not covered", () => {
    const at = follow(uncovered(), { ...dirty, nowMs: 20_000 } as PinEvent, committed(22, { nowMs: 20_100 }));
    expect(kindsOf(follow(at, quiet(31_200)).effects)).toEqual(["publish"]);
  });

  test("is one at a time", () => {
    const publishing = follow(uncovered(), quiet(40_000));
    const more = follow(
      publishing,
      { ...dirty, nowMs: 40_100 } as PinEvent,
      committed(22, { records: 9_999, nowMs: 40_200 }),
    );
    expect(kindsOf(more.effects)).toEqual(["acknowledge"]);
    expect(follow(more, quiet(99_000)).effects).toEqual([]);
  });

  test("covers what was committed before it; what came since stays uncovered, with its age and length", () => {
    const publishing = follow(uncovered(), quiet(40_000));
    const more = follow(
      publishing,
      { ...dirty, nowMs: 40_100 } as PinEvent,
      committed(22, { records: 7, bytes: 70, nowMs: 40_200 }),
    );
    expect(uncoveredOf(runningState(more))).toEqual({ commits: 2, records: 17, bytes: 270, sinceMs: 1_200 });
    const { state } = follow(more, published(21, 41_000));
    expect(state).toMatchObject({
      publishing: undefined,
      lease: { version: 5 },
      memory: { uncovered: { commits: 1, records: 7, bytes: 70, sinceMs: 40_200 } },
    });
  });

  test("that holds the last commit covers everything", () => {
    const publishing = follow(uncovered(), quiet(40_000));
    const more = follow(publishing, { ...dirty, nowMs: 40_100 } as PinEvent, committed(22, { nowMs: 40_200 }));
    expect(uncoveredOf(runningState(follow(more, published(22))))).toMatchObject({ commits: 0, records: 0 });
  });

  test("that failed is tried again after the pause, with everything that it was to cover", () => {
    const failed = follow(uncovered(), quiet(40_000), { kind: "publish-failed", nowMs: 41_000 });
    expect(uncoveredOf(runningState(failed))).toEqual({ commits: 1, records: 10, bytes: 200, sinceMs: 1_200 });
    expect(follow(failed, quiet(41_000 + config.snapshotRetryMs - 1)).effects).toEqual([]);
    expect(kindsOf(follow(failed, quiet(41_000 + config.snapshotRetryMs)).effects)).toEqual(["publish"]);
  });

  test("whose pointer moved under the same lease is tried again on top of that version", () => {
    const row = lease({ version: 6 });
    const moved = follow(uncovered(), quiet(40_000), { kind: "pointer-moved", row, worker: "me" });
    expect(follow(moved, quiet(40_001)).effects).toMatchObject([{ kind: "publish", row, transaction: 21 }]);
  });

  test.for([
    ["to another owner", lease({ owner: "other", epoch: 8 })],
    ["to a higher epoch", lease({ epoch: 8 })],
    ["and no lease is there", undefined],
  ] as const)("whose pointer moved %s ends the pin; nothing is written any more", ([, row]) => {
    const { state, effects } = follow(uncovered(), quiet(40_000), { kind: "pointer-moved", row, worker: "me" });
    expect([state, effects]).toEqual([{ kind: "ended", outcome: { kind: "fenced", row } }, [{ kind: "drop" }]]);
  });

  test("is still owed after a transaction failed while it was being written", () => {
    const at = follow(uncovered(), quiet(40_000), { ...dirty, nowMs: 40_100 } as PinEvent, fenced);
    const { state } = follow(
      at,
      well.initialised,
      well.confirmed,
      { kind: "located", position: { ...well.located.position, epoch: 7, transaction: 22 } },
      { ...well.resumed, landed: true, nowMs: 50_000 },
    );
    expect(uncoveredOf(state as Running)).toEqual({ commits: 2, records: 11, bytes: 200, sinceMs: 1_200 });
  });
});

describe("draining", () => {
  const afterwards = (walked: Walked, nowMs = 2_000) => follow(walked, quiet(nowMs));

  test("takes no more records", () => {
    expect(mayProcess(running().state)).toBe(true);
    expect(mayProcess(runningState(running(drain("handover"))))).toBe(false);
  });

  test.for(["handover", "sleep", "deadline"] as const)("for %s with everything covered releases, asleep", (reason) => {
    const { state, effects } = afterwards(running(drain(reason)));
    expect(effects).toEqual([{ kind: "release", row: lease(), asleep: true }]);
    const ended = follow({ state, effects }, well.released);
    expect(ended.state).toEqual({ kind: "ended", outcome: { kind: "released", asleep: true } });
  });

  test.for([
    ["handover", config.handoverMaxTailRecords, "release"],
    ["handover", config.handoverMaxTailRecords + 1, "publish"],
    ["sleep", 1, "publish"],
    ["deadline", 1, "publish"],
  ] as const)("for %s with a tail of %i: %s first", ([reason, records, effect]) => {
    const { effects } = afterwards(follow(uncovered({ records }), drain(reason)));
    expect(kindsOf(effects)).toEqual([effect]);
    expect(effects).toMatchObject([effect === "publish" ? { reason } : { asleep: false }]);
  });

  test("waits for the snapshot under way, and releases asleep when it covers the last commit", () => {
    const publishing = follow(uncovered(), quiet(40_000), drain("sleep"));
    expect(afterwards(publishing, 41_000).effects).toEqual([]);
    const done = follow(publishing, published(21, 41_500));
    expect(afterwards(done, 41_501).effects).toMatchObject([{ kind: "release", asleep: true, row: { version: 5 } }]);
  });

  test("publishes again when the snapshot under way does not hold the last commit", () => {
    const publishing = follow(uncovered(), quiet(40_000), { ...dirty, nowMs: 40_100 } as PinEvent);
    const at = follow(publishing, drain("sleep"), committed(22, { nowMs: 40_200 }), published(21, 41_000));
    expect(afterwards(at, 41_001).effects).toMatchObject([{ kind: "publish", transaction: 22, reason: "sleep" }]);
  });

  test("releases awake when the snapshot fails: a worker must not stay for an object store", () => {
    const failed = follow(uncovered(), drain("deadline"), quiet(2_000), { kind: "publish-failed", nowMs: 2_500 });
    expect(afterwards(failed, 2_501).effects).toEqual([{ kind: "release", row: lease(), asleep: false }]);
  });

  test("sends nothing of an open layer without committing it", () => {
    const at = follow(running(drain("handover")), { kind: "progressed", open: open({ records: 3 }), nowMs: 1 });
    expect(kindsOf(at.effects)).toEqual(["commit"]);
    expect(afterwards(at).effects, "the commit is in flight").toEqual([]);
    expect(kindsOf(afterwards(follow(at, committed(21))).effects)).toEqual(["release"]);
  });

  test("of a pin whose lease was taken ends as fenced", () => {
    const outcome = { kind: "lost", row: lease({ owner: "other" }) } as const;
    const { state } = follow(afterwards(running(drain("sleep"))), { kind: "released", outcome });
    expect(state).toEqual({ kind: "ended", outcome: { kind: "fenced", row: outcome.row } });
  });
});
