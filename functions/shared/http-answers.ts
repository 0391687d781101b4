import { type Advice, isStreamError } from "../../lib/core/errors.ts";
import { answerJson } from "../../lib/query/answer-json.ts";

/** An HTTP API answer. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The status of an error by what the caller can do about it. What only the operator can mend is a plain 500. */
const statusByAdvice: Readonly<Record<Advice, number>> = {
  "fix-request": 400,
  retry: 503,
  "abort-and-reinitialise": 503,
  "handle-record": 500,
  "fix-and-redeploy": 500,
  migrate: 500,
  reset: 500,
  "grant-access": 500,
  "report-bug": 500,
};

const jsonHeaders = { "content-type": "application/json", "cache-control": "no-store" } as const;
const retryAfterSeconds = "1";

/** An answer with a JSON body. */
export function jsonAnswer(statusCode: number, body: unknown): HttpAnswer {
  return { statusCode, headers: jsonHeaders, body: answerJson(body) };
}

/**
 * An error as an answer: code and advice, and what is wrong with the request. Everything else says nothing about the inside, such as
 * names of brokers and buckets: that is in the log, under the request id.
 */
export function errorAnswer(error: unknown, requestId: string): HttpAnswer {
  if (!isStreamError(error)) return jsonAnswer(500, { code: "INTERNAL", message: "see the function's log", requestId });
  const { code, advice } = error;
  const statusCode = code === "STORE_UNKNOWN" ? 404 : statusByAdvice[advice];
  if (statusCode === 500) return jsonAnswer(500, { code, advice, message: "see the function's log", requestId });
  if (statusCode !== 503) {
    return jsonAnswer(statusCode, { code, advice, message: error.message, details: error.details, requestId });
  }
  const answer = jsonAnswer(503, {
    code,
    advice,
    message: "try again; if that does not help, see the function's log",
    requestId,
  });
  return { ...answer, headers: { ...answer.headers, "retry-after": retryAfterSeconds } };
}
