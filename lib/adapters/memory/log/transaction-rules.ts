import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import { LAST_CLIENT_EPOCH, type TransactionRecord, type TransactionTarget } from "./transaction-record.ts";

/** Who a request says it is from. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Refused with a Kafka error. */
export interface Refused {
  readonly kind: "refused";
  readonly error: KafkaErrorName;
}

const refused = (error: KafkaErrorName): Refused => ({ kind: "refused", error });

/** What InitProducerId leads to. */
export type InitDecision =
  | Refused
  /** A transaction is open: this record (epoch raised, PrepareAbort) ends it; the client asks again. */
  | { readonly kind: "abort-first"; readonly record: TransactionRecord }
  | { readonly kind: "ready"; readonly record: TransactionRecord };

/**
 * Decides InitProducerId without an expected epoch: whoever asks last owns the id.
 *
 * @param giveProducerId Called only when the epochs of the current id have run out.
 * @source Kafka 4.3 `TransactionCoordinator.prepareInitProducerIdTransit`
 */
export function decideInit(
  record: TransactionRecord,
  request: {
    readonly timeoutMs: number;
    readonly version: 1 | 2;
    readonly nowMs: number;
    readonly giveProducerId: () => number;
  },
): InitDecision {
  if (record.state === "PrepareCommit" || record.state === "PrepareAbort") return refused("CONCURRENT_TRANSACTIONS");
  if (record.state === "Ongoing") return { kind: "abort-first", record: fence(record, request) };
  const exhausted = record.producerEpoch >= LAST_CLIENT_EPOCH;
  return {
    kind: "ready",
    record: {
      ...record,
      producerId: exhausted ? request.giveProducerId() : record.producerId,
      previousProducerId: exhausted ? record.producerId : record.previousProducerId,
      producerEpoch: exhausted ? 0 : record.producerEpoch + 1,
      state: "Empty",
      endedWith: 1,
      timeoutMs: request.timeoutMs,
      startedAtMs: -1,
      updatedAtMs: request.nowMs,
      targets: [],
    },
  };
}

/**
 * Ends an open transaction against its owner: the raised epoch goes into the markers. On protocol 1 no client ever gets it;
 * on protocol 2 the owner's own EndTxn looks like a repeated one: an abort is answered with it, a commit is refused.
 */
export function fence(
  record: TransactionRecord,
  { version, nowMs }: { readonly version: 1 | 2; readonly nowMs: number },
): TransactionRecord {
  return {
    ...record,
    producerEpoch: record.producerEpoch + 1,
    state: "PrepareAbort",
    endedWith: version,
    updatedAtMs: nowMs,
  };
}

/** What adding partitions or groups leads to. */
export type AddDecision =
  | Refused
  | { readonly kind: "unchanged" }
  | { readonly kind: "changed"; readonly record: TransactionRecord };

/**
 * Decides AddPartitionsToTxn and AddOffsetsToTxn; opens the transaction when it is the first of it.
 * @source Kafka 4.3 `TransactionCoordinator.handleAddPartitionsToTransaction`
 */
export function decideAdd(
  record: TransactionRecord | undefined,
  request: ProducerIdentity & { readonly targets: readonly TransactionTarget[]; readonly nowMs: number },
): AddDecision {
  if (record === undefined || record.producerId !== request.producerId) return refused("INVALID_PRODUCER_ID_MAPPING");
  if (record.producerEpoch !== request.producerEpoch) return refused("PRODUCER_FENCED");
  if (record.state === "PrepareCommit" || record.state === "PrepareAbort") return refused("CONCURRENT_TRANSACTIONS");
  const open = record.state === "Ongoing";
  const known = new Set(open ? record.targets : []);
  const added = request.targets.filter((target) => !known.has(target));
  if (open && added.length === 0) return { kind: "unchanged" };
  return {
    kind: "changed",
    record: {
      ...record,
      state: "Ongoing",
      startedAtMs: open ? record.startedAtMs : request.nowMs,
      updatedAtMs: request.nowMs,
      targets: [...known, ...added],
    },
  };
}

/**
 * Decides whether a first write to a partition belongs to an open transaction of its writer.
 * @source Kafka 4.3 `TransactionCoordinator.handleVerifyPartitionsInTransaction` with the translation of `AddPartitionsToTxnManager`
 */
