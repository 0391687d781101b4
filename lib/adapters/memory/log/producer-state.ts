import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import type { BatchCursor } from "../../../records/batch.ts";

const REMEMBERED_BATCHES = 5;
const LAST_SEQUENCE = 0x7fff_ffff;

/** A batch that a partition remembers, to know it again. */
interface SeenBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

/** What a partition knows of one producer id. */
export interface ProducerState {
  readonly epoch: number;
  /** The last five batches of this epoch. */
  readonly seen: readonly SeenBatch[];
}

/** What a partition does with a batch of a client. */
export type AppendDecision =
  | { readonly kind: "append" }
  | { readonly kind: "duplicate"; readonly baseOffset: number }
  | { readonly kind: "refused"; readonly error: KafkaErrorName };

/** Sequence `count` after `sequence`: they wrap from 2^31 − 1 to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % (LAST_SEQUENCE + 1);
}

/**
 * Decides by epoch and sequence whether a batch is new, known or out of order.
 * @source Kafka 4.3 `ProducerAppendInfo.maybeValidateDataBatch`, `ProducerStateEntry.findDuplicateBatch`
 */
export function decideAppend(state: ProducerState | undefined, batch: BatchCursor): AppendDecision {
  if (state === undefined) return { kind: "append" };
  const { baseSequence, producerEpoch } = batch;
  if (producerEpoch < state.epoch) return { kind: "refused", error: "INVALID_PRODUCER_EPOCH" };
  if (producerEpoch > state.epoch) {
    return baseSequence === 0 ? { kind: "append" } : { kind: "refused", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
  }
  const last = sequenceAfter(baseSequence, batch.recordCount - 1);
  const known = state.seen.find((seen) => seen.firstSequence === baseSequence && seen.lastSequence === last);
  if (known !== undefined) return { kind: "duplicate", baseOffset: known.baseOffset };
  const previous = state.seen[state.seen.length - 1];
  const expected = previous === undefined ? 0 : sequenceAfter(previous.lastSequence, 1);
  return baseSequence === expected ? { kind: "append" } : { kind: "refused", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
}

/** The state after an appended data batch. */
export function afterData(state: ProducerState | undefined, batch: BatchCursor): ProducerState {
  const seen = state !== undefined && state.epoch === batch.producerEpoch ? state.seen : [];
  const entry: SeenBatch = {
    firstSequence: batch.baseSequence,
    lastSequence: sequenceAfter(batch.baseSequence, batch.recordCount - 1),
    baseOffset: batch.baseOffset,
  };
  return { epoch: batch.producerEpoch, seen: [...seen, entry].slice(-REMEMBERED_BATCHES) };
}

/** The state after a marker: a raised epoch shuts out whoever has the old one. */
export function afterMarker(state: ProducerState | undefined, markerEpoch: number): ProducerState {
  return state !== undefined && state.epoch === markerEpoch ? state : { epoch: markerEpoch, seen: [] };
}
