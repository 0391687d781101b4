import type { Trade } from "../inputs/trade-source.ts";
import { type ExpectedRow, type ExpectedSnapshot, ExpectedStats, type ExpectedTotals } from "./expected-stats.ts";

/** A row as the queried table answers it. */
export interface TableRow {
  readonly ticker: string;
  readonly windowStartMs: number;
  readonly count: number;
  readonly min: number;
  readonly sum: number;
}

/** Table against expectation, at one position of one partition. */
export interface Comparison {
  readonly rows: number;
  /** Rows that are missing on one side or differ in count, minimum or sum. */
  readonly rowsDiffering: number;
  readonly tableCount: number;
  readonly expectedCount: number;
  /** Sum of the absolute differences in count, row by row: two errors never cancel out. */
  readonly difference: number;
  /** The first rows that differ, for a person to look at. */
  readonly examples: readonly string[];
}

/** State of an audit as plain JSON, to go on after a restart. */
export interface AuditSnapshot {
  readonly expected: ExpectedSnapshot;
  /** Next offset to fold per partition. */
  readonly next: readonly (readonly [partition: number, offset: number])[];
}

const EXAMPLES_MAX = 5;

/**
 * Compares the table with the expectation at exactly the position that the table's answer reflects.
 *
 * Trades wait here, per partition, from the moment they are appended until the table's position has passed them; so the
 * lag of the workers is never mistaken for a difference. Call `appended` in offset order and before the trades are
 * committed (before that no position can pass them), `withdraw` when they are aborted, `reach` with the position of an
 * answer, then `compare` with the rows of that answer. Set `inDoubt` where nobody knows whether trades were committed, until
 * what waits is again what the topic has.
 */
export class Audit {
  /** It is not known what became of trades that wait: nothing is folded, because a position passes those of an abort as well. */
  inDoubt = false;
  private readonly expected: ExpectedStats;
  private readonly waiting = new Map<number, Queue>();
  private readonly next: Map<number, number>;
  private readonly waitingMax: number;
  private waitingCount = 0;

  /** @param options.waitingMax How many trades may wait; `hasRoom` says when to stop producing. */
  constructor(options: { waitingMax?: number; saved?: AuditSnapshot } = {}) {
    this.waitingMax = options.waitingMax ?? 1_000_000;
    this.expected = new ExpectedStats(options.saved === undefined ? {} : { saved: options.saved.expected });
    this.next = new Map(options.saved?.next ?? []);
  }

  /** False when too many trades wait for the table: a producer pauses until there is room again. */
  get hasRoom(): boolean {
    return this.waitingCount < this.waitingMax;
  }

  /** Trades that were appended and that the table does not yet reflect. */
  get waitingRecords(): number {
    return this.waitingCount;
  }

  /** Takes note of a trade and of where it went; an offset below the fold (read again after a restart) is passed over. */
  appended(trade: Trade, offset: number): void {
    if (offset < (this.next.get(trade.partition) ?? 0)) return;
    let queue = this.waiting.get(trade.partition);
    if (queue === undefined) {
      queue = new Queue();
      this.waiting.set(trade.partition, queue);
    }
    queue.push(trade, offset);
    this.waitingCount += 1;
  }

  /** Forgets the trades of a partition from an offset on: their transaction was aborted. */
  withdraw(partition: number, fromOffset: number): void {
    this.waitingCount -= this.waiting.get(partition)?.dropFrom(fromOffset) ?? 0;
  }

  /**
   * Folds what lies below `nextOffset`. A position below the fold changes nothing, because the answer is older than the audit, and so
   * does any in doubt.
   */
  reach(partition: number, nextOffset: number): "reached" | "behind" {
    const reached = this.next.get(partition) ?? 0;
    if (this.inDoubt || nextOffset < reached) return "behind";
    const queue = this.waiting.get(partition);
    while (queue !== undefined && queue.nextOffset < nextOffset) {
      this.expected.add(queue.take());
      this.waitingCount -= 1;
    }
    this.next.set(partition, nextOffset);
    return "reached";
  }

  /** Compares the rows of one partition. */
  compare(partition: number, table: Iterable<TableRow>): Comparison {
    const unseen = new Map<string, ExpectedRow>();
    for (const row of this.expected.rows(partition)) unseen.set(`${row.ticker}@${row.windowStartMs}`, row);
    const found = { rows: 0, rowsDiffering: 0, tableCount: 0, expectedCount: 0, difference: 0 };
    const examples: string[] = [];
    const differs = (name: string, table: TableRow | undefined, expected: ExpectedRow | undefined): void => {
      found.rowsDiffering += 1;
      if (examples.length < EXAMPLES_MAX) examples.push(`${name}: table ${text(table)}, expected ${text(expected)}`);
    };
    for (const row of table) {
      const name = `${row.ticker}@${row.windowStartMs}`;
      const expected = unseen.get(name);
      unseen.delete(name);
      found.rows += 1;
      found.tableCount += row.count;
      found.expectedCount += expected?.count ?? 0;
      found.difference += Math.abs(row.count - (expected?.count ?? 0));
      if (expected === undefined || !equal(row, expected)) differs(name, row, expected);
    }
    for (const [name, expected] of unseen) {
      found.rows += 1;
      found.expectedCount += expected.count;
      found.difference += expected.count;
      differs(name, undefined, expected);
    }
    return { ...found, examples };
  }

  totals(): ExpectedTotals {
    return this.expected.totals();
  }

  /** State of the fold as plain JSON. What waits is not in it: it is read again from the topic, from `next` on. */
  save(): AuditSnapshot {
    return { expected: this.expected.save(), next: [...this.next] };
  }
}

/** Trades of one partition with their offsets, first in, first out, without moving what is behind. */
class Queue {
  private trades: Trade[] = [];
  private offsets: number[] = [];
  private head = 0;

  /** Offset of the first trade; infinite when there is none. */
  get nextOffset(): number {
    return this.offsets[this.head] ?? Number.POSITIVE_INFINITY;
  }

  push(trade: Trade, offset: number): void {
    this.trades.push(trade);
    this.offsets.push(offset);
  }

  /** Drops the newest trades down to an offset. @returns how many */
  dropFrom(offset: number): number {
    const before = this.offsets.length;
    while (this.offsets.length > this.head && (this.offsets.at(-1) ?? -1) >= offset) {
      this.offsets.pop();
      this.trades.pop();
    }
    return before - this.offsets.length;
  }

  take(): Trade {
    const trade = this.trades[this.head];
    if (trade === undefined) throw new Error("an empty queue has no trade to take");
    this.head += 1;
    // Half of the memory at most is behind the head.
    if (this.head > 1_024 && this.head * 2 > this.trades.length) {
      this.trades = this.trades.slice(this.head);
      this.offsets = this.offsets.slice(this.head);
      this.head = 0;
    }
    return trade;
  }
}

function equal(table: TableRow, expected: ExpectedRow): boolean {
  return table.count === expected.count && table.min === expected.min && table.sum === expected.sum;
}

function text(row: TableRow | ExpectedRow | undefined): string {
  return row === undefined ? "absent" : `count ${row.count}, min ${row.min}, sum ${row.sum}`;
}
