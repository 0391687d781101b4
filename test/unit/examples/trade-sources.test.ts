import { describe, expect, test } from "vitest";
import { generatedTrades } from "../../../examples/stock-trade-stats/inputs/generated-trades.ts";
import { LOAD_CYCLE_MS, loadCurve } from "../../../examples/stock-trade-stats/inputs/load-curve.ts";
import { parseVolume, readRecordedVolumes } from "../../../examples/stock-trade-stats/inputs/recorded-volumes.ts";
import { replayedTrades } from "../../../examples/stock-trade-stats/inputs/replayed-trades.ts";
import { tickersFor } from "../../../examples/stock-trade-stats/inputs/tickers.ts";
import type { Trade, TradeSource, TradeTopic } from "../../../examples/stock-trade-stats/inputs/trade-source.ts";

/** Any fixed spread will do here: the partitioner belongs to the caller. */
const topic = (partitions: number): TradeTopic => ({
  partitions,
  partitionFor: (ticker) =>
    [...ticker].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7) % partitions,
});

function drain(source: TradeSource, options: { untilMs: number; everyMs: number; factor?: number }): Trade[] {
  const trades: Trade[] = [];
  for (let atMs = 0; atMs <= options.untilMs; atMs += options.everyMs) {
    source.next(atMs, options.factor ?? 1, (trade) => trades.push(trade));
  }
  return trades;
}

describe("load curve", () => {
  const curve = loadCurve({ seed: 3, peakPerSecond: 1_000 });

  test("starts silent, reaches its peak and is silent again, all within two minutes", () => {
    expect(curve(0)).toBe(0);
    expect(curve(30_000)).toBe(1_000);
    expect(curve(70_000)).toBe(0);
    expect(curve(LOAD_CYCLE_MS - 1)).toBe(0);
    expect(LOAD_CYCLE_MS).toBeLessThan(120_000);
  });

  test("comes again with another height that follows from the seed", () => {
    const second = curve(LOAD_CYCLE_MS + 30_000);
    expect(second).toBeGreaterThan(500);
    expect(second).toBeLessThan(1_000);
    expect(loadCurve({ seed: 3, peakPerSecond: 1_000 })(LOAD_CYCLE_MS + 30_000)).toBe(second);
  });
});

