import type { PartitionKey } from "../../../core/ids.ts";

/** When the marker of a transaction reaches a partition (or the offsets of a group), counted from EndTxn. */
export type MarkerDelay = (target: PartitionKey | `group:${string}`) => number;

/** What can be set of a memory broker. Names and defaults are Kafka's where it has the setting. */
export interface MemoryBrokerSettings {
  /**
   * Transaction protocol of clients: 1 keeps the epoch over transactions, 2 (KIP-890) raises it with every EndTxn.
   * Version 1 has a hole on purpose: a late EndTxn ends the *next* transaction of the epoch, as on the real broker.
   */
  readonly transactionVersion: 1 | 2;
  /** 0 writes markers before EndTxn answers; with a delay, requests in between get CONCURRENT_TRANSACTIONS. */
  readonly markerDelayMs: number | MarkerDelay;
  /** Longest transaction timeout that a producer may ask for. */
  readonly transactionMaxTimeoutMs: number;
  /** A transactional id that is unused so long is forgotten. */
  readonly transactionalIdExpirationMs: number;
  /** An offset of a group without members dies so long after its own last commit. */
  readonly offsetsRetentionMs: number;
  /** Largest batch of a topic that does not set `max.message.bytes`. */
  readonly maxMessageBytes: number;
  /** How far ahead of the clock a record may lie in a topic that does not set `message.timestamp.after.max.ms`. */
  readonly timestampAfterMaxMs: number;
  /** Epoch that a new producer id starts with: near 32,766 it makes rotation testable. */
  readonly firstProducerEpoch: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Kafka's defaults. */
export const defaultBrokerSettings: MemoryBrokerSettings = {
  transactionVersion: 1,
  markerDelayMs: 0,
  transactionMaxTimeoutMs: 15 * 60 * 1000,
  transactionalIdExpirationMs: 7 * DAY_MS,
  offsetsRetentionMs: 7 * DAY_MS,
  maxMessageBytes: 1_048_588,
  timestampAfterMaxMs: 60 * 60 * 1000,
  firstProducerEpoch: 0,
};
