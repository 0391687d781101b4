import type { ErrorDetails } from "../core/errors.ts";
import type { PartitionKey, TopicPartition } from "../core/ids.ts";
import type { KafkaErrorName } from "../core/kafka-errors.ts";
import type { RecordReader } from "../records/reader.ts";
import type { RecordWriter } from "../records/writer.ts";

/**
 * A Kafka error that the log answered with, or a lost answer (`NETWORK_EXCEPTION`, `REQUEST_TIMED_OUT`).
 *
 * `endTxnSent` tells whether EndTxn had been sent in this transaction when it happened: then the outcome is unknown until
 * the newest position record is read. What follows is decided by `task/outcome.ts`, never by the adapter's caller ad hoc.
 */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly kafkaError: KafkaErrorName;
  readonly endTxnSent: boolean;
  readonly details: ErrorDetails;

  constructor(
    kafkaError: KafkaErrorName,
    message: string,
    options: { endTxnSent?: boolean; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(`${kafkaError}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.kafkaError = kafkaError;
    this.endTxnSent = options.endTxnSent ?? false;
    this.details = options.details ?? {};
  }
}

/** What is known of a topic. */
export interface TopicDescription {
  readonly name: string;
  /** Kafka's topic id as 32 hex digits: changes when a topic is deleted and created again. */
  readonly topicId: string;
  readonly partitions: number;
}

/** A topic to create. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Replicas per partition; -1 takes the broker's default. */
  readonly replicas: number;
  readonly configs: Readonly<Record<string, string>>;
}

/**
 * Which offset of a partition to ask for: log start, last stable offset (the end for committed reads), high watermark,
 * or the first record at or after a wall time (the high watermark when there is none).
 */
export type OffsetAt = "earliest" | "lso" | "hw" | { readonly timestampMs: number };

/** One fetch over many partitions. The adapter splits it by leader: one request each. */
export interface FetchRequest {
  /** Next offset to read of each partition. */
  readonly positions: ReadonlyMap<PartitionKey, number>;
  /** How long the log may wait for the first byte. */
  readonly maxWaitMs: number;
  /** Bytes over all partitions; the log answers at least one batch if there is any. */
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
}

/** Committed records of one partition, or why there are none. One bad partition never hides the good ones. */
export type FetchedPartition =
  | {
      readonly kind: "records";
      /** Committed data records at or after the asked offset: aborted and control records are gone. */
      readonly records: RecordReader;
      /** Where to fetch next: past empty, aborted and control batches. */
      readonly next: number;
      readonly highWatermark: number;
      readonly lastStable: number;
      readonly logStart: number;
    }
  | { readonly kind: "error"; readonly error: LogError };

/** Who writes transactionally. */
export interface TransactorOptions {
  readonly transactionalId: string;
  /** The broker aborts a transaction that is open longer. */
  readonly transactionTimeoutMs: number;
  /** Bound of `transactor()` and of every later call, retries included. */
  readonly deadlineMs: number;
}

/** Encoded records for one partition. */
export interface PartitionBatch extends TopicPartition {
  readonly records: RecordWriter;
}

/**
 * One transactional producer: one epoch of one transactional id.
 *
 * Calls of one transactor never overlap. Retriable answers (CONCURRENT_TRANSACTIONS, coordinator or leader moves, lost
 * connections before EndTxn) are retried inside with the same bytes until the deadline; every other answer throws
 * `LogError` and ends this transactor's use, except for `abort` after a failure before EndTxn.
 */
export interface Transactor {
  readonly transactionalId: string;
  /** For logs only: never compared, producer ids rotate. */
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Opens a transaction; no request is made. */
  begin(): void;
  /**
   * Appends batches inside the open transaction: one Produce per leader.
   * @returns per partition the next offset after its batch
   * @throws {LogError} and `StreamError` `RECORD_TOO_LARGE` before anything is sent
   */
  send(batches: readonly PartitionBatch[]): Promise<ReadonlyMap<PartitionKey, number>>;
  /** Adds offsets of a group to the transaction (imports and tests; positions are records of ours). */
  sendOffsets(group: string, offsets: ReadonlyMap<PartitionKey, number>): Promise<void>;
  /** Commits. A transaction in which nothing was sent makes no request. @throws {LogError} `endTxnSent` when unknown */
  commit(): Promise<void>;
  /** Aborts. A transaction in which nothing was sent makes no request. */
  abort(): Promise<void>;
}

/**
 * The log: Kafka, or the memory log that models it.
 *
 * Outside of transactions every failure is a `StreamError`; what a broker refused has its name in `details.kafkaError`.
 *
 * @throws {StreamError} `BROKER_UNREACHABLE`, `ACCESS_DENIED`, `AUTHENTICATION_FAILED`, `CONFIG_INVALID`, `LOG_UNAVAILABLE` when a
 *   deadline passes
 */
export interface Log {
  /** What exists of `topics`; a missing topic is absent from the answer. */
  describe(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>>;
  /** Names of all topics that the client may see, in no order; the log's own, such as `__consumer_offsets`, are left out. */
  topicNames(): Promise<readonly string[]>;
  /** Creates topics; `exists` says nothing about their settings. */
  createTopics(specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, "created" | "exists">>;
  /** @throws {StreamError} `TOPIC_MISSING` */
  offsets(partitions: readonly TopicPartition[], at: OffsetAt): Promise<ReadonlyMap<PartitionKey, number>>;
  /**
   * Reads committed records. Answers within about `maxWaitMs` when there is nothing. A partition of which nothing is known
   * this time (its leader moves, or still waits for records while another one answered) is absent from the answer.
   */
  fetch(request: FetchRequest): Promise<ReadonlyMap<PartitionKey, FetchedPartition>>;
  /** Committed offsets of a group, stable ones only; undefined when absent or expired. */
  committed(
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<PartitionKey, number | undefined>>;
  /** Writes offsets of a member-less group, outside any transaction: the mirror for lag tools. */
  commitOffsets(group: string, offsets: ReadonlyMap<PartitionKey, number>): Promise<void>;
  /**
   * InitProducerId without expected epoch: fences every earlier producer of the id, finishes its open transaction, and
   * resolves only when that transaction is finished.
   */
  transactor(options: TransactorOptions): Promise<Transactor>;
  /** Deletes records below the given offsets (repartition topics only). */
  deleteRecords(before: ReadonlyMap<PartitionKey, number>): Promise<void>;
  /** Closes connections; calls in flight fail. */
  close(): Promise<void>;
}
