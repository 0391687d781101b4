import { type ErrorCode, StreamError } from "../../core/errors.ts";

/** What a failed request to S3 means for the next step. */
export type RequestFailure =
  /** `If-None-Match: *` did not hold: the object exists. */
  | { readonly kind: "exists" }
  /** The object does not exist. */
  | { readonly kind: "absent" }
  /** The object exists, the range lies beyond its end. */
  | { readonly kind: "beyond-end" }
  /** Worth another try. */
  | { readonly kind: "retry" }
  /** No try can help until somebody changes something. */
  | { readonly kind: "final"; readonly error: StreamError };

/** The request that failed, for messages. */
export interface FailedRequest {
  readonly bucket: string;
  /** Name of the IAM action, for example `s3:PutObject`. */
  readonly action: string;
  readonly path: string;
}

const credentials: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "ExpiredToken",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
  "TokenRefreshRequired",
]);

const otherRegion: ReadonlySet<string> = new Set([
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
  "PermanentRedirect",
]);

const passing: ReadonlySet<string> = new Set(["RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"]);

/** Sorts a failed request by what to do about it. Pure. */
export function classifyFailure(error: unknown, request: FailedRequest): RequestFailure {
  const { name, message, status, clockCorrected } = factsOf(error);
  const { bucket, action } = request;
  const final = (code: ErrorCode, text: string): RequestFailure => ({
    kind: "final",
    error: new StreamError(code, text, { details: { ...request }, cause: error }),
  });
  // the SDK has learnt from this answer how wrong our clock is, and signs the next request by the right one
  if (clockCorrected) return { kind: "retry" };
  if (status === 412) return { kind: "exists" };
  if (name === "NoSuchBucket") {
    return final("BUCKET_MISSING", `the bucket ${bucket} does not exist in this region: deploy it first`);
  }
  if (status === 404) return { kind: "absent" };
  if (status === 416) return { kind: "beyond-end" };
  if (credentials.has(name))
    return final("ACCESS_DENIED", `AWS did not accept the credentials for ${action}: ${message}`);
  if (otherRegion.has(name))
    return final("CONFIG_INVALID", `the bucket ${bucket} is in another region: set AWS_REGION`);
  if (message.includes("Region is missing")) return final("CONFIG_INVALID", "no AWS region is set: set AWS_REGION");
  if (status === 403)
    return final("ACCESS_DENIED", `${action} on the bucket ${bucket} is not allowed: ${message}${hint(action)}`);
  // 409: another conditional write of this path is under way
  if (status === undefined || status >= 500 || [408, 409, 429].includes(status) || passing.has(name)) {
    return { kind: "retry" };
  }
  return final("CONFIG_INVALID", `the bucket ${bucket} refused ${action}: ${name} ${message}`);
}

function hint(action: string): string {
  if (action !== "s3:GetObject") return "";
  return " (S3 says so of a missing object, too, where s3:ListBucket is not granted)";
}

function factsOf(error: unknown) {
  if (!(error instanceof Error)) return { name: "", message: String(error), status: undefined, clockCorrected: false };
  const { httpStatusCode: status, clockSkewCorrected: clockCorrected = false } =
    (error as Error & { $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean } }).$metadata ?? {};
  return { name: error.name, message: error.message, status, clockCorrected };
}
