import type { ErrorCode } from "../core/errors.ts";
import { invariant } from "../core/errors.ts";
import type { KafkaErrorName } from "../core/kafka-errors.ts";
import type { LogError } from "../ports/log.ts";

/**
 * What follows when a call of a transaction fails. One table, so that no call site decides on its own.
 *
 * Owns: the reaction to every Kafka error. Does not own: waiting, deadlines, the lease; the adapter and the pin machine do.
 *
 * Laws of the table:
 * - *Resending* always means the same bytes under the same epoch; a new epoch is a new life of the pin.
 * - *Once EndTxn was sent and its answer is lost*, the older protocol (`v1`) sends nothing more on that epoch: a late EndTxn
 *   could end the next transaction. On `v2` (KIP-890) the epoch moves with every transaction, so EndTxn may be sent again.
 * - *Reinitialise* means InitProducerId followed by the strong re-read of the lease: not mine ⇒ drop everything, write
 *   nothing, exit; mine ⇒ drop state and acquire again. It ends what is open, so nothing is aborted before it.
 * - *Abort* may only happen before EndTxn. Reinitialising follows it, because sequences are unknown after a failed send.
 */

/** The transaction protocol in use: `v2` where the broker has `transaction.version=2` and we speak it. */
export type TransactionProtocol = "v1" | "v2";

/** A failed call of a transaction. */
export interface FailedCall {
  readonly error: KafkaErrorName;
  readonly protocol: TransactionProtocol;
  /** EndTxn of this transaction had been sent. */
  readonly endTxnSent: boolean;
  /** Nothing was sent in this transaction. */
  readonly empty: boolean;
}

/** Why a pin goes through InitProducerId again. */
export type ReinitialiseReason = "fenced" | "unknown-outcome" | "expired";

/** What to do about a failed call. */
export type Outcome =
  /** Send the same bytes again at once. */
  | { readonly kind: "resend" }
  /** Send the same bytes again after a short wait. */
  | { readonly kind: "backoff-resend" }
  /** Reconnect, look up leader and coordinator, then send the same bytes again. */
  | { readonly kind: "refresh-resend" }
  | { readonly kind: "reinitialise"; readonly reason: ReinitialiseReason }
  | { readonly kind: "abort" }
  | { readonly kind: "stop"; readonly code: ErrorCode };

type KafkaFailure = Exclude<KafkaErrorName, "NONE">;

/** A row: one reaction, or one that depends on where in the transaction the error came. */
type Row = Outcome | ((call: FailedCall) => Outcome);

const resend: Outcome = { kind: "resend" };
const wait: Outcome = { kind: "backoff-resend" };
const refresh: Outcome = { kind: "refresh-resend" };
const fenced: Outcome = { kind: "reinitialise", reason: "fenced" };
const expired: Outcome = { kind: "reinitialise", reason: "expired" };
const unknown: Outcome = { kind: "reinitialise", reason: "unknown-outcome" };
const abortAndReinitialise: Outcome = { kind: "abort" };
const stop = (code: ErrorCode): Outcome => ({ kind: "stop", code });

/** Before EndTxn the transaction is aborted; after it, InitProducerId ends whatever is open. */
const abort: Row = ({ endTxnSent }) => (endTxnSent ? unknown : abortAndReinitialise);

/** The answer is lost. Data may be sent again (sequences), EndTxn only on the new protocol (epochs). */
const lost: Row = ({ endTxnSent, protocol }) => (endTxnSent && protocol === "v1" ? unknown : refresh);

/**
 * INVALID_TXN_STATE: brokers before KAFKA-19690 answer it to a fenced producer, and on protocol `v2` brokers answer it to
 * the commit of a transaction that they aborted, because of its timeout or for a new owner. It also answers an EndTxn for which no
 * transaction is open; then nothing of ours can be lost, and the newest position record says so.
 */
const invalidState: Row = ({ empty }) => (empty ? unknown : fenced);

