import type { Trade } from "../inputs/trade-source.ts";

/** What the statistics are about: the windows of the example. */
export interface WindowRules {
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
  /** How long closed windows are kept; at least size and grace. */
  readonly retentionMs: number;
}

/** The windows of Stock Trade Stats. Retention is Kafka Streams' default: size and grace. */
export const stockTradeWindows: WindowRules = { sizeMs: 5_000, advanceMs: 1_000, graceMs: 1_000, retentionMs: 6_000 };

/** Statistics of one ticker and window. `sum` is added up in log order, so it is equal to the last bit. */
export interface ExpectedRow {
  readonly partition: number;
  readonly ticker: string;
  readonly windowStartMs: number;
  readonly count: number;
  readonly min: number;
  readonly sum: number;
}

/** Sums over everything that was added, expired windows included. */
export interface ExpectedTotals {
  /** Trades. */
  readonly records: number;
  /** Window updates that must have been emitted: one per trade and open window. */
  readonly updates: number;
  /** Windows of late trades that must not have been updated. */
  readonly lateWindows: number;
  /** Windows that were ever opened. */
  readonly windows: number;
}

/** Everything that `ExpectedStats` knows, as plain JSON: to go on after a restart. */
export interface ExpectedSnapshot {
  readonly totals: ExpectedTotals;
  readonly partitions: readonly {
    readonly partition: number;
    readonly streamTimeMs: number;
    readonly storeTimeMs: number;
    readonly rows: readonly (readonly [
      ticker: string,
      windowStartMs: number,
      count: number,
      min: number,
      sum: number,
    ])[];
  }[];
}

interface MutableRow {
  count: number;
  min: number;
  sum: number;
}

interface PartitionFold {
  /** Largest event time seen; -1 at first. */
  streamTimeMs: number;
  /** Largest window start that was ever updated; -1 at first. */
  storeTimeMs: number;
  readonly windows: Map<number, Map<string, MutableRow>>;
}

/**
 * What Stock Trade Stats must answer, computed a second time in the plainest way and without any of Millrace's code.
 *
 * Trades are added per partition in offset order. Stream time belongs to a partition and moves first; a window is late,
 * and skipped on its own, when its end is at or below stream time minus grace.
 *
 * @source Kafka Streams 4.3 `KStreamWindowAggregate`: windows, late records, retention
 * @example
 * const expected = new ExpectedStats();
 * expected.add({ ticker: "AAPL", price: 10, size: 1, timestampMs: 7_000, partition: 0 });
 * expected.row(0, "AAPL", 3_000)?.count; // 1
 */
export class ExpectedStats {
  private readonly rules: WindowRules;
  private readonly folds = new Map<number, PartitionFold>();
  private records = 0;
  private updates = 0;
  private lateWindows = 0;
  private windows = 0;

  constructor(options: { rules?: WindowRules; saved?: ExpectedSnapshot } = {}) {
    this.rules = options.rules ?? stockTradeWindows;
    if (options.saved !== undefined) this.load(options.saved);
  }

  /** Adds the next trade of its partition. */
  add(trade: Trade): void {
    const { sizeMs, advanceMs, graceMs } = this.rules;
    const fold = this.foldOf(trade.partition);
    this.records += 1;
    if (trade.timestampMs > fold.streamTimeMs) fold.streamTimeMs = trade.timestampMs;
    const closedAtMs = fold.streamTimeMs - graceMs;
    const newestMs = trade.timestampMs - (trade.timestampMs % advanceMs);
    // The oldest window that contains the trade starts at the first multiple of the advance above time − size.
    const oldestMs = Math.max(0, Math.floor((trade.timestampMs - sizeMs) / advanceMs) * advanceMs + advanceMs);
    for (let startMs = oldestMs; startMs <= newestMs; startMs += advanceMs) {
      if (startMs + sizeMs <= closedAtMs) this.lateWindows += 1;
      else this.update(fold, startMs, trade);
    }
  }

  /** One row, or undefined when there is none or when it has expired. */
  row(partition: number, ticker: string, windowStartMs: number): ExpectedRow | undefined {
    const row = this.folds.get(partition)?.windows.get(windowStartMs)?.get(ticker);
    return row === undefined ? undefined : { partition, ticker, windowStartMs, ...row };
  }

  /** Every row that has not expired; of one partition or of all. */
  *rows(partition?: number): IterableIterator<ExpectedRow> {
    for (const [number, fold] of this.folds) {
      if (partition !== undefined && number !== partition) continue;
      for (const [windowStartMs, rows] of fold.windows) {
        for (const [ticker, row] of rows) yield { partition: number, ticker, windowStartMs, ...row };
      }
    }
  }

  totals(): ExpectedTotals {
    return { records: this.records, updates: this.updates, lateWindows: this.lateWindows, windows: this.windows };
  }

  /** Everything known, as plain JSON. */
  save(): ExpectedSnapshot {
    const partitions = [...this.folds].map(([partition, fold]) => ({
      partition,
      streamTimeMs: fold.streamTimeMs,
      storeTimeMs: fold.storeTimeMs,
      rows: [...this.rows(partition)].map(
        (row) => [row.ticker, row.windowStartMs, row.count, row.min, row.sum] as const,
      ),
    }));
    return { totals: this.totals(), partitions };
  }

  private update(fold: PartitionFold, startMs: number, trade: Trade): void {
    this.updates += 1;
    if (startMs > fold.storeTimeMs) {
      fold.storeTimeMs = startMs;
      this.expire(fold);
    }
    let rows = fold.windows.get(startMs);
    if (rows === undefined) {
      rows = new Map();
      fold.windows.set(startMs, rows);
    }
    const row = rows.get(trade.ticker);
    if (row === undefined) {
      rows.set(trade.ticker, { count: 1, min: trade.price, sum: trade.price });
      this.windows += 1;
      return;
    }
    row.count += 1;
    if (trade.price < row.min) row.min = trade.price;
    row.sum += trade.price;
  }

  private expire(fold: PartitionFold): void {
    const expiredMs = fold.storeTimeMs - this.rules.retentionMs;
    for (const startMs of fold.windows.keys()) if (startMs <= expiredMs) fold.windows.delete(startMs);
  }

  private foldOf(partition: number): PartitionFold {
    let fold = this.folds.get(partition);
    if (fold === undefined) {
      fold = { streamTimeMs: -1, storeTimeMs: -1, windows: new Map() };
      this.folds.set(partition, fold);
    }
    return fold;
  }

  private load(saved: ExpectedSnapshot): void {
    this.records = saved.totals.records;
    this.updates = saved.totals.updates;
    this.lateWindows = saved.totals.lateWindows;
    this.windows = saved.totals.windows;
    for (const { partition, streamTimeMs, storeTimeMs, rows } of saved.partitions) {
      const fold = this.foldOf(partition);
      fold.streamTimeMs = streamTimeMs;
      fold.storeTimeMs = storeTimeMs;
      for (const [ticker, startMs, count, min, sum] of rows) {
        const window = fold.windows.get(startMs) ?? new Map<string, MutableRow>();
        window.set(ticker, { count, min, sum });
        fold.windows.set(startMs, window);
      }
    }
  }
}
