import { expect, test } from "vitest";
import { classifyFailure } from "../../../../lib/adapters/s3/failure.ts";

const request = { bucket: "snapshots", action: "s3:PutObject", path: "a/b" };

function failure(name: string, status: number | undefined, message = "as the server says"): Error {
  return Object.assign(new Error(message), { name, ...(status && { $metadata: { httpStatusCode: status } }) });
}

test.for<[name: string, status: number | undefined, want: string]>([
  ["PreconditionFailed", 412, "exists"],
  ["ConditionalRequestConflict", 409, "retry"],
  ["NoSuchKey", 404, "absent"],
  ["NotFound", 404, "absent"],
  ["NoSuchBucket", 404, "BUCKET_MISSING"],
  ["InvalidRange", 416, "beyond-end"],
  ["AccessDenied", 403, "ACCESS_DENIED"],
  ["Forbidden", 403, "ACCESS_DENIED"],
  ["InvalidAccessKeyId", 403, "ACCESS_DENIED"],
  ["SignatureDoesNotMatch", 403, "ACCESS_DENIED"],
  ["ExpiredToken", 400, "ACCESS_DENIED"],
  ["CredentialsProviderError", undefined, "ACCESS_DENIED"],
  ["PermanentRedirect", 301, "CONFIG_INVALID"],
  ["AuthorizationHeaderMalformed", 400, "CONFIG_INVALID"],
  ["InvalidBucketName", 400, "CONFIG_INVALID"],
  ["SlowDown", 503, "retry"],
  ["InternalError", 500, "retry"],
  ["RequestTimeout", 400, "retry"],
  ["TooManyRequests", 429, "retry"],
  ["TimeoutError", undefined, "retry"],
  ["AbortError", undefined, "retry"],
  ["Error", undefined, "retry"],
])("%s (%s) means %s", ([name, status, want]) => {
  const decision = classifyFailure(failure(name, status), request);
  expect(decision.kind === "final" ? decision.error.code : decision.kind).toBe(want);
});

test("a final failure names bucket and action", () => {
  const decision = classifyFailure(failure("AccessDenied", 403), request);
  expect(decision.kind === "final" && decision.error).toMatchObject({
    message: "ACCESS_DENIED: s3:PutObject on the bucket snapshots is not allowed: as the server says",
    details: request,
  });
});

test("a denied read says what S3 means by it", () => {
  const decision = classifyFailure(failure("AccessDenied", 403), { ...request, action: "s3:GetObject" });
  expect(decision.kind === "final" && decision.error.message).toContain("s3:ListBucket is not granted");
});

test("a missing region says which setting helps", () => {
  const decision = classifyFailure(failure("Error", undefined, "Region is missing"), request);
  expect(decision.kind === "final" && decision.error.message).toContain("set AWS_REGION");
});

test("anything thrown that is no error is tried again", () => {
  expect(classifyFailure("odd", request).kind).toBe("retry");
});