const table: Readonly<Record<KafkaFailure, Row>> = {
  // fenced, or our id is no longer known to the coordinator
  INVALID_PRODUCER_EPOCH: fenced,
  PRODUCER_FENCED: fenced,
  INVALID_TXN_STATE: invalidState,
  INVALID_PRODUCER_ID_MAPPING: expired,
  // the answer is lost
  NETWORK_EXCEPTION: lost,
  REQUEST_TIMED_OUT: lost,
  // not now: the coordinator or the replicas are busy
  CONCURRENT_TRANSACTIONS: wait,
  COORDINATOR_LOAD_IN_PROGRESS: wait,
  UNSTABLE_OFFSET_COMMIT: wait,
  NOT_ENOUGH_REPLICAS: wait,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: wait,
  THROTTLING_QUOTA_EXCEEDED: wait,
  OFFSET_NOT_AVAILABLE: wait,
  OPERATION_NOT_ATTEMPTED: wait,
  // not here: leaders and coordinators move
  LEADER_NOT_AVAILABLE: refresh,
  NOT_LEADER_OR_FOLLOWER: refresh,
  REPLICA_NOT_AVAILABLE: refresh,
  FENCED_LEADER_EPOCH: refresh,
  UNKNOWN_LEADER_EPOCH: refresh,
  KAFKA_STORAGE_ERROR: refresh,
  COORDINATOR_NOT_AVAILABLE: refresh,
  NOT_COORDINATOR: refresh,
  TRANSACTION_COORDINATOR_FENCED: refresh,
  NOT_CONTROLLER: refresh,
  UNKNOWN_TOPIC_OR_PARTITION: refresh,
  UNKNOWN_TOPIC_ID: refresh,
  // damaged on the way: the broker checks the CRC before it appends
  CORRUPT_MESSAGE: ({ endTxnSent }) => (endTxnSent ? unknown : resend),
  // this transaction cannot be committed
  TRANSACTION_ABORTABLE: abort,
  OUT_OF_ORDER_SEQUENCE_NUMBER: abort,
  DUPLICATE_SEQUENCE_NUMBER: abort, // appended before, but at an offset that the broker no longer knows
  UNKNOWN_PRODUCER_ID: abort,
  MESSAGE_TOO_LARGE: abort,
  RECORD_LIST_TOO_LARGE: abort,
  INVALID_RECORD: abort,
  INVALID_TIMESTAMP: abort,
  UNKNOWN_SERVER_ERROR: abort,
  // somebody has to act
  TOPIC_AUTHORIZATION_FAILED: stop("ACCESS_DENIED"),
  GROUP_AUTHORIZATION_FAILED: stop("ACCESS_DENIED"),
  CLUSTER_AUTHORIZATION_FAILED: stop("ACCESS_DENIED"),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: stop("ACCESS_DENIED"),
  SASL_AUTHENTICATION_FAILED: stop("AUTHENTICATION_FAILED"),
  UNSUPPORTED_SASL_MECHANISM: stop("AUTHENTICATION_FAILED"),
  ILLEGAL_SASL_STATE: stop("AUTHENTICATION_FAILED"),
  UNSUPPORTED_VERSION: stop("UNSUPPORTED_BROKER"),
  INVALID_REQUEST: stop("UNSUPPORTED_BROKER"), // what we send is not what this broker reads
  INVALID_REQUIRED_ACKS: stop("UNSUPPORTED_BROKER"),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: stop("UNSUPPORTED_BROKER"),
  UNSUPPORTED_COMPRESSION_TYPE: stop("UNSUPPORTED_COMPRESSION"),
  OFFSET_OUT_OF_RANGE: stop("OFFSET_OUT_OF_RANGE"),
  // a consumer joined our group: its members own the offsets now
  ILLEGAL_GENERATION: stop("OFFSETS_CHANGED_OUTSIDE"),
  UNKNOWN_MEMBER_ID: stop("OFFSETS_CHANGED_OUTSIDE"),
  REBALANCE_IN_PROGRESS: stop("OFFSETS_CHANGED_OUTSIDE"),
  FENCED_INSTANCE_ID: stop("OFFSETS_CHANGED_OUTSIDE"),
  STALE_MEMBER_EPOCH: stop("OFFSETS_CHANGED_OUTSIDE"),
  INVALID_GROUP_ID: stop("CONFIG_INVALID"),
  TOPIC_ALREADY_EXISTS: stop("CONFIG_INVALID"),
  INVALID_TOPIC_EXCEPTION: stop("CONFIG_INVALID"),
  INVALID_PARTITIONS: stop("CONFIG_INVALID"),
  INVALID_REPLICATION_FACTOR: stop("CONFIG_INVALID"),
  INVALID_CONFIG: stop("CONFIG_INVALID"),
  INVALID_TRANSACTION_TIMEOUT: stop("CONFIG_INVALID"),
  POLICY_VIOLATION: stop("CONFIG_INVALID"),
};

/**
 * Decides what follows a failed call while there is time left to try again. The log adapter's inner loop uses it.
 *
 * @throws {StreamError} `INVARIANT_BROKEN` for `NONE`, which is no failure
 * @source docs/ARCHITECTURE.md §4 Commit; error classes of Kafka's `TransactionManager` and `Sender`
 */
export function decideOutcome(call: FailedCall): Outcome {
  const { error } = call;
  invariant(error !== "NONE", "only failures have an outcome");
  const row = table[error];
  return typeof row === "function" ? row(call) : row;
}

/**
 * Decides about an error that reached the pin: the adapter has used up the deadline, so what could have been sent again no
 * longer is. Never answers a resend.
 */
export function decideSurfaced(
  call: Omit<FailedCall, "protocol">,
): Exclude<Outcome, { kind: "resend" | "backoff-resend" | "refresh-resend" }> {
  // The protocols differ in what may be sent again, and nothing is.
  const outcome = decideOutcome({ ...call, protocol: "v1" });
  if (outcome.kind !== "resend" && outcome.kind !== "backoff-resend" && outcome.kind !== "refresh-resend")
    return outcome;
  if (call.endTxnSent) return { kind: "reinitialise", reason: "unknown-outcome" };
  if (call.error === "UNKNOWN_TOPIC_OR_PARTITION" || call.error === "UNKNOWN_TOPIC_ID") {
    return { kind: "stop", code: "TOPIC_MISSING" };
  }
  return { kind: "abort" };
}

/** What a broker refuses because of a record, it refuses again: no new life of the pin writes other bytes. */
const refusedRecords: Partial<Record<KafkaErrorName, ErrorCode>> = {
  MESSAGE_TOO_LARGE: "RECORD_TOO_LARGE",
  RECORD_LIST_TOO_LARGE: "RECORD_TOO_LARGE",
  INVALID_RECORD: "SERIALIZATION_FAILED",
  INVALID_TIMESTAMP: "TIMESTAMP_INVALID",
};

/** The code of an error that nothing is tried about any more; `LOG_UNAVAILABLE` where a later try may go well. */
export function surfacedCode({
  kafkaError: error,
  endTxnSent,
}: Pick<LogError, "kafkaError" | "endTxnSent">): ErrorCode {
  const outcome = decideSurfaced({ error, endTxnSent, empty: false });
  if (outcome.kind === "stop") return outcome.code;
  return (outcome.kind === "abort" ? refusedRecords[error] : undefined) ?? "LOG_UNAVAILABLE";
}
