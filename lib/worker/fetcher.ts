/**
 * One fetch loop for all pins of a worker: asks for every hungry partition at once, so that a broker sees one request.
 *
 * Owns: when to ask, and that queues stay bounded (a partition with enough buffered is not asked for). Does not own:
 * positions, which the pins' queues hold.
 */
import type { PartitionKey } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import type { Pin } from "../task/pin.ts";
import { Waker } from "../task/waker.ts";

/** A fetch that fails again and again (a broker is down, a password is wrong) is tried after ever longer pauses, up to this. */
const LONGEST_RETRY_MS = 2_000;

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

/** The fetch loop of a worker. */
export class Fetcher {
  private readonly log: Log;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly limits: FetchLimits;
  private readonly waker: Waker;
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

  /** Runs until stopped. */
  async run(pins: ReadonlyMap<number, Pin>): Promise<void> {
    while (!this.stopped) {
      const positions = new Map<PartitionKey, number>();
      for (const pin of pins.values()) pin.wants(positions, this.limits.maxBufferedBytes);
      if (positions.size === 0) await this.waker.wait(1_000);
      else await this.fetchOnce(positions, pins);
    }
  }

  private async fetchOnce(positions: Map<PartitionKey, number>, pins: ReadonlyMap<number, Pin>): Promise<void> {
    const { maxWaitMs, maxBytes, maxPartitionBytes, retryMs } = this.limits;
    try {
      const answers = await this.log.fetch({ positions, maxWaitMs, maxBytes, maxPartitionBytes });
      this.retryMs = retryMs;
      let failures = 0;
      for (const [key, answer] of answers) {
        if (answer.kind === "error") failures++;
        for (const pin of pins.values()) pin.deliver(key, positions.get(key) as number, answer);
      }
      await this.clock.sleep(failures > 0 ? retryMs : 0);
    } catch (error) {
      this.logger.warn("fetch-failed", { error: String(error) });
      await this.clock.sleep(this.retryMs);
      this.retryMs = Math.min(2 * this.retryMs, Math.max(retryMs, LONGEST_RETRY_MS));
    }
  }
}
