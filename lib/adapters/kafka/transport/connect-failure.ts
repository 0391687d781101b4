import { StreamError } from "../../../core/errors.ts";
import { LostRequest } from "./lost-request.ts";

/** Codes of Node and OpenSSL that say "I do not trust this certificate". */
const certificateCodes = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;

/** What a failure of kafkajs's transport means to us: credentials to fix, or a request that got lost. */
export function connectFailure(error: unknown, address: string): Error {
  if (error instanceof LostRequest || error instanceof StreamError) return error;
  const cause = error as Error & { type?: string; code?: unknown };
  const details = { broker: address };
  if (/SASL/.test(cause.name) || /SASL/.test(cause.type ?? "")) {
    return new StreamError("AUTHENTICATION_FAILED", `${address} refused our credentials: ${cause.message}`, {
      details,
      cause,
    });
  }
  if (typeof cause.code === "string" && certificateCodes.test(cause.code)) {
    return new StreamError(
      "AUTHENTICATION_FAILED",
      `the certificate of ${address} is not trusted (${cause.code}): set ssl.ca`,
      { details, cause },
    );
  }
  return new LostRequest(address, cause.message, { sent: false, timedOut: false, cause });
}