export function verifyWrite(
  record: TransactionRecord | undefined,
  request: ProducerIdentity & { readonly target: TransactionTarget },
): KafkaErrorName {
  if (record === undefined || record.producerId !== request.producerId) return "INVALID_PRODUCER_ID_MAPPING";
  if (record.producerEpoch !== request.producerEpoch) return "INVALID_PRODUCER_EPOCH";
  if (record.state === "PrepareCommit" || record.state === "PrepareAbort") return "CONCURRENT_TRANSACTIONS";
  return record.targets.includes(request.target) ? "NONE" : "INVALID_TXN_STATE";
}

/** What EndTxn leads to. */
export type EndDecision =
  | Refused
  /** It had ended so before: the answer is repeated. */
  | { readonly kind: "ended"; readonly record: TransactionRecord }
  | { readonly kind: "changed"; readonly record: TransactionRecord };

/**
 * Decides EndTxn of a client.
 *
 * On protocol 1 state and epoch are all there is to tell a repeated EndTxn from the next one; protocol 2 raises the epoch.
 * @source Kafka 4.3 `TransactionCoordinator.endTransaction`
 */
export function decideEnd(
  record: TransactionRecord | undefined,
  request: ProducerIdentity & {
    readonly commit: boolean;
    readonly version: 1 | 2;
    readonly nowMs: number;
    readonly giveProducerId: () => number;
  },
): EndDecision {
  if (record === undefined) return refused("INVALID_PRODUCER_ID_MAPPING");
  const rotated =
    record.endedWith === 2 && record.previousProducerId === request.producerId && record.producerEpoch === 0;
  if (record.producerId !== request.producerId && !(rotated && request.producerEpoch === LAST_CLIENT_EPOCH)) {
    return refused("INVALID_PRODUCER_ID_MAPPING");
  }
  const settled = record.state !== "Ongoing" && record.state !== "Empty";
  // An epoch from the reserve is given to nobody, so there is no answer to repeat.
  const repeated = record.endedWith === 2 && settled && record.producerEpoch <= LAST_CLIENT_EPOCH;
  const expectedEpoch = repeated && !rotated ? record.producerEpoch - 1 : record.producerEpoch;
  if (!rotated && request.producerEpoch !== expectedEpoch) {
    // Protocol 2, next transaction, nothing written yet: an abort is fine, a commit is not.
    const isNext = repeated && request.producerEpoch === record.producerEpoch && record.state.startsWith("Complete");
    if (!isNext) return refused("PRODUCER_FENCED");
    return request.commit ? refused("INVALID_TXN_STATE") : endOf(record, request);
  }
  switch (record.state) {
    case "Ongoing":
      return endOf(record, request);
    case "Empty":
      return request.version === 2 && !request.commit ? endOf(record, request) : refused("INVALID_TXN_STATE");
    case "CompleteCommit":
    case "CompleteAbort":
      return (record.state === "CompleteCommit") === request.commit
        ? { kind: "ended", record }
        : refused("INVALID_TXN_STATE");
    case "PrepareCommit":
    case "PrepareAbort":
      return (record.state === "PrepareCommit") === request.commit
        ? refused("CONCURRENT_TRANSACTIONS")
        : refused("INVALID_TXN_STATE");
  }
}

function endOf(
  record: TransactionRecord,
  request: {
    readonly commit: boolean;
    readonly version: 1 | 2;
    readonly nowMs: number;
    readonly giveProducerId: () => number;
  },
): EndDecision {
  const raises = request.version === 2;
  const exhausted = raises && record.producerEpoch >= LAST_CLIENT_EPOCH;
  return {
    kind: "changed",
    record: {
      ...record,
      producerEpoch: raises ? record.producerEpoch + 1 : record.producerEpoch,
      nextProducerId: exhausted ? request.giveProducerId() : -1,
      state: request.commit ? "PrepareCommit" : "PrepareAbort",
      endedWith: request.version,
      updatedAtMs: request.nowMs,
      targets: record.state === "Ongoing" ? record.targets : [],
    },
  };
}

/** The record when every marker is written. */
export function complete(record: TransactionRecord, nowMs: number): TransactionRecord {
  const rotates = record.nextProducerId >= 0;
  return {
    ...record,
    producerId: rotates ? record.nextProducerId : record.producerId,
    producerEpoch: rotates ? 0 : record.producerEpoch,
    previousProducerId: rotates ? record.producerId : record.previousProducerId,
    nextProducerId: -1,
    state: record.state === "PrepareCommit" ? "CompleteCommit" : "CompleteAbort",
    startedAtMs: -1,
    updatedAtMs: nowMs,
    targets: [],
  };
}
