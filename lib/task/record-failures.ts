import { StreamError } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import { partitionKey } from "../core/ids.ts";
import type { ExceptionHandlers, FailureDecision, RecordFailure } from "../topology/exception-handler.ts";
import { decideFailure } from "../topology/exception-handler.ts";
import type { Collector } from "./collector.ts";
import { deadLetterHeaders } from "./dead-letter.ts";
import type { RecordQueue } from "./record-queue.ts";

/** A failure that a handler let pass, and where the record went. */
export interface PassedFailure extends RecordFailure {
  readonly deadLetterTopic: string | undefined;
}

/** The open transaction is to be dropped and its records tried again. */
export interface RetryOrder {
  readonly afterMs: number;
  /** The record that failed; undefined when an operator asked. */
  readonly failure?: RecordFailure;
  readonly error: StreamError;
}

/**
 * What a task does about records that fail.
 *
 * Owns: asking the handlers, writing dead letters into the open transaction, counting tries. Does not own: dropping a
 * transaction and waiting (pin), logging (pin).
 */
export class RecordFailures {
  /** Asked for by a handler or an operator; whoever runs the task takes it. */
  retry: RetryOrder | undefined;
  private readonly handlers: ExceptionHandlers;
  private readonly collector: Collector;
  /** Tries of records that failed and are not committed yet. */
  private readonly retries = new Map<PartitionKey, Map<number, number>>();
  private passed: PassedFailure[] = [];
  /** The last dead letter: a record that fails in several nodes is written once. */
  private lastDead: RecordFailure | undefined;

  constructor(handlers: ExceptionHandlers, collector: Collector) {
    this.handlers = handlers;
    this.collector = collector;
  }

  /** Whether records are decoded before any node sees them, so that those that cannot be are skipped whole. */
  get readsAhead(): boolean {
    return this.handlers.deserialization.kind !== "fail";
  }

  /** Whether a node may fail without an end of the pin: what it changed in place must not stay. */
  get outlivesNodes(): boolean {
    return this.handlers.processing.kind !== "fail";
  }

  /**
   * Decides about a failure on the head of a queue: returns when processing goes on without the record.
   *
   * @throws {StreamError} `error` as it is, when the pin is to stop or to try again (`retry` then says so)
   */
  handle({ phase, node }: Pick<RecordFailure, "phase" | "node">, error: StreamError, queue: RecordQueue): void {
    const { head, source } = queue;
    if (head === undefined) throw error;
    const { topic, partition } = source;
    const { offset, timestampMs } = head;
    const exception = error.cause ?? error;
    const failure: RecordFailure = { phase, node, topic, partition, offset, timestampMs, exception };
    const decision = this.decide(failure);
    if (decision.kind === "retry") {
      this.count(failure);
      this.retry = { afterMs: decision.afterMs, failure, error };
    }
    if (decision.kind === "retry" || decision.kind === "fail") throw error;
    const deadLetterTopic = decision.kind === "dead-letter" ? decision.topic : undefined;
    if (deadLetterTopic !== undefined && !isSameRecord(failure, this.lastDead)) {
      this.collector.append({ topic: deadLetterTopic }, head, deadLetterHeaders(head.headers(), failure));
      this.lastDead = failure;
    }
    this.passed.push({ ...failure, deadLetterTopic });
  }

  /** An operator asks for the records of the open transaction again. @throws {StreamError} `error` */
  readonly takeAgain = (error: StreamError): never => {
    this.retry = { afterMs: 0, error };
    throw error;
  };

  /** What was let pass since the last call. */
  takePassed(): readonly PassedFailure[] {
    if (this.passed.length === 0) return this.passed;
    const passed = this.passed;
    this.passed = [];
    return passed;
  }

  /** Forgets what was not committed, and the tries of what was. */
  rewind(inputs: Readonly<Record<PartitionKey, number>>): void {
    this.retry = undefined;
    this.passed = [];
    this.lastDead = undefined;
    for (const [key, byOffset] of this.retries) {
      for (const offset of byOffset.keys()) if (offset < (inputs[key] ?? 0)) byOffset.delete(offset);
    }
  }

  private decide(failure: RecordFailure): FailureDecision {
    const { topic, partition, offset } = failure;
    const retries = this.retries.get(partitionKey(topic, partition))?.get(offset) ?? 0;
    try {
      return decideFailure(this.handlers[failure.phase], failure, retries);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StreamError(
        "PROCESSING_FAILED",
        `the choice of a handler for ${failure.node}, which failed on ${topic}-${partition}@${offset}, failed itself: ${reason}`,
        { details: { node: failure.node, topic, partition, offset }, cause },
      );
    }
  }

  private count({ topic, partition, offset }: RecordFailure): void {
    const key = partitionKey(topic, partition);
    const byOffset = this.retries.get(key) ?? new Map<number, number>();
    byOffset.set(offset, (byOffset.get(offset) ?? 0) + 1);
    this.retries.set(key, byOffset);
  }
}

function isSameRecord(a: RecordFailure, b: RecordFailure | undefined): boolean {
  return a.offset === b?.offset && a.partition === b.partition && a.topic === b.topic;
}
