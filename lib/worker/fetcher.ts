/**
 * The fetches of a worker: asks for every hungry partition of all its pins at once, so that a broker sees one request.
 *
 * Owns: when to ask, and that queues stay bounded (a partition with enough buffered is not asked for). Does not own:
 * positions, which the pins' queues hold.
 *
 * Invariants:
 * 1. An offset is asked for once at a time; a pin that starts over from another one does not wait for the answer to the first.
 * 2. A partition that becomes hungry does not wait for a fetch of others that waits for records: it is asked for beside it, for
 *    as long as that one may still wait. So fetches of idle partitions end together, and are one again.
 * 3. Few fetches run at a time: what they bring is bounded, and sockets are left for those who restore.
 */
import type { PartitionKey } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { FetchedPartition, FetchRequest, Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import type { Pin } from "../task/pin.ts";
import { Waker } from "../task/waker.ts";

/** A fetch that fails again and again (a broker is down, a password is wrong) is tried after ever longer pauses, up to this. */
const LONGEST_RETRY_MS = 2_000;
/** While a fetch is under way, the next one waits this long for more to ask: fetches that end close to each other become one. */
const GATHER_MS = 5;
/** Fetches at a time. One more waits until one of them ends. */
const MAX_RUNNING = 4;
const IDLE_MS = 1_000;

/** Limits of the fetch loop. */
export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  /** A partition with more buffered is not asked for. */
  readonly maxBufferedBytes: number;
  /** Wait after a first failure. */
  readonly retryMs: number;
}

const nothing: ReadonlyMap<PartitionKey, number> = new Map();

/** What the fetch loop sees of a pin. */
export type FetchingPin = Pick<Pin, "wants" | "deliver">;

/** The fetch loop of a worker. */
export class Fetcher {
  private readonly log: Log;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly limits: FetchLimits;
  private readonly waker: Waker;
  /** Offsets that are being asked for. */
  private readonly asked = new Map<PartitionKey, number>();
  /** Fetches under way, and until when each may wait for records. */
  private readonly running = new Map<Promise<void>, number>();
  private stopped = false;
  private retryMs: number;

  constructor(ports: { log: Log; clock: Clock; logger: Logger }, limits: FetchLimits) {
    this.log = ports.log;
    this.clock = ports.clock;
    this.logger = ports.logger;
    this.limits = limits;
    this.retryMs = limits.retryMs;
    this.waker = new Waker(ports.clock);
  }

  /** A pin wants records. */
  hungry(): void {
    this.waker.wake();
  }

  stop(): void {
    this.stopped = true;
    this.waker.wake();
  }

  /** Runs until stopped, and until the last fetch has ended. */
  async run(pins: ReadonlyMap<number, FetchingPin>): Promise<void> {
    while (!this.stopped) {
      await this.clock.sleep(this.running.size > 0 ? GATHER_MS : 0);
      const positions = this.running.size < MAX_RUNNING ? this.wanted(pins) : nothing;
      if (positions.size > 0) this.begin(positions, pins);
      await this.waker.wait(IDLE_MS);
    }
    await Promise.all(this.running.keys());
  }

  /** What is hungry and not asked for yet. */
  private wanted(pins: ReadonlyMap<number, FetchingPin>): Map<PartitionKey, number> {
    const positions = new Map<PartitionKey, number>();
    for (const pin of pins.values()) pin.wants(positions, this.limits.maxBufferedBytes);
    for (const [key, offset] of this.asked) if (positions.get(key) === offset) positions.delete(key);
    return positions;
  }

  private begin(positions: ReadonlyMap<PartitionKey, number>, pins: ReadonlyMap<number, FetchingPin>): void {
    for (const [key, offset] of positions) this.asked.set(key, offset);
    const nowMs = this.clock.monotonicMs();
    const others = [...this.running.values()].filter((endMs) => endMs > nowMs);
    const untilMs = Math.min(nowMs + this.limits.maxWaitMs, ...others);
    const maxWaitMs = Math.ceil(untilMs - nowMs);
    const fetch = this.fetchOnce({ positions, maxWaitMs }, pins).finally(() => {
      for (const [key, offset] of positions) if (this.asked.get(key) === offset) this.asked.delete(key);
      this.running.delete(fetch);
      this.waker.wake();
    });
    this.running.set(fetch, untilMs);
  }

  private async fetchOnce(
    { positions, maxWaitMs }: Pick<FetchRequest, "positions" | "maxWaitMs">,
    pins: ReadonlyMap<number, FetchingPin>,
  ): Promise<void> {
    const { maxBytes, maxPartitionBytes, retryMs } = this.limits;
    try {
      const answers = await this.log.fetch({ positions, maxWaitMs, maxBytes, maxPartitionBytes });
      this.retryMs = retryMs;
      const failures = this.deliver(answers, positions, pins);
      if (failures > 0) await this.clock.sleep(retryMs);
    } catch (error) {
      this.logger.warn("fetch-failed", { error: String(error) });
      const pauseMs = this.retryMs;
      this.retryMs = Math.min(2 * pauseMs, Math.max(retryMs, LONGEST_RETRY_MS));
      await this.clock.sleep(pauseMs);
    }
  }

  /** @returns how many partitions could not be read */
  private deliver(
    answers: ReadonlyMap<PartitionKey, FetchedPartition>,
    positions: ReadonlyMap<PartitionKey, number>,
    pins: ReadonlyMap<number, FetchingPin>,
  ): number {
    let failures = 0;
    for (const [key, answer] of answers) {
      if (answer.kind === "error") failures++;
      for (const pin of pins.values()) pin.deliver(key, positions.get(key) as number, answer);
    }
    return failures;
  }
}
