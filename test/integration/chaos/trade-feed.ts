import { setTimeout as sleep } from "node:timers/promises";
import { generatedTrades } from "../../../examples/stock-trade-stats/inputs/generated-trades.ts";
import type { Trade } from "../../../examples/stock-trade-stats/inputs/trade-source.ts";
import type { Log, Transactor } from "../../../lib/ports/log.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { partitionForKey } from "../../../lib/serde/murmur2.ts";
import { PARTITIONS, TRADES_TOPIC } from "./apps.ts";

const PACE_MS = 50;
const STEP_MS = 20;
const ABORT_RATIO = 0.12;
const RETRY_MS = 200;
const TRICKLE_PER_SECOND = 200;

/** What a producer knows of a transaction that it wrote: the serial numbers in it, and how it ended. */
export interface FedTransaction {
  readonly serials: readonly number[];
  /** `unknown`: the answer to its end never came. It is all there or not at all. */
  readonly outcome: "committed" | "aborted" | "unknown";
}

/** How much is written, and how fast. */
export interface FeedOptions {
  readonly log: Log;
  readonly seed: number;
  readonly perSecond: number;
  /** Committed trades after which it only trickles, so that there is always something to do until it is told to stop. */
  readonly enough?: number;
  /** Producers whose transactions are open at the same time, so that their records interleave in every partition. */
  readonly producers: number;
}

/**
 * Trades that come over time, in transactions of which some are aborted, while everything else fails.
 *
 * The size of a trade is its serial number: no two trades are alike, so a lost, doubled or torn one shows.
 */
export class TradeFeed {
  readonly transactions: FedTransaction[] = [];
  committedCount = 0;
  /** Why a producer had to begin anew; expected while the broker is down. */
  readonly troubles: string[] = [];
  private readonly options: FeedOptions;
  private over = false;
  private abandoned = false;
  private serial = 0;
  private running: Promise<unknown> = Promise.resolve();

  constructor(options: FeedOptions) {
    this.options = options;
  }

  start(): void {
    const startAtMs = Date.now();
    this.running = Promise.all(
      Array.from({ length: this.options.producers }, (_, index) => this.produce(index, startAtMs)),
    );
    this.running.catch(() => undefined);
  }

  /** Resolves when `stop` was called and the open transactions have ended. */
  async finished(): Promise<void> {
    await this.running;
  }

  stop(): void {
    this.over = true;
  }

  /** Stops at once and leaves open what is open. */
  abandon(): void {
    this.abandoned = true;
    this.stop();
  }

  /** Whether it has written more than `before`, or has nothing more to write. */
  goesOn(before: number): boolean {
    return this.committedCount > before || this.over;
  }

  private get perSecond(): number {
    const { perSecond, enough = Number.POSITIVE_INFINITY, producers } = this.options;
    return (this.committedCount < enough ? perSecond : Math.min(perSecond, TRICKLE_PER_SECOND)) / producers;
  }

  private async produce(index: number, startAtMs: number): Promise<void> {
    const { seed, log } = this.options;
    const topic = {
      partitions: PARTITIONS,
      partitionFor: (ticker: string) => partitionForKey(Buffer.from(ticker), PARTITIONS),
    };
    const source = generatedTrades({ seed: seed + index, topic, startAtMs, peakPerSecond: 2_000 });
    let elapsedMs = 0;
    let lookedAtMs = performance.now();
    let due = 0;
    let transactor: Transactor | undefined;
    while (!this.over) {
      // The generator's own time runs as fast as it takes to have enough trades.
      due += ((performance.now() - lookedAtMs) / 1_000) * this.perSecond;
      lookedAtMs = performance.now();
      const trades: Trade[] = [];
      while (due > 0) {
        elapsedMs += STEP_MS;
        due -= source.next(elapsedMs, 1, (trade) => trades.push({ ...trade, size: ++this.serial }));
      }
      if (trades.length > 0) {
        transactor ??= await this.connect(log, `feed-${index}`);
        if (transactor === undefined) return;
        if (!(await this.write(transactor, trades, elapsedMs))) transactor = undefined;
      }
      await sleep(PACE_MS);
    }
    // A transaction that may still be open would hide what lies behind it from everybody.
    if (transactor === undefined) await this.connect(log, `feed-${index}`);
  }

  /** A new life of a producer. It ends what the life before left open, so afterwards no outcome is open any more. */
  private async connect(log: Log, transactionalId: string): Promise<Transactor | undefined> {
    while (!this.abandoned) {
      try {
        return await log.transactor({ transactionalId, transactionTimeoutMs: 20_000, deadlineMs: 10_000 });
      } catch (error) {
        this.troubles.push(String(error));
        await sleep(RETRY_MS);
      }
    }
    return undefined;
  }

  /** @returns false when the transactor cannot be used any more */
  private async write(transactor: Transactor, trades: readonly Trade[], draw: number): Promise<boolean> {
    const serials = trades.map(({ size }) => size);
    const abort = fraction(draw) < ABORT_RATIO;
    try {
      transactor.begin();
      await transactor.send(batchesOf(trades));
      if (abort) await transactor.abort();
      else await transactor.commit();
      this.transactions.push({ serials, outcome: abort ? "aborted" : "committed" });
      if (!abort) this.committedCount += trades.length;
      return true;
    } catch (error) {
      this.troubles.push(String(error));
      this.transactions.push({ serials, outcome: abort ? "aborted" : "unknown" });
      return false;
    }
  }
}

/** A number in [0, 1) that looks random and follows from the input alone. */
function fraction(value: number): number {
  return ((Math.imul(value + 1, 0x9e3779b1) >>> 8) % 10_000) / 10_000;
}

function batchesOf(trades: readonly Trade[]) {
  const writers = new Map<number, RecordWriter>();
  for (const { ticker, price, size, timestampMs, partition } of trades) {
    const writer = writers.get(partition) ?? new RecordWriter();
    writers.set(partition, writer);
    writer.append(timestampMs, Buffer.from(ticker), Buffer.from(JSON.stringify({ ticker, price, size })));
  }
  return [...writers].map(([partition, records]) => ({ topic: TRADES_TOPIC, partition, records }));
}
