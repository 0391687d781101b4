import { StreamError } from "../../../core/errors.ts";
import type { BearerToken, Credentials } from "../../../ports/credentials.ts";
import type { SaslOptions } from "../options.ts";
import { HeldSecret } from "./held-secret.ts";
import { type KafkaJsSasl, USED_SHARE } from "./kafkajs-door.ts";
import { tokenAuthenticator } from "./oauth-bearer.ts";

/** How the connections of a log say who they are. */
export interface SignIn {
  /** What kafkajs is told; it reads it at every authentication. */
  readonly sasl: KafkaJsSasl | undefined;
  /** Has everything read that the next authentication needs. @returns a mark for `hasChanged` */
  ready(): Promise<unknown>;
  /** The broker refused what `ready` marked: reads it again. @returns whether one more try makes sense */
  hasChanged(refused: unknown): Promise<boolean>;
}

/** The way in that options ask for. */
export function createSignIn(sasl: SaslOptions | undefined): SignIn {
  if (sasl === undefined) return anonymous;
  return "token" in sasl ? withTokens(sasl.token) : withPassword(sasl);
}

const anonymous: SignIn = { sasl: undefined, ready: async () => undefined, hasChanged: async () => false };

function withPassword(sasl: Extract<SaslOptions, { mechanism: "plain" | "scram-sha-256" | "scram-sha-512" }>): SignIn {
  const read = "credentials" in sasl ? sasl.credentials : async () => sasl;
  const secret = new HeldSecret<Credentials>(read, { isDue: () => false, isStillGood: () => false });
  let current: Credentials = { username: "", password: "" };
  return {
    // kafkajs keeps this object and reads both at every authentication
    sasl: {
      mechanism: sasl.mechanism,
      get username() {
        return current.username;
      },
      get password() {
        return current.password;
      },
    },
    ready: async () => {
      current = await secret.get();
      return current;
    },
    hasChanged: (refused) => secret.hasChanged(refused as Credentials),
  };
}

function withTokens(provider: () => Promise<BearerToken>): SignIn {
  const secret = new HeldSecret<BearerToken>(() => asked(provider), {
    isDue: ({ expiresAtMs }, heldForMs) =>
      expiresAtMs === undefined || (expiresAtMs - Date.now()) * USED_SHARE < heldForMs * (1 - USED_SHARE),
    isStillGood: ({ expiresAtMs = 0 }) => expiresAtMs > Date.now(),
  });
  let used: BearerToken | undefined;
  const take = async () => {
    used = await secret.get();
    return used;
  };
  return {
    sasl: { mechanism: "oauthbearer", authenticationProvider: tokenAuthenticator(take) },
    ready: async () => undefined,
    hasChanged: async () => used !== undefined && secret.hasChanged(used),
  };
}

/** What the user's function gives, or one error that says so. */
async function asked(provider: () => Promise<BearerToken>): Promise<BearerToken> {
  let token: BearerToken;
  try {
    token = await provider();
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    const { message = String(cause) } = cause as Partial<Error>;
    throw new StreamError("AUTHENTICATION_FAILED", `the token provider failed: ${message}`, {
      details: { refused: "token-provider" },
      cause,
    });
  }
  if (typeof token?.value === "string" && token.value !== "") return token;
  throw new StreamError("AUTHENTICATION_FAILED", "the token provider gave no token: it must answer { value: … }", {
    details: { refused: "token-provider" },
  });
}
