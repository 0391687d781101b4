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
 * An error as an answer: code, advice and message. Errors that are not ours, and those that only the operator can mend,
 * say nothing about the inside: they are in the log, under the request id.
 */
export function errorAnswer(error: unknown, requestId: string): HttpAnswer {
  if (!isStreamError(error)) return jsonAnswer(500, { code: "INTERNAL", message: "see the function's log", requestId });
  const { code, advice } = error;
  const statusCode = code === "STORE_UNKNOWN" ? 404 : statusByAdvice[advice];
  if (statusCode === 500) return jsonAnswer(500, { code, advice, message: "see the function's log", requestId });
  const answer = jsonAnswer(statusCode, { code, advice, message: error.message, details: error.details, requestId });
  if (statusCode !== 503) return answer;
  return { ...answer, headers: { ...answer.headers, "retry-after": retryAfterSeconds } };
}