describe("tickers", () => {
  test.for([1, 2, 6, 8, 12, 60])("give each of %i partitions at least two keys", (partitions) => {
    const tickers = tickersFor(topic(partitions));
    const counts = new Array<number>(partitions).fill(0);
    for (const ticker of tickers) {
      const partition = topic(partitions).partitionFor(ticker);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
    expect(new Set(tickers).size).toBe(tickers.length);
  });
});

describe("generated trades", () => {
  const source = (seed = 1): TradeSource =>
    generatedTrades({ seed, topic: topic(6), startAtMs: 1_000_000, peakPerSecond: 500 });

  test("depend on the seed alone, not on how often they are asked for", () => {
    const often = drain(source(), { untilMs: 20_000, everyMs: 20 });
    expect(drain(source(), { untilMs: 20_000, everyMs: 2_500 })).toEqual(often);
    expect(drain(source(2), { untilMs: 20_000, everyMs: 20 })).not.toEqual(often);
  });

  test("follow the load factor; zero is silence", () => {
    const once = drain(source(), { untilMs: 30_000, everyMs: 100 }).length;
    const thrice = drain(source(), { untilMs: 30_000, everyMs: 100, factor: 3 }).length;
    expect(Math.abs(thrice - 3 * once)).toBeLessThanOrEqual(3);
    expect(drain(source(), { untilMs: 30_000, everyMs: 100, factor: 0 })).toEqual([]);
  });

  test("carry the partition of their ticker, whole cents, whole shares and times that are due", () => {
    for (const trade of drain(source(), { untilMs: 20_000, everyMs: 500 })) {
      expect(trade.partition).toBe(topic(6).partitionFor(trade.ticker));
      expect(Math.round(trade.price * 100) / 100).toBe(trade.price);
      expect(Number.isInteger(trade.size) && trade.size >= 1).toBe(true);
      expect(trade.timestampMs).toBeLessThan(1_020_000);
    }
  });

  test("hold some trades out of order and a few that are later than the grace period", () => {
    let streamTimeMs = 0;
    const delays = drain(source(), { untilMs: 40_000, everyMs: 500 }).map((trade) => {
      streamTimeMs = Math.max(streamTimeMs, trade.timestampMs);
      return streamTimeMs - trade.timestampMs;
    });
    const share = (from: number) => delays.filter((delay) => delay > from).length / delays.length;
    expect(share(0)).toBeGreaterThan(0.05);
    expect(share(1_000)).toBeGreaterThan(0.0005);
    expect(share(1_000)).toBeLessThan(0.01);
  });

  test("come in bounded portions; what is left over comes next", () => {
    const bounded = generatedTrades({
      seed: 1,
      topic: topic(6),
      startAtMs: 1_000_000,
      peakPerSecond: 500,
      tradesPerCallMax: 50,
    });
    const trades: Trade[] = [];
    const portions: number[] = [];
    do portions.push(bounded.next(20_000, 1, (trade) => trades.push(trade)));
    while (portions.at(-1) !== 0);
    expect(Math.max(...portions)).toBeLessThan(70);
    expect(trades).toEqual(drain(source(), { untilMs: 20_000, everyMs: 20_000 }));
  });
});

describe("recorded volumes", () => {
  test("are the ten files: 55 days, 3.2 million mentions", () => {
    const volumes = readRecordedVolumes();
    expect(volumes.map(({ ticker }) => ticker)).toHaveLength(10);
    const mentions = volumes.reduce((sum, { counts }) => sum + counts.reduce((total, count) => total + count, 0), 0);
    expect(mentions).toBe(3_224_439);
    expect(volumes[0]?.startsMs[0]).toBe(Date.UTC(2015, 1, 26, 21, 42, 53));
  });

  test.for([
    { name: "a word where the count belongs", line: "2015-02-26 21:47:53,many" },
    { name: "a negative count", line: "2015-02-26 21:47:53,-1" },
    { name: "a time that is none", line: "yesterday,4" },
    { name: "a time that goes back", line: "2015-02-26 21:42:52,4" },
  ])("refuse $name and name the line", ({ line }) => {
    expect(() => parseVolume("AAPL", `timestamp,value\n2015-02-26 21:42:53,1\n${line}\n`)).toThrow(/AAPL: line 3/);
  });
});

describe("replayed trades", () => {
  const volumes = [
    parseVolume("AAPL", "timestamp,value\n2015-01-01 00:00:00,3\n2015-01-01 00:05:00,0\n2015-01-01 00:10:00,2\n"),
    parseVolume("IBM", "timestamp,value\n2015-01-01 00:01:00,4\n2015-01-01 00:06:00,1\n"),
  ];
  const firstMs = Date.UTC(2015, 0, 1);
  /** One recorded minute per second. */
  const source = (more: { startAtMs?: number; tradesPerCallMax?: number } = {}): TradeSource =>
    replayedTrades({ volumes, topic: topic(2), seed: 1, dayTakesMs: 1_440_000, ...more });

  test("make as many trades of each row as it counts, inside its five minutes, in order of time", () => {
    const trades = drain(source(), { untilMs: 14_900, everyMs: 100 });
    const times = trades.map((trade) => trade.timestampMs);
    expect(times).toEqual([...times].sort((left, right) => left - right));
    const minutes = (ticker: string) =>
      trades
        .filter((trade) => trade.ticker === ticker)
        .map((trade) => Math.floor((trade.timestampMs - firstMs) / 60_000));
    expect(minutes("AAPL").map((minute) => (minute < 5 ? 0 : 10))).toEqual([0, 0, 0, 10, 10]);
    expect(minutes("IBM").filter((minute) => minute < 6)).toHaveLength(4);
    expect(minutes("IBM")).toHaveLength(5);
  });

  test("start again behind the last row, moved to behind the end", () => {
    const trades = drain(source(), { untilMs: 29_900, everyMs: 100 });
    expect(trades).toHaveLength(20);
    expect(trades[10]?.timestampMs).toBeGreaterThanOrEqual(firstMs + 15 * 60_000);
  });

  test("go on behind the event time of an earlier run", () => {
    const trades = drain(source({ startAtMs: firstMs + 7 * 60_000 }), { untilMs: 7_900, everyMs: 100 });
    expect(trades.map((trade) => trade.ticker)).toEqual(["AAPL", "AAPL"]);
    const later = drain(source({ startAtMs: firstMs + 3_600_000 }), { untilMs: 15_000, everyMs: 100 });
    expect(Math.min(...later.map((trade) => trade.timestampMs))).toBeGreaterThanOrEqual(firstMs + 3_600_000);
  });

  test("the load factor is the pace: the same trades, sooner", () => {
    const slow = drain(source(), { untilMs: 12_000, everyMs: 100 });
    expect(drain(source(), { untilMs: 4_000, everyMs: 100, factor: 3 })).toEqual(slow);
  });

  test("rest between the days, so that workers can go to zero", () => {
    const replay = source();
    drain(replay, { untilMs: 60_000, everyMs: 100 });
    expect(replay.next(99_000, 1, () => undefined)).toBe(0);
    expect(replay.next(115_000, 1, () => undefined)).toBeGreaterThan(0);
  });

  test("come in bounded portions; what is left over comes next", () => {
    const bounded = source({ tradesPerCallMax: 3 });
    const portions = [1, 2, 3, 4].map(() => bounded.next(14_900, 1, () => undefined));
    expect(portions).toEqual([3, 3, 3, 1]);
  });

  test("a ticker that nobody mentions is silent", () => {
    const silent = [parseVolume("KO", "timestamp,value\n2015-01-01 00:00:00,0\n"), ...volumes];
    const replay = replayedTrades({ volumes: silent, topic: topic(2), seed: 1, dayTakesMs: 1_440_000 });
    expect(drain(replay, { untilMs: 14_900, everyMs: 100 })).toHaveLength(10);
  });
});
