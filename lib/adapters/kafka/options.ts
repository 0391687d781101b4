import type { KafkaConfig } from "kafkajs";
import type { Credentials, TokenProvider } from "../../ports/credentials.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Compression } from "../../records/batch.ts";

/** Mechanisms that prove to know a password. */
export type PasswordMechanism = "plain" | "scram-sha-256" | "scram-sha-512";

/**
 * How to say who we are. `credentials` is read when the first connection is made, and once more when a broker no longer
 * accepts them, as after a rotation. `token` is asked again before a token expires; MSK IAM comes in by this door too.
 */
export type SaslOptions =
  | ({ readonly mechanism: PasswordMechanism } & Credentials)
  | { readonly mechanism: PasswordMechanism; readonly credentials: () => Promise<Credentials> }
  | { readonly mechanism: "oauthbearer"; readonly token: TokenProvider };

/** How to reach a Kafka cluster. */
export interface KafkaLogOptions {
  /** Bootstrap addresses, `host:port`. */
  readonly brokers: readonly string[];
  /** Shown in the broker's logs and quotas. Default `millrace`. */
  readonly clientId?: string;
  /** TLS as kafkajs takes it: `true` for the system's authorities, or Node's TLS options. Default: plain text. */
  readonly ssl?: KafkaConfig["ssl"];
  /** Who we are: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER. Default: anonymous. */
  readonly sasl?: SaslOptions;
  /** Time to connect and to authenticate. Default 5 s: TLS to a busy broker takes more than kafkajs's 1 s. */
  readonly connectTimeoutMs?: number;
  /** Time for one answer, on top of what the request itself may wait. Default 6 s: below a transaction's 10 s. */
  readonly requestTimeoutMs?: number;
  /** Bound of a call of the log that brings no deadline of its own, retries included. Default 20 s. */
  readonly callTimeoutMs?: number;
  /** Sockets per broker for Produce, shared by the transactors of this log. Default 2. */
  readonly dataConnections?: number;
  /** Sockets per broker for transaction coordination, shared likewise. Default 2. */
  readonly transactionConnections?: number;
  /** Most sockets per broker for fetches that wait at the same time. Default 8. */
  readonly fetchConnections?: number;
  /**
   * Where this client is, as Kafka's `client.rack`: partitions are then read at a follower with that `broker.rack`, where the
   * brokers' `replica.selector.class` allows it. Default: leaders only.
   */
  readonly rack?: string;
  /** How batches are compressed before they are sent. Default `none`; what does not get smaller is sent as it is. */
  readonly compression?: Compression;
  /** Where retries and what kafkajs says are told. Default: nowhere. */
  readonly logger?: Logger;
}

/** The options with their defaults. */
export type KafkaLogSettings = Required<Omit<KafkaLogOptions, "ssl" | "sasl" | "logger">> &
  Pick<KafkaLogOptions, "ssl" | "sasl" | "logger">;

/** Fills in what was left out. */
export function withDefaults(options: KafkaLogOptions): KafkaLogSettings {
  return {
    clientId: "millrace",
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 6_000,
    callTimeoutMs: 20_000,
    dataConnections: 2,
    transactionConnections: 2,
    fetchConnections: 8,
    rack: "",
    compression: "none",
    ...options,
  };
}
