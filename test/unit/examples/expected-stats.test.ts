import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExpectedStats } from "../../../examples/stock-trade-stats/expected/expected-stats.ts";
import type { Trade } from "../../../examples/stock-trade-stats/inputs/trade-source.ts";

const trade = (timestampMs: number, price = 10, ticker = "AAPL", partition = 0): Trade => ({
  ticker,
  price,
  size: 1,
  timestampMs,
  partition,
});

const starts = (stats: ExpectedStats, ticker = "AAPL"): number[] =>
  [...stats.rows()]
    .filter((row) => row.ticker === ticker)
    .map((row) => row.windowStartMs)
    .sort((left, right) => left - right);

describe("windows of a trade", () => {
  test.for([
    { name: "at time 0 only the first window exists", at: 0, want: [0] },
    { name: "near time 0 there are fewer than five", at: 2_999, want: [0, 1_000, 2_000] },
    { name: "just before size the first window still holds it", at: 4_999, want: [0, 1_000, 2_000, 3_000, 4_000] },
    { name: "a window's end is outside it", at: 5_000, want: [1_000, 2_000, 3_000, 4_000, 5_000] },
    { name: "a window's start is inside it", at: 7_000, want: [3_000, 4_000, 5_000, 6_000, 7_000] },
  ])("$name", ({ at, want }) => {
    const stats = new ExpectedStats();
    stats.add(trade(at));
    expect(starts(stats)).toEqual(want);
    expect(stats.totals()).toEqual({ records: 1, updates: want.length, lateWindows: 0, windows: want.length });
  });
});

describe("late trades", () => {
  test.for([
    { name: "a window stays open until stream time reaches its end plus grace", streamTimeMs: 5_999, lateWindows: 0 },
    { name: "a window is late when stream time minus grace is exactly its end", streamTimeMs: 6_000, lateWindows: 1 },
    { name: "late windows are skipped one by one", streamTimeMs: 8_000, lateWindows: 3 },
    { name: "a trade whose windows are all closed changes nothing", streamTimeMs: 20_000, lateWindows: 5 },
  ])("$name", ({ streamTimeMs, lateWindows }) => {
    const stats = new ExpectedStats();
    stats.add(trade(streamTimeMs, 10, "MSFT"));
    const before = stats.totals();
    stats.add(trade(4_500));
    expect(stats.totals().lateWindows).toBe(lateWindows);
    expect(stats.totals().updates - before.updates).toBe(5 - lateWindows);
    expect(stats.totals().records).toBe(2);
  });

  test("stream time belongs to a partition", () => {
    const stats = new ExpectedStats();
    stats.add(trade(60_000, 10, "MSFT", 1));
    stats.add(trade(4_500, 10, "AAPL", 0));
    expect(stats.totals().lateWindows).toBe(0);
  });
});

test("keeps count, minimum and the sum in the order of the log", () => {
  const stats = new ExpectedStats();
  for (const price of [0.1, 0.2, 0.3, 0.05]) stats.add(trade(9_000, price));
  expect(stats.row(0, "AAPL", 5_000)).toEqual({
    partition: 0,
    ticker: "AAPL",
    windowStartMs: 5_000,
    count: 4,
    min: 0.05,
    sum: 0.1 + 0.2 + 0.3 + 0.05,
  });
});

test("forgets windows whose start is at or below the largest start minus retention", () => {
  const stats = new ExpectedStats();
  stats.add(trade(4_000));
  stats.add(trade(9_999));
  expect(starts(stats)).toEqual([4_000, 5_000, 6_000, 7_000, 8_000, 9_000]);
  expect(stats.row(0, "AAPL", 3_000)).toBeUndefined();
});

test("goes on after a restart as if there had been none", () => {
  const whole = new ExpectedStats();
  const first = new ExpectedStats();
  const trades = [1_000, 5_200, 4_900, 8_000, 7_100].map((at, index) => trade(at, 10 + index));
  for (const each of trades) whole.add(each);
  for (const each of trades.slice(0, 3)) first.add(each);
  const second = new ExpectedStats({ saved: JSON.parse(JSON.stringify(first.save())) });
  for (const each of trades.slice(3)) second.add(each);
  expect(second.save()).toEqual(whole.save());
});

test("agrees with the definition, computed window by window over all trades", () => {
  const arbitraryTrade = fc.record({
    ticker: fc.constantFrom("A", "B"),
    price: fc.integer({ min: 1, max: 500 }),
    size: fc.constant(1),
    timestampMs: fc.integer({ min: 0, max: 14_000 }),
    partition: fc.constant(0),
  });
  fc.assert(
    fc.property(fc.array(arbitraryTrade, { maxLength: 60 }), (trades) => {
      const stats = new ExpectedStats({
        rules: { sizeMs: 5_000, advanceMs: 1_000, graceMs: 1_000, retentionMs: 1_000_000 },
      });
      for (const each of trades) stats.add(each);
      expect(new Map([...stats.rows()].map((row) => [`${row.ticker}@${row.windowStartMs}`, row.count]))).toEqual(
        countsByDefinition(trades),
      );
    }),
  );
});

function countsByDefinition(trades: readonly Trade[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (let startMs = 0; startMs <= 14_000; startMs += 1_000) {
    for (const [index, each] of trades.entries()) {
      const streamTimeMs = Math.max(...trades.slice(0, index + 1).map((earlier) => earlier.timestampMs));
      const inside = startMs <= each.timestampMs && each.timestampMs < startMs + 5_000;
      if (!inside || startMs + 5_000 <= streamTimeMs - 1_000) continue;
      const name = `${each.ticker}@${startMs}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}
