import type { StateStore, StoreBuilder } from "../state/typed/state-store.ts";
import type { Cancellable, ScheduleOptions } from "../topology/punctuation.ts";
import type { FixedKeyRecord } from "./fixed-key-record.ts";
import type { RecordParts } from "./processor-record.ts";

/** Where the record that is being processed comes from. @source Kafka Streams `RecordMetadata` */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Called when it is due: with the time of its clock, in milliseconds. @source Kafka Streams `Punctuator` */
export type Punctuator = (timestampMs: number) => void;

/**
 * What user code that lives in a task may do and know: everything but forwarding.
 *
 * @source Kafka Streams `ProcessingContext`
 */
export interface ProcessingContext {
  applicationId(): string;
  /** Sub-topology and partition of the task. */
  taskId(): string;
  /** Undefined in a punctuator, and below one. */
  recordMetadata(): RecordMetadata | undefined;
  /** Largest timestamp that the task has seen, -1 at first. */
  currentStreamTimeMs(): number;
  currentSystemTimeMs(): number;
  /**
   * A store that the node is connected to; a store that it declares itself comes with its type.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` for any other
   */
  getStateStore<S extends StateStore>(store: StoreBuilder<S>): S;
  getStateStore<S extends StateStore = StateStore>(name: string): S;
  /**
   * Calls a punctuator whenever it is due: by stream time first at the first record, by wall-clock time first after one
   * interval; both at `startMs` where it is given. What was scheduled ends when the task does.
   *
   * @throws {StreamError} `CONFIG_INVALID` for an interval below 1 ms or a start that is no time
   */
  schedule(options: ScheduleOptions, punctuator: Punctuator): Cancellable;
  /** Asks for a commit soon; it need not wait for the interval. */
  commit(): void;
}

/**
 * The context of a processor. `forward` is allowed while a record or a punctuator is processed.
 *
 * @source Kafka Streams `ProcessorContext`
 */
export interface ProcessorContext<K, V> extends ProcessingContext {
  /**
   * Sends a record to every child, or to the one that is named; it is processed to the end before `forward` returns.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` for a child that is not there, `TIMESTAMP_INVALID` for a timestamp that is negative or after the year 144,683
   */
  forward(record: RecordParts<K, V>, child?: string): void;
}

/**
 * The context of a processor that keeps keys: only records that come from the one it got can be forwarded.
 *
 * @source Kafka Streams `FixedKeyProcessorContext`
 */
export interface FixedKeyProcessorContext<K, V> extends ProcessingContext {
  /** As `ProcessorContext.forward`. */
  forward(record: FixedKeyRecord<K, V>, child?: string): void;
}
