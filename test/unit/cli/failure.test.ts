import { expect, test } from "vitest";
import { failureOf } from "../../../lib/cli/failure.ts";
import { LogError } from "../../../lib/ports/log.ts";

test.for([
  ["NETWORK_EXCEPTION", "[retry]", 4],
  ["TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "[grant-access]", 1],
] as const)("what ended a transaction is no bug: %s", ([kafkaError, advice, exitCode]) => {
  const failure = failureOf(new LogError(kafkaError, "EndTxn had no answer"));
  expect(failure).toEqual({ line: expect.stringContaining("EndTxn had no answer"), exitCode });
  expect(failure.line.endsWith(advice)).toBe(true);
});

test("anything else that is not typed is one", () => {
  expect(failureOf(new TypeError("x is not a function"))).toMatchObject({
    line: expect.stringContaining("this is a bug, please report it: TypeError"),
    exitCode: 1,
  });
});
