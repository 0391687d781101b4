import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readCredentials } from "../../../../lib/adapters/secrets-manager/credentials.ts";
import { StreamError } from "../../../../lib/core/errors.ts";
import { type Answer, type AwsEndpoint, startAwsEndpoint } from "../../../support/aws-endpoint.ts";

const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_shop-AbCdEf";
const json = { "content-type": "application/x-amz-json-1.1" };
let answer: Answer;
let endpoint: AwsEndpoint;

beforeEach(async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  endpoint = await startAwsEndpoint(() => answer);
});

afterEach(async () => {
  await endpoint.close();
  vi.unstubAllEnvs();
});

function holding(secret: string): Answer {
  return { status: 200, headers: json, body: JSON.stringify({ ARN: arn, SecretString: secret }) };
}

async function readError(): Promise<StreamError> {
  const error = await readCredentials(arn, { endpoint: endpoint.url }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof StreamError) return error;
  throw new Error(`expected a StreamError, got ${String(error)}`);
}

test("reads user name and password by the ARN, in the ARN's region", async () => {
  answer = holding('{"username":"me","password":"hunter2"}');
  expect(await readCredentials(arn, { endpoint: endpoint.url })).toEqual({ username: "me", password: "hunter2" });
  expect(JSON.parse(endpoint.received[0]?.body ?? "")).toEqual({ SecretId: arn });
  expect(endpoint.received[0]?.headers.authorization).toContain("/eu-west-1/secretsmanager/");
});

test.for([["hunter2"], ['{"password":"hunter2"}'], ['{"username":1,"password":"hunter2"}'], ["null hunter2"]] as const)(
  "refuses the content %s without quoting it",
  async ([secret]) => {
    answer = holding(secret);
    const error = await readError();
    expect(error.code).toBe("SECRET_INVALID");
    expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain("hunter2");
  },
);

test.for([
  { type: "ResourceNotFoundException", code: "SECRET_INVALID" },
  { type: "AccessDeniedException", code: "ACCESS_DENIED" },
  { type: "InvalidRequestException", code: "SECRETS_UNAVAILABLE" },
] as const)("answers $type as $code and names the secret", async ({ type, code }) => {
  answer = { status: 400, headers: json, body: JSON.stringify({ __type: type, message: "no" }) };
  const error = await readError();
  expect(error.code).toBe(code);
  expect(error.details["secret"]).toBe(arn);
});
