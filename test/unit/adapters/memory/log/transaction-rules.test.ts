import { describe, expect, test } from "vitest";
import type { TransactionRecord, TransactionState } from "../../../../../lib/adapters/memory/log/transaction-record.ts";
import {
  complete,
  decideAdd,
  decideEnd,
  decideInit,
  fence,
  verifyWrite,
} from "../../../../../lib/adapters/memory/log/transaction-rules.ts";

const record = (changes: Partial<TransactionRecord> = {}): TransactionRecord => ({
  transactionalId: "app-0",
  producerId: 7,
  producerEpoch: 3,
  nextProducerId: -1,
  previousProducerId: -1,
  state: "Empty",
  endedWith: 1,
  timeoutMs: 10_000,
  startedAtMs: -1,
  updatedAtMs: 0,
  targets: [],
  ...changes,
});

const init = (from: TransactionRecord, version: 1 | 2 = 1) =>
  decideInit(from, { timeoutMs: 5_000, version, nowMs: 100, giveProducerId: () => 8 });
const end = (from: TransactionRecord | undefined, request: Partial<Parameters<typeof decideEnd>[1]> = {}) =>
  decideEnd(from, {
    producerId: 7,
    producerEpoch: 3,
    commit: true,
    version: 1,
    nowMs: 100,
    giveProducerId: () => 8,
    ...request,
  });

describe("InitProducerId", () => {
  test.for<TransactionState>(["Empty", "CompleteCommit", "CompleteAbort"])("in %s raises the epoch", (state) => {
    expect(init(record({ state }))).toMatchObject({
      kind: "ready",
      record: { producerId: 7, producerEpoch: 4, state: "Empty", timeoutMs: 5_000 },
    });
  });

  test.for<TransactionState>(["PrepareCommit", "PrepareAbort"])("in %s has to wait", (state) => {
    expect(init(record({ state }))).toEqual({ kind: "refused", error: "CONCURRENT_TRANSACTIONS" });
  });

  test("in Ongoing aborts with an epoch that nobody gets", () => {
    const targets = ["t:0"] as const;
    const decision = init(record({ state: "Ongoing", targets }));
    expect(decision).toMatchObject({
      kind: "abort-first",
      record: { state: "PrepareAbort", producerEpoch: 4, targets },
    });
  });

  test("takes another producer id when the epochs have run out", () => {
    expect(init(record({ producerEpoch: 32_766 }))).toMatchObject({
      record: { producerId: 8, producerEpoch: 0, previousProducerId: 7 },
    });
  });

  test("still has an epoch in reserve to fence the last owner of a producer id", () => {
    const fenced = fence(record({ state: "Ongoing", producerEpoch: 32_766 }), { version: 1, nowMs: 100 });
    expect(fenced.producerEpoch).toBe(32_767);
    expect(init(complete(fenced, 100))).toMatchObject({ record: { producerId: 8, producerEpoch: 0 } });
  });
});

describe("adding partitions", () => {
  const add = (from: TransactionRecord | undefined, producerId = 7, producerEpoch = 3) =>
    decideAdd(from, { producerId, producerEpoch, targets: ["t:0", "t:1"], nowMs: 100 });

  test("opens the transaction and starts its clock", () => {
    expect(add(record())).toMatchObject({
      kind: "changed",
      record: { state: "Ongoing", startedAtMs: 100, targets: ["t:0", "t:1"] },
    });
  });

  test("keeps the clock of an open transaction", () => {
    const open = record({ state: "Ongoing", startedAtMs: 50, targets: ["t:1"] });
    expect(add(open)).toMatchObject({ record: { startedAtMs: 50, targets: ["t:1", "t:0"] } });
  });

  test("that are known changes nothing", () => {
    expect(add(record({ state: "Ongoing", targets: ["t:0", "t:1"] }))).toEqual({ kind: "unchanged" });
  });

  test.for([
    { what: "an unknown id", from: undefined, error: "INVALID_PRODUCER_ID_MAPPING" },
    { what: "another producer id", from: record({ producerId: 9 }), error: "INVALID_PRODUCER_ID_MAPPING" },
    { what: "a later epoch", from: record({ producerEpoch: 4 }), error: "PRODUCER_FENCED" },
    { what: "an end under way", from: record({ state: "PrepareCommit" }), error: "CONCURRENT_TRANSACTIONS" },
  ] as const)("is refused for $what", ({ from, error }) => {
    expect(add(from)).toEqual({ kind: "refused", error });
  });
});

describe("a first write", () => {
  const verify = (from: TransactionRecord | undefined) =>
    verifyWrite(from, { producerId: 7, producerEpoch: 3, target: "t:0" });

  test.for([
    { from: record({ state: "Ongoing", targets: ["t:0"] }), error: "NONE" },
    { from: record({ state: "Ongoing", targets: ["t:1"] }), error: "INVALID_TXN_STATE" },
    { from: record({ state: "CompleteCommit" }), error: "INVALID_TXN_STATE" },
    { from: record({ producerEpoch: 4 }), error: "INVALID_PRODUCER_EPOCH" },
    { from: record({ state: "PrepareAbort" }), error: "CONCURRENT_TRANSACTIONS" },
    { from: undefined, error: "INVALID_PRODUCER_ID_MAPPING" },
  ] as const)("is judged as $error", ({ from, error }) => {
    expect(verify(from)).toBe(error);
  });
});

