import { app as stockTradeStats, Trade } from "../../../examples/stock-trade-stats/app.ts";
import type { SettingsInput } from "../../../lib/config/settings.ts";
import type { App } from "../../../lib/dsl/app.ts";
import { deadLetter, defineApp, int64, json, string } from "../../../lib/index.ts";
import { refusePoison } from "./poison.ts";

/** The topic that both applications read. */
export const TRADES_TOPIC = "trades";
/** Partitions of every topic of the user. */
export const PARTITIONS = 6;
/** How many lots there are: keys behind the repartition topic. */
export const LOTS = 31;

/** The lot of a trade, by the serial number that stands in its size. */
export function lotOf(serial: number): string {
  return `lot-${serial % LOTS}`;
}

/** Where trades go that nobody can count until the code is mended. */
export const DEAD_TOPIC = "trade-lots-dead";

/**
 * Trades by another key than they come with: a repartition topic, then a count and a sum over the same groups. Poison fails in
 * front of both, so that it can be brought back to the repartition topic and counts once in each.
 */
const tradeLots = defineApp({ id: "trade-lots", processingExceptionHandler: deadLetter(DEAD_TOPIC) }, (builder) => {
  const lots = builder
    .stream(TRADES_TOPIC, { key: string(), value: json(Trade) })
    .map((_ticker, trade) => [lotOf(trade.size), trade.size])
    .repartition({ name: "by-lot", key: string(), value: int64() })
    .peek((_lot, serial) => refusePoison(serial))
    .groupByKey();
  lots.count({ store: "lot-counts" }).toStream().to("lot-counts-out");
  lots
    .reduce((sum, serial) => sum + serial, { store: "lot-sums" })
    .toStream()
    .to("lot-sums-out");
});

/** The applications under test, by id. */
export const chaosApps: Readonly<Record<string, App>> = {
  [stockTradeStats.id]: stockTradeStats,
  [tradeLots.id]: tradeLots,
};

export const STOCK_TRADES = stockTradeStats.id;
export const TRADE_LOTS = tradeLots.id;

/** Topics that must exist before a deploy. */
export const userTopics: readonly string[] = [
  TRADES_TOPIC,
  "trade-stats-out",
  "lot-counts-out",
  "lot-sums-out",
  DEAD_TOPIC,
];

/** Quick to notice a death, to give up a transaction, to publish, to purge and to sleep, so that a run takes a minute. */
export const chaosSettings = {
  lease: { deadAfterMs: 3_000 },
  transaction: { timeoutMs: 5_000 },
  commit: { positionOnlyMs: 1_000 },
  snapshot: { maxAgeMs: 3_000, retryMs: 1_000 },
  worker: { mirrorMs: 1_000, purgeMs: 3_000 },
  scaling: {
    maxWorkers: 3,
    delayObjectiveMs: 2_000,
    scaleInWindowMs: 8_000,
    idleToZeroMs: 4_000,
    startGraceMs: 10_000,
    learnRate: "off",
    recordsPerSecond: 800,
  },
} as const satisfies SettingsInput;
