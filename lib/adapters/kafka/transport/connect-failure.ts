import { StreamError } from "../../../core/errors.ts";
import { LostRequest } from "./lost-request.ts";

/** Codes of Node and OpenSSL that say "I do not trust this certificate". */
const certificateCodes = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;

/** What to do about a certificate that is not simply signed by somebody unknown. */
const certificateAdvice: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired, renew it on the broker",
  CERT_NOT_YET_VALID: "it is not valid yet, compare the clocks of both sides",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for other names, connect by one that it has",
};
const unknownAuthority = "nobody trusted has signed it, name the authority in kafka.tlsCa (in code: ssl.ca)";

/** How kafkajs tells of a connection that was lost in the middle of signing in: as if the broker had refused. */
const lostSigningIn = / failed: (Closed connection|Connection error: .*|Connection timeout|Not connected)$/;

/** What a failure of kafkajs's transport means to us: credentials to fix, or a request that got lost. */
export function connectFailure(error: unknown, address: string): Error {
  if (error instanceof LostRequest || error instanceof StreamError) return error;
  const cause = error as Error & { type?: string; code?: unknown };
  const code = typeof cause.code === "string" ? cause.code : "";
  const concernsSasl = /SASL/.test(cause.name) || /SASL/.test(cause.type ?? "");
  if (concernsSasl && !lostSigningIn.test(cause.message)) {
    return new StreamError("AUTHENTICATION_FAILED", `${address} refused our credentials: ${cause.message}`, {
      details: { broker: address, refused: "credentials" },
      cause,
    });
  }
  if (certificateCodes.test(code)) {
    const what = certificateAdvice[code] ?? unknownAuthority;
    return new StreamError(
      "AUTHENTICATION_FAILED",
      `the certificate of ${address} is not accepted (${code}): ${what}`,
      {
        details: { broker: address, refused: "certificate", tlsError: code },
        cause,
      },
    );
  }
  // a listener in plain text takes the first bytes of TLS for a size, and hangs up
  const hint = /before secure TLS/.test(cause.message) ? ": is this a listener with TLS?" : "";
  return new LostRequest(address, `${cause.message}${hint}`, { sent: false, timedOut: false, cause });
}
