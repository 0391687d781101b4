import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LambdaLauncher } from "../../../../lib/adapters/lambda/launcher.ts";
import { StreamError } from "../../../../lib/core/errors.ts";
import { type Answer, type AwsEndpoint, startAwsEndpoint } from "../../../support/aws-endpoint.ts";

let answer: Answer | undefined;
let endpoint: AwsEndpoint;

beforeEach(async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  answer = { status: 202 };
  endpoint = await startAwsEndpoint(() => answer);
});

afterEach(async () => {
  await endpoint.close();
  vi.unstubAllEnvs();
});

function launcher(deadlineMs = 5_000): LambdaLauncher {
  return new LambdaLauncher({
    functionName: "shop-dev-worker",
    region: "eu-west-1",
    endpoint: endpoint.url,
    deadlineMs,
  });
}

async function startError(deadlineMs?: number): Promise<StreamError> {
  const error = await launcher(deadlineMs)
    .start({ worker: "w-1" })
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  if (error instanceof StreamError) return error;
  throw new Error(`expected a StreamError, got ${String(error)}`);
}

test("starts a worker as an asynchronous invocation that names it", async () => {
  await launcher().start({ worker: "w-1" });
  expect(endpoint.received).toHaveLength(1);
  const request = endpoint.received[0];
  expect(request?.path).toBe("/2015-03-31/functions/shop-dev-worker/invocations");
  expect(request?.headers["x-amz-invocation-type"]).toBe("Event");
  expect(JSON.parse(request?.body ?? "")).toEqual({ worker: "w-1" });
});

test("knows of no running workers and leaves stopping to the plan", async () => {
  const subject = launcher();
  expect(await subject.list()).toEqual([]);
  await subject.stop("w-1");
  expect(endpoint.received).toEqual([]);
});

test.for([
  { status: 404, type: "ResourceNotFoundException", code: "FUNCTION_MISSING", advice: "fix-and-redeploy" },
  { status: 403, type: "AccessDeniedException", code: "ACCESS_DENIED", advice: "grant-access" },
  { status: 400, type: "InvalidRuntimeException", code: "LAUNCHER_UNAVAILABLE", advice: "retry" },
] as const)("answers $type as $code with the advice $advice", async ({ status, type, code, advice }) => {
  answer = {
    status,
    headers: { "x-amzn-errortype": type, "content-type": "application/json" },
    body: '{"message":"no"}',
  };
  const error = await startError();
  expect(error).toMatchObject({ code, advice });
  expect(error.message).toContain("shop-dev-worker");
});

test("tries again when Lambda throttles", async () => {
  const answers: Answer[] = [
    { status: 429, headers: { "x-amzn-errortype": "TooManyRequestsException" }, body: "{}" },
    { status: 202 },
  ];
  await endpoint.close();
  endpoint = await startAwsEndpoint(() => answers.shift());
  await launcher().start({ worker: "w-1" });
  expect(endpoint.received).toHaveLength(2);
});

test("gives up at its deadline when nothing answers", async () => {
  answer = undefined;
  expect((await startError(50)).code).toBe("DEADLINE_EXCEEDED");
});
