import { StreamError } from "../../../core/errors.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import type { Clock, Random } from "../../../ports/clock.ts";
import { LogError } from "../../../ports/log.ts";
import type { MemoryCall, MemoryTransport } from "./transport.ts";

const FIRST_BACKOFF_MS = 1;
const LAST_BACKOFF_MS = 20;

/** Answers that the same request may be sent again for. */
const retriable: ReadonlySet<KafkaErrorName> = new Set([
  "CONCURRENT_TRANSACTIONS",
  "UNSTABLE_OFFSET_COMMIT",
  "NOT_ENOUGH_REPLICAS",
  "NETWORK_EXCEPTION",
  "REQUEST_TIMED_OUT",
]);

/** What a request is about. */
export interface CallHead extends Pick<MemoryCall<unknown>, "api"> {
  readonly transactionalId?: string;
  /** A lost request or answer is thrown instead of asked again. */
  readonly onceLostThrow?: boolean;
}

/** How one client makes requests: over its transport, again after retriable answers, until a deadline. */
export class Calls {
  readonly clock: Clock;
  private readonly random: Random;
  private readonly transport: MemoryTransport;
  private readonly clientId: string;
  private readonly closing = new AbortController();

  constructor(options: { clock: Clock; random: Random; transport: MemoryTransport; clientId: string }) {
    this.clock = options.clock;
    this.random = options.random;
    this.transport = options.transport;
    this.clientId = options.clientId;
  }

  /** Aborts when the client is closed. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  close(): void {
    this.closing.abort();
  }

  /**
   * Makes one request, once.
   * @throws {StreamError} `LOG_UNAVAILABLE` when the client is closed
   * @throws {LogError} what the transport throws
   */
  async once<T>(head: CallHead, deliver: () => T): Promise<T> {
    this.expectOpen();
    const { api, transactionalId } = head;
    const answer = await this.transport({ api, transactionalId, clientId: this.clientId, deliver });
    this.expectOpen();
    return answer;
  }

  /**
   * Makes a request until its answer is not retriable: the caller gets `NONE` or a final error.
   * @throws {StreamError} `LOG_UNAVAILABLE` when `deadlineMs` pass first
   */
  async retried<T extends { readonly error: KafkaErrorName }>(
    head: CallHead,
    deadlineMs: number,
    deliver: () => T,
  ): Promise<T> {
    const endMs = this.clock.monotonicMs() + deadlineMs;
    let backoffMs = FIRST_BACKOFF_MS;
    for (;;) {
      const answer = await this.attempt(head, deliver);
      if (!("lost" in answer) && !retriable.has(answer.error)) return answer;
      const cause = "lost" in answer ? answer.lost : new LogError(answer.error, `${head.api} was put off`);
      const leftMs = endMs - this.clock.monotonicMs();
      if (leftMs <= 0) throw this.late(head, deadlineMs, cause);
      // Half fixed, half drawn: clients that wait for the same thing spread out.
      const pauseMs = backoffMs * (0.5 + this.random.next() / 2);
      await this.clock.sleep(Math.min(pauseMs, leftMs), this.closed);
      backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
    }
  }

  private async attempt<T>(head: CallHead, deliver: () => T): Promise<T | { readonly lost: LogError }> {
    try {
      return await this.once(head, deliver);
    } catch (error) {
      const mayAsk = head.onceLostThrow !== true;
      if (mayAsk && error instanceof LogError && retriable.has(error.kafkaError)) return { lost: error };
      throw error;
    }
  }

  private expectOpen(): void {
    if (this.closed.aborted) {
      throw new StreamError("LOG_UNAVAILABLE", "this log client is closed", { details: { clientId: this.clientId } });
    }
  }

  private late(head: CallHead, deadlineMs: number, cause: LogError): StreamError {
    const details = { api: head.api, deadlineMs, kafkaError: cause.kafkaError };
    return new StreamError("LOG_UNAVAILABLE", `${head.api} had no final answer in ${deadlineMs} ms`, {
      details,
      cause,
    });
  }
}
