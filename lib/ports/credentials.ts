/** A user name and its password. Never print it. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A token that says who we are. Never print it. */
export interface BearerToken {
  readonly value: string;
  /** When it expires, in milliseconds since 1970. Without it every connection asks for a token of its own. */
  readonly expiresAtMs?: number;
  /** SASL extensions that the broker wants with it, for example `{ logicalCluster: "lkc-1" }`. */
  readonly extensions?: Readonly<Record<string, string>>;
}

/**
 * Gives a token. It is asked when a connection is made, and again when a fifth of a token's life is left: nothing needs to
 * be remembered or timed by it.
 */
export type TokenProvider = () => Promise<BearerToken>;
