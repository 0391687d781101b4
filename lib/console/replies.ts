import type { ServerResponse } from "node:http";
import { type ErrorDetails, isStreamError } from "../core/errors.ts";

/** The body of every failed call: the same code, advice and facts as the `StreamError`. */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly advice: string;
    readonly message: string;
    readonly details: ErrorDetails;
  };
}

/**
 * Sent with every answer: the page may load its own files and talk to its own server, nothing else, and nobody may frame it.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Status and body for anything thrown. What is not a `StreamError` is our defect: its text stays here. */
export function errorReply(error: unknown): { readonly status: number; readonly body: ErrorBody } {
  if (!isStreamError(error)) {
    const message = "INVARIANT_BROKEN: the console failed to answer; the terminal says more";
    return { status: 500, body: { error: { code: "INVARIANT_BROKEN", advice: "report-bug", message, details: {} } } };
  }
  const { code, advice, message, details } = error;
  const status = code === "STORE_UNKNOWN" ? 404 : advice === "fix-request" ? 400 : advice === "retry" ? 503 : 500;
  return { status, body: { error: { code, advice, message, details } } };
}

/** Ends a response with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...securityHeaders, "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}