describe("EndTxn on protocol 1", () => {
  test("ends what is open, with the epoch it has", () => {
    expect(end(record({ state: "Ongoing", targets: ["t:0"] }))).toMatchObject({
      kind: "changed",
      record: { state: "PrepareCommit", producerEpoch: 3 },
    });
  });

  test.for([
    { state: "CompleteCommit", commit: true, expected: { kind: "ended" } },
    { state: "CompleteCommit", commit: false, expected: { error: "INVALID_TXN_STATE" } },
    { state: "CompleteAbort", commit: false, expected: { kind: "ended" } },
    { state: "CompleteAbort", commit: true, expected: { error: "INVALID_TXN_STATE" } },
    { state: "PrepareCommit", commit: true, expected: { error: "CONCURRENT_TRANSACTIONS" } },
    { state: "PrepareCommit", commit: false, expected: { error: "INVALID_TXN_STATE" } },
    { state: "PrepareAbort", commit: false, expected: { error: "CONCURRENT_TRANSACTIONS" } },
    { state: "Empty", commit: true, expected: { error: "INVALID_TXN_STATE" } },
    { state: "Empty", commit: false, expected: { error: "INVALID_TXN_STATE" } },
  ] as const)("in $state with commit $commit gives $expected", ({ state, commit, expected }) => {
    expect(end(record({ state }), { commit })).toMatchObject(expected);
  });

  test("of an older epoch is fenced", () => {
    expect(end(record({ state: "Ongoing", producerEpoch: 4 }))).toEqual({ kind: "refused", error: "PRODUCER_FENCED" });
  });

  test("of a forgotten id is refused", () => {
    expect(end(undefined)).toEqual({ kind: "refused", error: "INVALID_PRODUCER_ID_MAPPING" });
  });
});

describe("EndTxn on protocol 2", () => {
  const v2 = { version: 2 } as const;

  test("raises the epoch", () => {
    expect(end(record({ state: "Ongoing" }), v2)).toMatchObject({ record: { producerEpoch: 4, endedWith: 2 } });
  });

  test("repeated with the old epoch answers the same again", () => {
    const ended = record({ state: "CompleteCommit", producerEpoch: 4, endedWith: 2 });
    expect(end(ended, v2)).toEqual({ kind: "ended", record: ended });
  });

  test("cannot be taken for the end of the next transaction", () => {
    const next = record({ state: "Ongoing", producerEpoch: 4 });
    expect(end(next, v2)).toEqual({ kind: "refused", error: "PRODUCER_FENCED" });
  });

  test("of what the broker aborted: an abort is answered with the raised epoch, a commit is refused", () => {
    const aborted = complete(fence(record({ state: "Ongoing" }), { version: 2, nowMs: 50 }), 60);
    expect(end(aborted, { ...v2, commit: false })).toEqual({ kind: "ended", record: aborted });
    expect(end(aborted, v2)).toEqual({ kind: "refused", error: "INVALID_TXN_STATE" });
  });

  test("never answers with the epoch that is kept for fencing", () => {
    const last = record({ state: "Ongoing", producerEpoch: 32_766 });
    const aborted = complete(fence(last, { version: 2, nowMs: 50 }), 60);
    const request = { ...v2, producerEpoch: 32_766, commit: false };
    expect(end(aborted, request)).toEqual({ kind: "refused", error: "PRODUCER_FENCED" });
  });

  test("may abort, not commit, what was never begun", () => {
    const ended = record({ state: "CompleteCommit", producerEpoch: 4, endedWith: 2 });
    expect(end(ended, { ...v2, producerEpoch: 4, commit: false })).toMatchObject({ kind: "changed" });
    expect(end(ended, { ...v2, producerEpoch: 4 })).toMatchObject({ error: "INVALID_TXN_STATE" });
    expect(end(record(), { ...v2, commit: false })).toMatchObject({ kind: "changed" });
  });

  test("goes over to another producer id when the epochs have run out, and a repeat is known again", () => {
    const last = record({ state: "Ongoing", producerEpoch: 32_766 });
    const decision = end(last, { ...v2, producerEpoch: 32_766 });
    expect(decision).toMatchObject({ kind: "changed", record: { producerEpoch: 32_767, nextProducerId: 8 } });
    if (decision.kind !== "changed") return;
    const completed = complete(decision.record, 100);
    expect(completed).toMatchObject({ producerId: 8, producerEpoch: 0, state: "CompleteCommit" });
    expect(end(completed, { ...v2, producerEpoch: 32_766 })).toEqual({ kind: "ended", record: completed });
  });
});
