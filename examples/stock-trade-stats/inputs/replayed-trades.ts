import { PriceWalk } from "./price-walk.ts";
import { type RecordedVolume, ROW_INTERVAL_MS } from "./recorded-volumes.ts";
import { seededRandom } from "./seeded-random.ts";
import type { TradeSource, TradeTopic } from "./trade-source.ts";

const DAY_MS = 86_400_000;
/** Two days are replayed, then the replay rests: the rest is ours, it lets the workers go to zero. */
const ACTIVE_MS = 60_000;
const REST_MS = 40_000;

/** Settings of the replay. */
export interface ReplayedTradesOptions {
  readonly volumes: readonly RecordedVolume[];
  readonly topic: TradeTopic;
  readonly seed: number;
  /** Goes on behind this event time (a later run continues); by default the replay starts with the first row. */
  readonly startAtMs?: number;
  /** Wall time that one recorded day takes with load factor 1. */
  readonly dayTakesMs?: number;
  /** Bound of one call. */
  readonly tradesPerCallMax?: number;
}

/**
 * Replay of recorded volumes: each row (tweets per five minutes) becomes that many trades, spread over its interval and
 * merged by time. Event time is the recorded one; wall time is compressed. The load factor is the pace of the replay.
 *
 * Behind the last row the files start again, moved to behind the end.
 */
export function replayedTrades(options: ReplayedTradesOptions): TradeSource {
  const { topic, volumes } = options;
  const firstMs = Math.min(...volumes.map(({ startsMs }) => startsMs[0] ?? Number.POSITIVE_INFINITY));
  const endMs = Math.max(...volumes.map(({ startsMs }) => (startsMs.at(-1) ?? 0) + ROW_INTERVAL_MS));
  const random = seededRandom(options.seed);
  const startAtMs = Math.max(firstMs, options.startAtMs ?? firstMs);
  const lanes = volumes.map((volume) => new Lane({ volume, topic, random, startAtMs, spanMs: endMs - firstMs }));
  const pace = DAY_MS / (options.dayTakesMs ?? 30_000);
  const tradesPerCallMax = options.tradesPerCallMax ?? 20_000;
  let activeDoneMs = 0;
  let dueToMs = startAtMs;

  return {
    name: "nab",
    note: {
      title: "Replay of recorded tweet volumes",
      real: "When and how often each of ten tickers was mentioned: 55 days of tweets in 2015, counted per 5 minutes (Numenta Anomaly Benchmark, MIT). Event times are the recorded ones.",
      synthetic:
        "That a tweet is a trade, its moment inside the 5 minutes, its price (a seeded random walk) and its size. Time is compressed, 1 day into 30 s, with a rest of 40 s after every minute.",
    },
    tickers: volumes.map(({ ticker }) => ticker),
    next: (elapsedMs, loadFactor, emit) => {
      const activeMs = activeTimeMs(elapsedMs);
      dueToMs += (activeMs - activeDoneMs) * pace * loadFactor;
      activeDoneMs = activeMs;
      let made = 0;
      for (let lane = earliest(lanes); lane !== undefined && lane.dueMs < dueToMs; lane = earliest(lanes)) {
        if (made === tradesPerCallMax) break;
        emit(lane.take());
        made += 1;
      }
      return made;
    },
  };
}

/** Elapsed time without the rests. */
function activeTimeMs(elapsedMs: number): number {
  const cycles = Math.floor(elapsedMs / (ACTIVE_MS + REST_MS));
  return cycles * ACTIVE_MS + Math.min(ACTIVE_MS, elapsedMs - cycles * (ACTIVE_MS + REST_MS));
}

function earliest(lanes: readonly Lane[]): Lane | undefined {
  let found: Lane | undefined;
  for (const lane of lanes) if (found === undefined || lane.dueMs < found.dueMs) found = lane;
  return found;
}

/** The trades of one ticker, one at a time. */
class Lane {
  /** Event time of the next trade; infinite for a ticker that nobody mentions. */
  dueMs = 0;
  private readonly volume: RecordedVolume;
  private readonly partition: number;
  private readonly random: () => number;
  private readonly walk: PriceWalk;
  private readonly spanMs: number;
  private readonly silent: boolean;
  private row = -1;
  private taken = 0;
  private inRow = 0;
  private shiftMs = 0;

  constructor(options: {
    volume: RecordedVolume;
    topic: TradeTopic;
    random: () => number;
    startAtMs: number;
    spanMs: number;
  }) {
    this.volume = options.volume;
    this.partition = options.topic.partitionFor(options.volume.ticker);
    this.random = options.random;
    this.walk = new PriceWalk(options.random);
    this.spanMs = options.spanMs;
    this.silent = !options.volume.counts.some((count) => count > 0);
    this.skipTo(options.startAtMs);
    this.advance();
  }

  take(): { ticker: string; price: number; size: number; timestampMs: number; partition: number } {
    const trade = {
      ticker: this.volume.ticker,
      price: this.walk.nextPrice(),
      size: this.walk.nextSize(),
      timestampMs: this.dueMs,
      partition: this.partition,
    };
    this.advance();
    return trade;
  }

  /** Stands before the first row that starts at or after `startAtMs`, in whichever pass over the file that is. */
  private skipTo(startAtMs: number): void {
    const { startsMs } = this.volume;
    const lastMs = startsMs.at(-1) ?? 0;
    while (lastMs + this.shiftMs < startAtMs) this.shiftMs += this.spanMs;
    const first = startsMs.findIndex((startMs) => startMs + this.shiftMs >= startAtMs);
    this.row = first - 1;
  }

  private advance(): void {
    if (this.silent) {
      this.dueMs = Number.POSITIVE_INFINITY;
      return;
    }
    while (this.taken >= this.inRow) this.nextRow();
    const startMs = (this.volume.startsMs[this.row] ?? 0) + this.shiftMs;
    // One trade per equal part of the interval, at a random moment of its part: in order without sorting.
    this.dueMs = startMs + Math.floor(((this.taken + this.random()) * ROW_INTERVAL_MS) / this.inRow);
    this.taken += 1;
  }

  private nextRow(): void {
    this.row += 1;
    if (this.row === this.volume.counts.length) {
      this.row = 0;
      this.shiftMs += this.spanMs;
    }
    this.taken = 0;
    this.inRow = this.volume.counts[this.row] ?? 0;
  }
}
