import { describe, expect, test } from "vitest";
import { decideAfterConfirm, decideRaise } from "../../../lib/lease/decide.ts";
import type { LeaseRow } from "../../../lib/ports/lease-table.ts";

function row(changes: Partial<LeaseRow>): LeaseRow {
  return {
    pin: 0,
    epoch: 5,
    owner: "me",
    lastOwner: undefined,
    asleep: false,
    pointer: undefined,
    version: 0,
    ...changes,
  };
}

describe("the read after InitProducerId", () => {
  test.for([
    ["my row", row({}), "mine"],
    ["an absent row", undefined, "not-mine"],
    ["a free row", row({ owner: undefined }), "not-mine"],
    ["another owner", row({ owner: "other" }), "not-mine"],
    ["another owner with a newer epoch", row({ owner: "other", epoch: 6 }), "not-mine"],
    ["a worker of my id with a newer epoch", row({ epoch: 6 }), "not-mine"],
    ["an older epoch, from a table that was restored", row({ epoch: 4 }), "not-mine"],
  ] as const)("of %s is %s", ([, found, kind]) => {
    expect(decideAfterConfirm(found, { worker: "me", epoch: 5 })).toEqual({ kind, row: found });
  });
});

describe("the epoch to commit with", () => {
  test.for([
    ["a first claim with nothing found", { epoch: 1, first: true }, [], { kind: "raise", to: 2 }],
    ["a first claim after the table was lost", { epoch: 1, first: true }, [57, 12], { kind: "raise", to: 58 }],
    ["a first claim that follows one that died", { epoch: 4, first: true }, [2], { kind: "raise", to: 5 }],
    ["a later claim", { epoch: 9, first: false }, [8, 3], { kind: "keep" }],
    ["a later claim that finds its own epoch", { epoch: 9, first: false }, [9], { kind: "keep" }],
    ["a later claim with nothing found", { epoch: 9, first: false }, [], { kind: "keep" }],
    ["a later claim in a table restored from a backup", { epoch: 9, first: false }, [30], { kind: "raise", to: 31 }],
  ] as const)("of %s", ([, claimed, found, decision]) => {
    expect(decideRaise(claimed, found)).toEqual(decision);
  });
});
