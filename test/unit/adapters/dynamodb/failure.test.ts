import { expect, test } from "vitest";
import { classifyFailure } from "../../../../lib/adapters/dynamodb/failure.ts";

const request = { table: "leases", action: "dynamodb:UpdateItem" };

function failure(name: string, facts: { message?: string; status?: number; Item?: unknown } = {}): Error {
  const { message = "no reason", status, Item } = facts;
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status }, Item });
}

test.for([
  ["ProvisionedThroughputExceededException", 400, "no"],
  ["ThrottlingException", 400, "no"],
  ["RequestLimitExceeded", 400, "no"],
  ["InternalServerError", 500, "perhaps"],
  ["ServiceUnavailable", 503, "perhaps"],
  ["TimeoutError", undefined, "perhaps"],
  ["AbortError", undefined, "perhaps"],
  ["Error", undefined, "perhaps"],
] as const)("%s (%s) is tried again, applied: %s", ([name, status, applied]) => {
  const facts = status === undefined ? {} : { status };
  expect(classifyFailure(failure(name, facts), request)).toEqual({ kind: "retry", applied });
});

test.for([
  ["ResourceNotFoundException", "TABLE_MISSING", /table leases does not exist/],
  ["AccessDeniedException", "ACCESS_DENIED", /dynamodb:UpdateItem on the table leases/],
  ["ExpiredTokenException", "ACCESS_DENIED", /credentials/],
  ["UnrecognizedClientException", "ACCESS_DENIED", /credentials/],
  ["CredentialsProviderError", "ACCESS_DENIED", /credentials/],
  ["ValidationException", "CONFIG_INVALID", /pk and sk/],
] as const)("%s is final: %s", ([name, code, message]) => {
  const cause = failure(name, { status: 400 });
  const classified = classifyFailure(cause, request);
  expect(classified).toMatchObject({ kind: "final", error: { code, cause, details: request } });
  expect(classified.kind === "final" && classified.error.message).toMatch(message);
});

test("a missing region says which setting is missing", () => {
  expect(classifyFailure(new Error("Region is missing"), request)).toMatchObject({
    kind: "final",
    error: { code: "CONFIG_INVALID" },
  });
});

test("a refused condition carries the row that refused it", () => {
  const Item = { epoch: { N: "4" } };
  const refused = failure("ConditionalCheckFailedException", { status: 400, Item });
  expect(classifyFailure(refused, request)).toEqual({ kind: "condition", item: Item });
});
