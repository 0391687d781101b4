import { StreamError } from "../../../core/errors.ts";
import type { BearerToken } from "../../../ports/credentials.ts";
import type { KafkaJsAuthenticator } from "./kafkajs-door.ts";

const SEPARATOR = "\u0001";
/** What a client says to a refusal, so that the broker ends the exchange with its reason. */
const REFUSAL_HEARD = Buffer.from(SEPARATOR);
const SIZE_BYTES = 4;

/**
 * SASL OAUTHBEARER for kafkajs. Its own takes a refusal for a success: a broker answers a bad token with a message without an
 * error code and waits for the client to acknowledge it; the next request then breaks the connection, and nobody hears why.
 *
 * @param take The token of this authentication.
 * @source RFC 7628; Kafka 4.3 `OAuthBearerClientInitialResponse`, `OAuthBearerSaslServer`
 */
export function tokenAuthenticator(take: () => Promise<BearerToken>): KafkaJsAuthenticator {
  return ({ host, port, saslAuthenticate }) => ({
    authenticate: async () => {
      const exchange = (message: Buffer) =>
        saslAuthenticate({
          request: { encode: async () => sized(message) },
          response: { decode: async (bytes) => bytes.subarray(SIZE_BYTES).toString(), parse: async (text) => text },
        });
      const refusal = await exchange(bearerMessage(await take()));
      if (refusal === "") return;
      // the broker answers this with the error that it had in mind
      await exchange(REFUSAL_HEARD);
      throw new StreamError("AUTHENTICATION_FAILED", `${host}:${port} refused our token: ${refusal}`, {
        details: { broker: `${host}:${port}`, refused: "credentials" },
      });
    },
  });
}

/** The first message of a client: no authorisation identity, the token, the extensions. */
function bearerMessage({ value, extensions = {} }: BearerToken): Buffer {
  const fields = [`auth=Bearer ${value}`, ...Object.entries(extensions).map(([name, text]) => `${name}=${text}`)];
  return Buffer.from(`n,,${SEPARATOR}${fields.join(SEPARATOR)}${SEPARATOR}${SEPARATOR}`);
}

/** kafkajs wants the bytes of a mechanism behind their size. */
function sized(message: Buffer): Buffer {
  const out = Buffer.alloc(SIZE_BYTES + message.length);
  out.writeInt32BE(message.length, 0);
  message.copy(out, SIZE_BYTES);
  return out;
}
