import { describe, expect, test } from "vitest";
import {
  afterData,
  afterMarker,
  decideAppend,
  type ProducerState,
  sequenceAfter,
} from "../../../../../lib/adapters/memory/log/producer-state.ts";
import { BatchCursor } from "../../../../../lib/records/batch.ts";
import { batchOf } from "../../../../conformance/log/scene.ts";

function batch(baseSequence: number, count: number, producerEpoch = 0): BatchCursor {
  const records = batchOf(Array.from({ length: count }, (_, i) => `${i}`));
  const cursor = new BatchCursor(records.finish({ producerId: 5, producerEpoch, baseSequence, transactional: true }));
  cursor.advance();
  return cursor;
}

const stateAfter = (...batches: readonly BatchCursor[]): ProducerState | undefined =>
  batches.reduce<ProducerState | undefined>(afterData, undefined);

describe("sequences", () => {
  test("wrap from 2^31 - 1 to 0", () => {
    expect(sequenceAfter(0x7fff_ffff, 1)).toBe(0);
    expect(sequenceAfter(0x7fff_fffe, 5)).toBe(3);
  });

  test("the first batch of a partition may have any", () => {
    expect(decideAppend(undefined, batch(17, 1))).toEqual({ kind: "append" });
  });

  test("go on without a gap", () => {
    const state = stateAfter(batch(0, 3));
    expect(decideAppend(state, batch(3, 1))).toEqual({ kind: "append" });
    expect(decideAppend(state, batch(4, 1))).toEqual({ kind: "refused", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" });
    expect(decideAppend(state, batch(1, 1))).toEqual({ kind: "refused", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" });
  });

  test("of a known batch answer where it lies", () => {
    const state = stateAfter(batch(0, 3), batch(3, 2));
    expect(decideAppend(state, batch(0, 3))).toEqual({ kind: "duplicate", baseOffset: 0 });
  });

  test("are remembered for five batches", () => {
    const state = stateAfter(...[0, 1, 2, 3, 4, 5].map((sequence) => batch(sequence, 1)));
    expect(decideAppend(state, batch(1, 1))).toMatchObject({ kind: "duplicate" });
    expect(decideAppend(state, batch(0, 1))).toEqual({ kind: "refused", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" });
  });

  test("go on after the marker of the same epoch", () => {
    const state = afterMarker(stateAfter(batch(0, 3)), 0);
    expect(decideAppend(state, batch(3, 1))).toEqual({ kind: "append" });
  });
});

describe("epochs", () => {
  test("that are older are refused, from the marker of a fence on", () => {
    const state = afterMarker(stateAfter(batch(0, 3)), 1);
    expect(decideAppend(state, batch(3, 1, 0))).toEqual({ kind: "refused", error: "INVALID_PRODUCER_EPOCH" });
  });

  test("that are newer begin at sequence 0", () => {
    const state = stateAfter(batch(0, 3));
    expect(decideAppend(state, batch(0, 1, 1))).toEqual({ kind: "append" });
    expect(decideAppend(state, batch(3, 1, 1))).toEqual({ kind: "refused", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" });
  });
});
