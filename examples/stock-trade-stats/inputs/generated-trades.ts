import { loadCurve } from "./load-curve.ts";
import { PriceWalk } from "./price-walk.ts";
import { seededRandom } from "./seeded-random.ts";
import { tickersFor } from "./tickers.ts";
import type { Trade, TradeSource, TradeTopic } from "./trade-source.ts";

/** The generator works in steps of this length, so how often it is asked does not change what it makes. */
const STEP_MS = 20;
/** One trade in this many is up to `OUT_OF_ORDER_MS` older than its neighbours: inside the grace period. */
const OUT_OF_ORDER_EVERY = 8;
const OUT_OF_ORDER_MS = 400;
/** One trade in this many is up to `LATE_MS` old: some of its windows are closed and must not count it. */
const LATE_EVERY = 300;
const LATE_MS = 6_000;

/** Settings of the generator. */
export interface GeneratedTradesOptions {
  readonly seed: number;
  readonly topic: TradeTopic;
  /** Event time of the start: later than every trade of an earlier run, or they all come late. */
  readonly startAtMs: number;
  /** Records per second at the top of the curve with load factor 1. */
  readonly peakPerSecond?: number;
  /** Bound of one call. */
  readonly tradesPerCallMax?: number;
}

interface GeneratedTicker {
  readonly ticker: string;
  readonly partition: number;
  readonly walk: PriceWalk;
  /** Sum of weights up to and with this ticker. */
  readonly weightTo: number;
}

/**
 * Seeded trades under a load curve: the input of the demo when nothing else is asked for.
 *
 * With a constant load factor the trades depend on the seed alone. A few are out of order and fewer are late, so that
 * the grace period has something to do.
 *
 * @example
 * const source = generatedTrades({ seed: 1, topic: { partitions: 1, partitionFor: () => 0 }, startAtMs: 0 });
 * source.next(10_000, 1, (trade) => trade.ticker.length);
 */
export function generatedTrades(options: GeneratedTradesOptions): TradeSource {
  const random = seededRandom(options.seed);
  const tickers = weightedTickers(options.topic, random);
  const ratePerSecond = loadCurve({ seed: options.seed, peakPerSecond: options.peakPerSecond ?? 4_000 });
  const tradesPerCallMax = options.tradesPerCallMax ?? 20_000;
  let stepsDone = 0;
  let carry = 0;

  const makeStep = (count: number, emit: (trade: Trade) => void): void => {
    const stepStartMs = options.startAtMs + stepsDone * STEP_MS;
    for (let index = 0; index < count; index += 1) {
      const chosen = pick(tickers, random());
      const dueMs = stepStartMs + Math.floor((index * STEP_MS) / count);
      emit({
        ticker: chosen.ticker,
        price: chosen.walk.nextPrice(),
        size: chosen.walk.nextSize(),
        timestampMs: Math.max(0, dueMs - delayMs(random)),
        partition: chosen.partition,
      });
    }
  };

  return {
    name: "generator",
    note: {
      title: "Generated trades",
      real: "The engine, the log, the commits, the snapshots and every worker.",
      synthetic:
        "The trades: tickers, prices (a random walk), sizes and the load curve come from a seeded generator. 1 trade in 8 is out of order, 1 in 300 is late.",
    },
    tickers: tickers.map(({ ticker }) => ticker),
    next: (elapsedMs, loadFactor, emit) => {
      let made = 0;
      while ((stepsDone + 1) * STEP_MS <= elapsedMs && made < tradesPerCallMax) {
        const due = carry + (ratePerSecond(stepsDone * STEP_MS) * loadFactor * STEP_MS) / 1_000;
        const count = Math.floor(due);
        carry = due - count;
        makeStep(count, emit);
        made += count;
        stepsDone += 1;
      }
      return made;
    },
  };
}

/** How much older than its turn a trade is. */
function delayMs(random: () => number): number {
  const draw = random();
  if (draw < 1 / LATE_EVERY) return Math.floor(draw * LATE_EVERY * LATE_MS);
  if (draw < 1 / LATE_EVERY + 1 / OUT_OF_ORDER_EVERY) return Math.floor(random() * OUT_OF_ORDER_MS);
  return 0;
}

function weightedTickers(topic: TradeTopic, random: () => number): readonly GeneratedTicker[] {
  let total = 0;
  const weighted = tickersFor(topic).map((ticker) => {
    total += 0.4 + random();
    return { ticker, partition: topic.partitionFor(ticker), walk: new PriceWalk(random), weightTo: total };
  });
  return weighted.map((entry) => ({ ...entry, weightTo: entry.weightTo / total }));
}

function pick(tickers: readonly GeneratedTicker[], draw: number): GeneratedTicker {
  let low = 0;
  let high = tickers.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tickers[middle]?.weightTo ?? 1) > draw) high = middle;
    else low = middle + 1;
  }
  const chosen = tickers[low];
  if (chosen === undefined) throw new Error("a topic needs at least one ticker");
  return chosen;
}
