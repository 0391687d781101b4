import { ExpectedStats, stockTradeWindows } from "../../../examples/stock-trade-stats/expected/expected-stats.ts";
import type { FedTrade } from "./trades.ts";

/** A window of a ticker after a trade was counted in it. */
export interface StatsUpdate {
  readonly ticker: string;
  readonly windowStartMs: number;
  readonly count: number;
  readonly min: number;
  readonly sum: number;
  /** Largest timestamp of the trades in it. */
  readonly timestampMs: number;
}

/**
 * What Stock Trade Stats must do with the trades of one partition, in order, update by update: in plain code over the
 * expectation of the example.
 */
export class ExpectedUpdates {
  private readonly stats = new ExpectedStats();
  private readonly partition: number;
  private readonly timestamps = new Map<string, number>();
  private newestStartMs = -1;

  constructor(partition: number) {
    this.partition = partition;
  }

  /** Counts a trade. @returns the windows that it changes, ascending by start */
  add(trade: FedTrade): readonly StatsUpdate[] {
    const { sizeMs, advanceMs } = stockTradeWindows;
    const { ticker, timestampMs } = trade;
    const starts: number[] = [];
    for (
      let startMs = timestampMs - (timestampMs % advanceMs);
      startMs > timestampMs - sizeMs && startMs >= 0;
      startMs -= advanceMs
    )
      starts.unshift(startMs);
    const before = starts.map((startMs) => this.countOf(ticker, startMs));
    this.stats.add(trade);
    const updates: StatsUpdate[] = [];
    for (const [index, windowStartMs] of starts.entries()) {
      const row = this.stats.row(this.partition, ticker, windowStartMs);
      if (row === undefined || row.count === before[index]) continue; // closed: the trade comes too late for it
      const name = `${ticker}@${windowStartMs}`;
      const newest = Math.max(timestampMs, this.timestamps.get(name) ?? -1);
      this.timestamps.set(name, newest);
      this.newestStartMs = Math.max(this.newestStartMs, windowStartMs);
      updates.push({ ticker, windowStartMs, count: row.count, min: row.min, sum: row.sum, timestampMs: newest });
    }
    return updates;
  }

  /** Rows that have not expired, by `ticker@start`. */
  rows(): ReadonlyMap<string, string> {
    const rows = new Map<string, string>();
    for (const { ticker, windowStartMs, count, min, sum } of this.stats.rows(this.partition)) {
      const name = `${ticker}@${windowStartMs}`;
      rows.set(name, statsText({ count, min, sum }, this.timestamps.get(name) ?? -1));
    }
    return rows;
  }

  /** Whether a window has expired: nobody can see it any more, and nothing needs to be written for it. */
  isExpired(windowStartMs: number): boolean {
    return windowStartMs <= this.newestStartMs - stockTradeWindows.retentionMs;
  }

  private countOf(ticker: string, startMs: number): number {
    return this.stats.row(this.partition, ticker, startMs)?.count ?? 0;
  }
}

/** A row of the table in one word, to compare and to print. */
export function statsText(
  { count, min, sum }: { count: number; min: number; sum: number },
  timestampMs: number,
): string {
  return `count ${count} min ${min} sum ${sum} at ${timestampMs}`;
}
