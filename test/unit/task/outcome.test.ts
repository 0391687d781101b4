import { describe, expect, test } from "vitest";
import { type KafkaErrorName, kafkaErrorCodes } from "../../../lib/core/kafka-errors.ts";
import { decideOutcome, decideSurfaced, type FailedCall } from "../../../lib/task/outcome.ts";

const failures = Object.keys(kafkaErrorCodes).filter((name) => name !== "NONE") as KafkaErrorName[];

/** Every failed call that can happen: an empty transaction never sends EndTxn. */
const space: FailedCall[] = failures.flatMap((error) =>
  (["v1", "v2"] as const).flatMap((protocol) => [
    { error, protocol, endTxnSent: false, empty: true },
    { error, protocol, endTxnSent: false, empty: false },
    { error, protocol, endTxnSent: true, empty: false },
  ]),
);

const told = (call: FailedCall) => `${call.error} ${call.protocol} ${call.endTxnSent} ${call.empty}`;
const isResend = (kind: string) => kind.endsWith("resend");

/** Reactions before EndTxn, after it on v1, after it on v2; `=` repeats the cell before it. */
const rows: readonly [KafkaErrorName, string, string, string][] = [
  ["INVALID_PRODUCER_EPOCH", "fenced", "=", "="],
  ["PRODUCER_FENCED", "fenced", "=", "="],
  ["INVALID_TXN_STATE", "fenced", "=", "="],
  ["INVALID_PRODUCER_ID_MAPPING", "expired", "=", "="],
  ["NETWORK_EXCEPTION", "refresh-resend", "unknown-outcome", "refresh-resend"],
  ["REQUEST_TIMED_OUT", "refresh-resend", "unknown-outcome", "refresh-resend"],
  ["CONCURRENT_TRANSACTIONS", "backoff-resend", "=", "="],
  ["COORDINATOR_LOAD_IN_PROGRESS", "backoff-resend", "=", "="],
  ["UNSTABLE_OFFSET_COMMIT", "backoff-resend", "=", "="],
  ["NOT_ENOUGH_REPLICAS", "backoff-resend", "=", "="],
  ["NOT_ENOUGH_REPLICAS_AFTER_APPEND", "backoff-resend", "=", "="],
  ["THROTTLING_QUOTA_EXCEEDED", "backoff-resend", "=", "="],
  ["OFFSET_NOT_AVAILABLE", "backoff-resend", "=", "="],
  ["OPERATION_NOT_ATTEMPTED", "backoff-resend", "=", "="],
  ["LEADER_NOT_AVAILABLE", "refresh-resend", "=", "="],
  ["NOT_LEADER_OR_FOLLOWER", "refresh-resend", "=", "="],
  ["REPLICA_NOT_AVAILABLE", "refresh-resend", "=", "="],
  ["FENCED_LEADER_EPOCH", "refresh-resend", "=", "="],
  ["UNKNOWN_LEADER_EPOCH", "refresh-resend", "=", "="],
  ["KAFKA_STORAGE_ERROR", "refresh-resend", "=", "="],
  ["COORDINATOR_NOT_AVAILABLE", "refresh-resend", "=", "="],
  ["NOT_COORDINATOR", "refresh-resend", "=", "="],
  ["TRANSACTION_COORDINATOR_FENCED", "refresh-resend", "=", "="],
  ["NOT_CONTROLLER", "refresh-resend", "=", "="],
  ["UNKNOWN_TOPIC_OR_PARTITION", "refresh-resend", "=", "="],
  ["UNKNOWN_TOPIC_ID", "refresh-resend", "=", "="],
  ["CORRUPT_MESSAGE", "resend", "unknown-outcome", "="],
  ["TRANSACTION_ABORTABLE", "abort", "unknown-outcome", "="],
  ["OUT_OF_ORDER_SEQUENCE_NUMBER", "abort", "unknown-outcome", "="],
  ["DUPLICATE_SEQUENCE_NUMBER", "abort", "unknown-outcome", "="],
  ["UNKNOWN_PRODUCER_ID", "abort", "unknown-outcome", "="],
  ["MESSAGE_TOO_LARGE", "abort", "unknown-outcome", "="],
  ["RECORD_LIST_TOO_LARGE", "abort", "unknown-outcome", "="],
  ["INVALID_RECORD", "abort", "unknown-outcome", "="],
  ["INVALID_TIMESTAMP", "abort", "unknown-outcome", "="],
  ["UNKNOWN_SERVER_ERROR", "abort", "unknown-outcome", "="],
  ["TOPIC_AUTHORIZATION_FAILED", "ACCESS_DENIED", "=", "="],
  ["GROUP_AUTHORIZATION_FAILED", "ACCESS_DENIED", "=", "="],
  ["CLUSTER_AUTHORIZATION_FAILED", "ACCESS_DENIED", "=", "="],
  ["TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "ACCESS_DENIED", "=", "="],
  ["SASL_AUTHENTICATION_FAILED", "AUTHENTICATION_FAILED", "=", "="],
  ["UNSUPPORTED_SASL_MECHANISM", "AUTHENTICATION_FAILED", "=", "="],
  ["ILLEGAL_SASL_STATE", "AUTHENTICATION_FAILED", "=", "="],
  ["UNSUPPORTED_VERSION", "UNSUPPORTED_BROKER", "=", "="],
  ["INVALID_REQUEST", "UNSUPPORTED_BROKER", "=", "="],
  ["INVALID_REQUIRED_ACKS", "UNSUPPORTED_BROKER", "=", "="],
  ["UNSUPPORTED_FOR_MESSAGE_FORMAT", "UNSUPPORTED_BROKER", "=", "="],
  ["UNSUPPORTED_COMPRESSION_TYPE", "UNSUPPORTED_COMPRESSION", "=", "="],
  ["OFFSET_OUT_OF_RANGE", "OFFSET_OUT_OF_RANGE", "=", "="],
  ["ILLEGAL_GENERATION", "OFFSETS_CHANGED_OUTSIDE", "=", "="],
  ["UNKNOWN_MEMBER_ID", "OFFSETS_CHANGED_OUTSIDE", "=", "="],
  ["REBALANCE_IN_PROGRESS", "OFFSETS_CHANGED_OUTSIDE", "=", "="],
  ["FENCED_INSTANCE_ID", "OFFSETS_CHANGED_OUTSIDE", "=", "="],
  ["STALE_MEMBER_EPOCH", "OFFSETS_CHANGED_OUTSIDE", "=", "="],
  ["INVALID_GROUP_ID", "CONFIG_INVALID", "=", "="],
  ["TOPIC_ALREADY_EXISTS", "CONFIG_INVALID", "=", "="],
  ["INVALID_TOPIC_EXCEPTION", "CONFIG_INVALID", "=", "="],
  ["INVALID_PARTITIONS", "CONFIG_INVALID", "=", "="],
  ["INVALID_REPLICATION_FACTOR", "CONFIG_INVALID", "=", "="],
  ["INVALID_CONFIG", "CONFIG_INVALID", "=", "="],
  ["INVALID_TRANSACTION_TIMEOUT", "CONFIG_INVALID", "=", "="],
  ["POLICY_VIOLATION", "CONFIG_INVALID", "=", "="],
];

/** A reaction in one word. */
function word(call: FailedCall): string {
  const outcome = decideOutcome(call);
  if (outcome.kind === "reinitialise") return outcome.reason;
  return outcome.kind === "stop" ? outcome.code : outcome.kind;
}

describe("decideOutcome", () => {
  test("has a row in this test for every known error", () => {
    expect(rows.map(([error]) => error).toSorted()).toEqual(failures.toSorted());
  });

  test.for(rows)("%s", ([error, before, afterV1, afterV2]) => {
    const after = afterV1 === "=" ? before : afterV1;
    expect([
      word({ error, protocol: "v1", endTxnSent: false, empty: false }),
      word({ error, protocol: "v2", endTxnSent: false, empty: false }),
      word({ error, protocol: "v1", endTxnSent: true, empty: false }),
      word({ error, protocol: "v2", endTxnSent: true, empty: false }),
    ]).toEqual([before, before, after, afterV2 === "=" ? after : afterV2]);
  });

  test("an invalid state of an empty transaction is no fence", () => {
    const call = { error: "INVALID_TXN_STATE", protocol: "v2", endTxnSent: false, empty: true } as const;
    expect(decideOutcome(call)).toEqual({ kind: "reinitialise", reason: "unknown-outcome" });
  });

  test("never aborts once EndTxn was sent", () => {
    for (const call of space) if (call.endTxnSent) expect(decideOutcome(call).kind, told(call)).not.toBe("abort");
  });

  test("refuses to decide about success", () => {
    expect(() => decideOutcome({ error: "NONE", protocol: "v1", endTxnSent: false, empty: true })).toThrow(
      /INVARIANT_BROKEN/,
    );
  });
});

describe("decideSurfaced", () => {
  test("never resends: after EndTxn the outcome is unknown, before it the transaction is aborted", () => {
    for (const call of space) {
      const [inner, surfaced] = [decideOutcome(call), decideSurfaced(call)];
      expect(isResend(surfaced.kind), told(call)).toBe(false);
      if (!isResend(inner.kind)) expect(surfaced, told(call)).toEqual(inner);
      else if (call.endTxnSent)
        expect(surfaced, told(call)).toEqual({ kind: "reinitialise", reason: "unknown-outcome" });
    }
  });

  test.for<[KafkaErrorName]>([["UNKNOWN_TOPIC_OR_PARTITION"], ["UNKNOWN_TOPIC_ID"]])(
    "a topic that stays unknown stops the pin (%s)",
    ([error]) => {
      const call = { error, protocol: "v1", endTxnSent: false, empty: false } as const;
      expect(decideSurfaced(call)).toEqual({ kind: "stop", code: "TOPIC_MISSING" });
    },
  );
});
