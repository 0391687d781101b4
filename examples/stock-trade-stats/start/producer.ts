import { partitionKey } from "../../../lib/core/ids.ts";
import type { Clock } from "../../../lib/ports/clock.ts";
import type { Log, Transactor } from "../../../lib/ports/log.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import type { Audit } from "../expected/audit.ts";
import type { Trade, TradeSource } from "../inputs/trade-source.ts";

export const TRADES_TOPIC = "trades";
const PACE_MS = 50;

/** Writes trades as they fall due, and tells the audit where each one went. */
export class TradeProducer {
  loadFactor: number;
  total = 0;
  lastEventMs: number;
  private readonly source: TradeSource;
  private readonly log: Log;
  private readonly clock: Clock;
  private readonly audit: Audit;
  private readonly settle: () => Promise<unknown>;
  private transactor: Transactor | undefined;
  private readonly recent: { readonly atMs: number; readonly total: number }[] = [];

  constructor(options: {
    source: TradeSource;
    log: Log;
    clock: Clock;
    audit: Audit;
    /** Finds out what became of trades in doubt, from the topic. */
    settle: () => Promise<unknown>;
    loadFactor: number;
    lastEventMs: number;
  }) {
    this.source = options.source;
    this.log = options.log;
    this.clock = options.clock;
    this.audit = options.audit;
    this.settle = options.settle;
    this.loadFactor = options.loadFactor;
    this.lastEventMs = options.lastEventMs;
  }

  /** Records per second over the last two seconds. */
  get perSecond(): number {
    const first = this.recent[0];
    const last = this.recent.at(-1);
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
    return ((last.total - first.total) * 1_000) / (last.atMs - first.atMs);
  }

  /** Produces until stopped. */
  async run(stop: AbortSignal): Promise<void> {
    const startMs = this.clock.monotonicMs();
    while (!stop.aborted) {
      const nowMs = this.clock.monotonicMs();
      const due: Trade[] = [];
      // Without room the table is too far behind to be compared: the input waits, nothing is lost.
      if (this.audit.hasRoom) this.source.next(nowMs - startMs, this.loadFactor, (trade) => due.push(trade));
      if (due.length > 0) await this.write(due);
      this.recent.push({ atMs: nowMs, total: this.total });
      while (this.recent.length > 2 && nowMs - (this.recent[0]?.atMs ?? nowMs) > 2_000) this.recent.shift();
      await this.clock.sleep(Math.max(1, PACE_MS - (this.clock.monotonicMs() - nowMs)), stop);
    }
  }

  private async write(trades: readonly Trade[]): Promise<void> {
    this.transactor ??= await this.log.transactor({
      transactionalId: "stock-trades-input",
      transactionTimeoutMs: 30_000,
      deadlineMs: 30_000,
    });
    // The transaction of the transactor before is over by now.
    if (this.audit.inDoubt) await this.settle();
    const byPartition = new Map<number, { writer: RecordWriter; trades: Trade[] }>();
    for (const trade of trades) {
      const entry = byPartition.get(trade.partition) ?? { writer: new RecordWriter(), trades: [] };
      byPartition.set(trade.partition, entry);
      entry.trades.push(trade);
      append(entry.writer, trade);
      this.lastEventMs = Math.max(this.lastEventMs, trade.timestampMs);
    }
    try {
      this.transactor.begin();
      const batches = [...byPartition].map(([partition, { writer }]) => ({
        topic: TRADES_TOPIC,
        partition,
        records: writer,
      }));
      const ends = await this.transactor.send(batches);
      // Before the commit: no position can pass these trades yet, so the audit never hears of them too late.
      for (const [partition, { trades: sent }] of byPartition) {
        const first = (ends.get(partitionKey(TRADES_TOPIC, partition)) ?? 0) - sent.length;
        for (const [index, trade] of sent.entries()) this.audit.appended(trade, first + index);
      }
      await this.transactor.commit();
      this.total += trades.length;
    } catch (error) {
      this.transactor = undefined;
      this.audit.inDoubt = true;
      throw error;
    }
  }
}

function append(writer: RecordWriter, { ticker, price, size, timestampMs }: Trade): void {
  writer.openRecord(timestampMs);
  writer.sink.utf8(ticker);
  writer.endKey();
  writer.sink.utf8(JSON.stringify({ ticker, price, size }));
  writer.endValue();
  writer.closeRecord();
}
