import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { readPartition } from "../../../lib/application/read-partition.ts";
import type { ConsoleAudit, ConsoleRow } from "../../../lib/console/state.ts";
import { partitionKey } from "../../../lib/core/ids.ts";
import type { Clock } from "../../../lib/ports/clock.ts";
import type { Log } from "../../../lib/ports/log.ts";
import type { Table } from "../../../lib/query/tables.ts";
import { Trade as TradeSchema } from "../app.ts";
import { Audit, type AuditSnapshot, type Comparison, type TableRow } from "../expected/audit.ts";
import type { Trade } from "../inputs/trade-source.ts";
import { TRADES_TOPIC } from "./producer.ts";

/** The windows of the example start this far apart, so a table's newest window start is stream time to within this. */
const ADVANCE_MS = 1_000;

/** What the table holds per window. */
export interface StatsRow {
  readonly count: number;
  readonly min: number;
  readonly sum: number;
}

interface Saved {
  readonly audit: AuditSnapshot;
  readonly lastEventMs: number;
}

/** Compares the queried table with what plain arithmetic expects, and keeps its own state over restarts. */
export class DemoAudit {
  readonly audit: Audit;
  readonly savedEventMs: number;
  result: ConsoleAudit = emptyAudit;
  rows: readonly ConsoleRow[] = [];
  streamTimeMs: number | null = null;
  private readonly file: string;
  private readonly clock: Clock;
  private readonly comparisons = new Map<number, Comparison>();
  /** Changelog records behind the newest snapshot, per pin. */
  readonly tails = new Map<number, number>();
  private readonly outputsRead = new Map<number, number>();
  private outputs = 0;

  constructor(file: string, clock: Clock) {
    this.file = file;
    this.clock = clock;
    const saved = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Saved) : undefined;
    this.audit = new Audit(saved === undefined ? {} : { saved: saved.audit });
    this.savedEventMs = saved?.lastEventMs ?? 0;
  }

  /**
   * Lets those trades wait that the topic has and that are not folded yet: an earlier run wrote them, or it was not known what became
   * of them.
   *
   * @returns how many
   */
  async catchUp(log: Log, partitions: number): Promise<number> {
    let read = 0;
    for (let partition = 0; partition < partitions; partition++) {
      const trades = await this.unfolded(log, partition);
      this.audit.withdraw(partition, 0);
      for (const [offset, trade] of trades) this.audit.appended(trade, offset);
      read += trades.length;
    }
    this.audit.inDoubt = false;
    return read;
  }

  private async unfolded(log: Log, partition: number): Promise<readonly (readonly [offset: number, Trade])[]> {
    const trades: [number, Trade][] = [];
    const from = this.audit.save().next.find(([number]) => number === partition)?.[1];
    const range = { topic: TRADES_TOPIC, partition, ...(from === undefined ? {} : { from }) };
    await readPartition(log, range, ({ bytes, offset, timestampMs, valueStart, valueLength }) => {
      const trade = TradeSchema.parse(JSON.parse(bytes.utf8Slice(valueStart, valueStart + valueLength)));
      trades.push([offset, { ...trade, timestampMs, partition }]);
    });
    return trades;
  }

  /** One comparison of every partition, each at the position that its answer reflects. */
  async compare(table: Table<string, StatsRow>, log: Log): Promise<void> {
    const newest = new Map<string, ConsoleRow>();
    let streamTimeMs = -1;
    for (let partition = 0; partition < table.partitionCount; partition++) {
      const answer = await table.partitionWindows(partition);
      this.tails.set(answer.pin, answer.tailRecords);
      const position = answer.position[partitionKey(TRADES_TOPIC, partition)];
      if (position === undefined || this.audit.reach(partition, position) === "behind") continue;
      const rows = answer.rows.map(
        (row): TableRow => ({ ticker: row.key, windowStartMs: row.windowStartMs, ...row.value }),
      );
      this.comparisons.set(partition, this.audit.compare(partition, rows));
      const storeTimeMs = Math.max(-1, ...answer.rows.map((row) => row.windowStartMs));
      streamTimeMs = Math.max(streamTimeMs, storeTimeMs);
      // Per key the newest window that has ended; windows that are still filling would show counts near zero.
      for (const row of answer.rows) {
        if (row.windowEndMs <= storeTimeMs + ADVANCE_MS || !newest.has(row.key)) newest.set(row.key, consoleRow(row));
      }
    }
    this.rows = [...newest.values()].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, 60);
    this.streamTimeMs = streamTimeMs < 0 ? null : streamTimeMs;
    await this.readOutputs(log, table.partitionCount);
    this.publish();
  }

  private publish(): void {
    // A partition whose answer was older than the last one keeps its last comparison.
    const all = [...this.comparisons.values()];
    const sum = (of: (comparison: Comparison) => number): number =>
      all.reduce((total, comparison) => total + of(comparison), 0);
    const sums = {
      tableCount: sum(({ tableCount }) => tableCount),
      expectedCount: sum(({ expectedCount }) => expectedCount),
      difference: sum(({ difference }) => difference),
      rowsCompared: sum(({ rows }) => rows),
      rowsDiffering: sum(({ rowsDiffering }) => rowsDiffering),
      examples: all.flatMap(({ examples }) => examples).slice(0, 5),
    };
    const totals = this.audit.totals();
    const before = this.result;
    // Outputs are counted to the end of their topic, the table at its position: the two meet when nothing is under way.
    const quiet = this.audit.waitingRecords === 0;
    this.result = {
      ...sums,
      status:
        sums.rowsCompared === 0 && before.comparisons === 0
          ? "waiting"
          : sums.rowsDiffering === 0
            ? "equal"
            : "different",
      records: totals.records,
      outputs: quiet ? this.outputs : before.outputs,
      outputsExpected: quiet ? totals.updates : before.outputsExpected,
      lateWindows: totals.lateWindows,
      comparisons: before.comparisons + 1,
      comparedAtMs: this.clock.nowMs(),
    };
  }

  private async readOutputs(log: Log, partitions: number): Promise<void> {
    for (let partition = 0; partition < partitions; partition++) {
      const from = this.outputsRead.get(partition);
      const range = { topic: "trade-stats-out", partition, ...(from === undefined ? {} : { from }) };
      let read = 0;
      this.outputsRead.set(partition, await readPartition(log, range, () => read++));
      this.outputs += read;
    }
  }

  /** Keeps the state for the next start. */
  save(lastEventMs: number): void {
    const saved: Saved = { audit: this.audit.save(), lastEventMs };
    writeFileSync(`${this.file}.new`, JSON.stringify(saved));
    renameSync(`${this.file}.new`, this.file);
  }
}

const emptyAudit: ConsoleAudit = {
  status: "waiting",
  records: 0,
  tableCount: 0,
  expectedCount: 0,
  difference: 0,
  rowsCompared: 0,
  rowsDiffering: 0,
  outputs: 0,
  outputsExpected: 0,
  lateWindows: 0,
  comparisons: 0,
  comparedAtMs: null,
  examples: [],
};

/** A window as the page shows it. */
export function consoleRow(row: {
  key: string;
  windowStartMs: number;
  windowEndMs: number;
  value: StatsRow;
}): ConsoleRow {
  const { count, min, sum } = row.value;
  return {
    key: row.key,
    windowStartMs: row.windowStartMs,
    windowEndMs: row.windowEndMs,
    count,
    min,
    average: sum / count,
  };
}
