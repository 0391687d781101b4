import { describe, expect, test } from "vitest";
import { StreamError } from "../../../lib/core/errors.ts";
import type { KafkaErrorName } from "../../../lib/core/kafka-errors.ts";
import { LogError } from "../../../lib/ports/log.ts";
import { asStreamError, fetchFailure, transactionFailure } from "../../../lib/task/pin-failure.ts";

const logError = (kafkaError: KafkaErrorName, endTxnSent = false) =>
  new LogError(kafkaError, "said the broker", { endTxnSent, details: { topic: "t" } });

describe("an error while a pin works", () => {
  test("that is typed already goes on as it is", () => {
    const error = new StreamError("CHANGELOG_GAP", "x");
    expect(asStreamError(error, 3)).toBe(error);
  });

  test.for<[KafkaErrorName, string]>([
    ["NETWORK_EXCEPTION", "LOG_UNAVAILABLE"],
    ["REQUEST_TIMED_OUT", "LOG_UNAVAILABLE"],
    ["NOT_COORDINATOR", "LOG_UNAVAILABLE"],
    ["PRODUCER_FENCED", "LOG_UNAVAILABLE"],
    ["OUT_OF_ORDER_SEQUENCE_NUMBER", "LOG_UNAVAILABLE"],
    ["TOPIC_AUTHORIZATION_FAILED", "ACCESS_DENIED"],
    ["TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "ACCESS_DENIED"],
    ["SASL_AUTHENTICATION_FAILED", "AUTHENTICATION_FAILED"],
    ["UNSUPPORTED_VERSION", "UNSUPPORTED_BROKER"],
    ["UNKNOWN_TOPIC_OR_PARTITION", "TOPIC_MISSING"],
    ["OFFSET_OUT_OF_RANGE", "OFFSET_OUT_OF_RANGE"],
    ["INVALID_TRANSACTION_TIMEOUT", "CONFIG_INVALID"],
  ])("of the log, %s, is %s and names pin and place", ([kafkaError, code]) => {
    const error = asStreamError(logError(kafkaError), 3);
    expect(error).toMatchObject({ code, details: { pin: 3, topic: "t", kafkaError } });
    expect(error.message).toContain("pin 3");
  });

  test.for([new TypeError("x is undefined"), "a text"])(
    "that nothing expected, such as %o, is ours to fix",
    (thrown) => {
      expect(asStreamError(thrown, 3)).toMatchObject({ code: "INVARIANT_BROKEN", advice: "report-bug", cause: thrown });
    },
  );
});

describe("a failed call of a transaction", () => {
  test.for<[string, unknown, string]>([
    ["fenced", logError("PRODUCER_FENCED"), "reinitialise"],
    ["an aborted one", logError("TRANSACTION_ABORTABLE"), "reinitialise"],
    ["a lost answer", logError("NETWORK_EXCEPTION"), "reinitialise"],
    ["a lost answer of EndTxn", logError("NETWORK_EXCEPTION", true), "reinitialise"],
    ["an expired id", logError("INVALID_PRODUCER_ID_MAPPING"), "reinitialise"],
    ["an unreachable broker", new StreamError("BROKER_UNREACHABLE", "x"), "reinitialise"],
    ["a missing grant", logError("TOPIC_AUTHORIZATION_FAILED"), "stop ACCESS_DENIED"],
    ["a missing topic", logError("UNKNOWN_TOPIC_OR_PARTITION"), "stop TOPIC_MISSING"],
    ["a record without key in a compacted topic", logError("INVALID_RECORD"), "stop SERIALIZATION_FAILED"],
    ["a record of next year", logError("INVALID_TIMESTAMP"), "stop TIMESTAMP_INVALID"],
    ["a batch that the broker finds too large", logError("MESSAGE_TOO_LARGE"), "stop RECORD_TOO_LARGE"],
    ["a record that no topic takes", new StreamError("RECORD_TOO_LARGE", "x"), "stop RECORD_TOO_LARGE"],
    ["a bug", new RangeError("x"), "stop INVARIANT_BROKEN"],
  ])("%s: %s", ([, error, expected]) => {
    const { verdict } = transactionFailure(error, 3);
    expect(verdict.kind === "stop" ? `stop ${verdict.error.code}` : verdict.kind).toBe(expected);
  });
});

describe("a failed fetch of a partition", () => {
  test.for<[KafkaErrorName, string | undefined]>([
    ["OFFSET_OUT_OF_RANGE", "OFFSET_OUT_OF_RANGE"],
    ["UNKNOWN_TOPIC_OR_PARTITION", "TOPIC_MISSING"],
    ["TOPIC_AUTHORIZATION_FAILED", "ACCESS_DENIED"],
    ["CORRUPT_MESSAGE", "CORRUPT_BATCH"],
    ["NOT_LEADER_OR_FOLLOWER", undefined],
    ["FENCED_LEADER_EPOCH", undefined],
    ["UNSUPPORTED_COMPRESSION_TYPE", "UNSUPPORTED_COMPRESSION"],
    ["UNKNOWN_SERVER_ERROR", "CORRUPT_BATCH"],
  ])("%s: %s", ([kafkaError, code]) => {
    const error = fetchFailure("in:4", 77, { kind: "error", error: logError(kafkaError) });
    expect(error?.code).toBe(code);
    if (error !== undefined) expect(error.details).toMatchObject({ topic: "in", partition: 4, offset: 77 });
  });
});
