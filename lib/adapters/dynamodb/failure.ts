import { StreamError } from "../../core/errors.ts";

/** What a failed request to DynamoDB means for the next step. */
export type RequestFailure =
  /** The condition of the write did not hold. */
  | { readonly kind: "condition"; readonly item: unknown }
  /** Worth another try. `applied` says whether the write may have been done although no answer came. */
  | { readonly kind: "retry"; readonly applied: "no" | "perhaps" }
  /** No try can help until somebody changes something. */
  | { readonly kind: "final"; readonly error: StreamError };

/** The request that failed, for messages. */
export interface FailedRequest {
  readonly table: string;
  /** Name of the IAM action, for example `dynamodb:UpdateItem`. */
  readonly action: string;
}

const throttled: ReadonlySet<string> = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "Throttling",
  "RequestLimitExceeded",
  "LimitExceededException",
]);

const denied: ReadonlySet<string> = new Set(["AccessDeniedException", "NotAuthorized"]);

const unsigned: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "ExpiredTokenException",
  "IncompleteSignatureException",
  "InvalidSignatureException",
  "MissingAuthenticationTokenException",
  "UnrecognizedClientException",
]);

/** Sorts a failed request by what to do about it. Pure. */
export function classifyFailure(error: unknown, request: FailedRequest): RequestFailure {
  const { name, message, status, item, clockCorrected } = factsOf(error);
  const { table, action } = request;
  const final = (code: ConstructorParameters<typeof StreamError>[0], text: string): RequestFailure => ({
    kind: "final",
    error: new StreamError(code, text, { details: { table, action }, cause: error }),
  });
  if (name === "ConditionalCheckFailedException") return { kind: "condition", item };
  if (clockCorrected) return { kind: "retry", applied: "no" };
  if (name === "ResourceNotFoundException") {
    return final("TABLE_MISSING", `the DynamoDB table ${table} does not exist in this region: deploy it first`);
  }
  if (denied.has(name)) return final("ACCESS_DENIED", `${action} on the table ${table} is not allowed: ${message}`);
  if (unsigned.has(name)) return final("ACCESS_DENIED", `AWS did not accept the credentials for ${action}: ${message}`);
  if (message.includes("Region is missing")) {
    return final("CONFIG_INVALID", "no AWS region is set: set AWS_REGION");
  }
  if (throttled.has(name)) return { kind: "retry", applied: "no" };
  if (status !== undefined && status >= 400 && status < 500) {
    return final(
      "CONFIG_INVALID",
      `the table ${table} refused ${action}: ${message}; its key must be pk and sk, strings`,
    );
  }
  return { kind: "retry", applied: "perhaps" };
}

interface SdkError extends Error {
  /** `clockSkewCorrected`: the SDK has learnt from the answer how wrong our clock is, and signs the next request by the right one. */
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
  readonly Item?: unknown;
}

function factsOf(error: unknown) {
  const { name = "", message = String(error), $metadata, Item: item } = (error ?? {}) as Partial<SdkError>;
  return {
    name,
    message,
    item,
    status: $metadata?.httpStatusCode,
    clockCorrected: $metadata?.clockSkewCorrected === true,
  };
}
