import { stockTradeWindows } from "../../../examples/stock-trade-stats/expected/expected-stats.ts";
import type { Position } from "../../../lib/application/position.ts";
import type { PartitionKey } from "../../../lib/core/ids.ts";
import type { Log } from "../../../lib/ports/log.ts";
import type { Tables } from "../../../lib/query/tables.ts";
import { ChangelogFold, type Rows, rowDifferences, unexpired, windowKeyOf, windowStartOf } from "./changelog.ts";
import { forEachCommitted, keyTextOf, Violations, valueBytes } from "./committed.ts";
import { ExpectedUpdates, type StatsUpdate, statsText } from "./stock-stats.ts";
import type { StoreChangelog } from "./stored-state.ts";
import type { FedTrade } from "./trades.ts";

interface Stats {
  readonly count: number;
  readonly min: number;
  readonly sum: number;
}

/** I1, I3: the output of every partition is, record for record, what the trades of that partition give. */
export async function stockOutputViolations(
  log: Log,
  topic: string,
  trades: readonly (readonly FedTrade[])[],
): Promise<readonly string[]> {
  const found = new Violations();
  for (const [partition, input] of trades.entries()) {
    const expected = updatesOf(partition, input);
    await forEachCommitted(log, { topic, partition }, (record) => {
      const next = expected.next();
      const key = keyTextOf(record);
      const text = `${key.slice(0, -8)}@${Buffer.from(key.slice(-8), "latin1").readBigInt64BE()} ${valueBytes(record)?.toString()} at ${record.timestampMs}`;
      if (next.done === true) found.add(`${topic}-${partition}@${record.offset} is one too many: ${text}`);
      else if (text !== outputText(next.value.update)) {
        found.add(
          `${topic}-${partition}@${record.offset} is ${text}, expected ${outputText(next.value.update)} (of the trade at ${next.value.offset})`,
        );
      }
    });
    const missing = expected.next();
    if (missing.done !== true)
      found.add(
        `${topic}-${partition} ends before ${outputText(missing.value.update)} (of the trade at ${missing.value.offset})`,
      );
  }
  return found.list;
}

/**
 * I1: what each transaction wrote into the changelog is what the input that it took gives, all of it and nothing else: the
 * last value of every window that it changed and that has not expired in it.
 */
export function stockTransactionViolations(
  trades: readonly (readonly FedTrade[])[],
  changelogs: ReadonlyMap<string, StoreChangelog>,
  facts: { readonly inputTopic: string; readonly positions: readonly (readonly Position[])[] },
): readonly string[] {
  const found = new Violations();
  for (const { pin, changelog, rows } of changelogs.values()) {
    const { partition, key } = changelog;
    const inputKey: PartitionKey = `${facts.inputTopic}:${partition}`;
    const input = new Below(trades[partition] ?? []);
    const written = new Below(rows);
    const updates = new ExpectedUpdates(partition);
    for (const { transaction, inputs, changelogs: ends } of facts.positions[pin] ?? []) {
      const expected = new Map<string, string>();
      for (const update of input.next(inputs[inputKey] ?? 0).flatMap((trade) => updates.add(trade))) {
        expected.set(`${update.ticker}@${update.windowStartMs}`, statsText(update, update.timestampMs));
      }
      for (const name of expected.keys()) if (updates.isExpired(Number(name.split("@")[1]))) expected.delete(name);
      const held = new Map(written.next(ends[key] ?? 0).map((row) => [windowName(row.keyText), normalText(row.text)]));
      for (const difference of rowDifferences(held, expected)) {
        found.add(`I1: pin ${pin} transaction ${transaction} in ${key}: ${difference}`);
      }
    }
  }
  return found.list;
}

/** Hands out a partition's records in portions: what lies below ever higher offsets. */
class Below<T extends { readonly offset: number }> {
  private readonly records: readonly T[];
  private from = 0;

  constructor(records: readonly T[]) {
    this.records = records;
  }

  next(end: number): readonly T[] {
    let to = this.from;
    while ((this.records[to]?.offset ?? Number.POSITIVE_INFINITY) < end) to++;
    const portion = this.records.slice(this.from, to);
    this.from = to;
    return portion;
  }
}

/** The fold of the changelog is the table that the trades give. */
export function stockStateViolations(
  trades: readonly (readonly FedTrade[])[],
  changelogs: ReadonlyMap<string, StoreChangelog>,
): readonly string[] {
  const found = new Violations();
  for (const { changelog, rows } of changelogs.values()) {
    const fold = unexpired(new ChangelogFold(rows).upTo(Number.POSITIVE_INFINITY), stockTradeWindows.retentionMs);
    const held = new Map([...fold].map(([key, text]) => [windowName(key), normalText(text)]));
    for (const difference of rowDifferences(held, expectedRows(changelog.partition, trades)))
      found.add(`${changelog.key}: ${difference}`);
  }
  return found.list;
}

/** Queries answer the table that the trades give, by partition and by key, from the log and from the snapshots alone. */
export async function stockQueryViolations(
  tables: Tables,
  trades: readonly (readonly FedTrade[])[],
): Promise<readonly string[]> {
  const found = new Violations();
  const table = tables.get<string, Stats>("trade-stats");
  for (const freshness of ["committed", "snapshot"] as const) {
    for (const partition of trades.keys()) {
      const expected = expectedRows(partition, trades);
      const answer = await table.partitionWindows(partition, { freshness });
      const held = new Map(
        answer.rows.map((row) => [`${row.key}@${row.windowStartMs}`, statsText(row.value, row.timestampMs)]),
      );
      for (const difference of rowDifferences(held, expected))
        found.add(`${freshness} query of partition ${partition}: ${difference}`);
      const ticker = [...expected.keys()][0]?.split("@")[0];
      if (ticker === undefined) continue;
      const byKey = await table.windows(ticker, { freshness });
      const heldByKey = new Map(
        byKey.rows.map((row) => [`${row.key}@${row.windowStartMs}`, statsText(row.value, row.timestampMs)]),
      );
      const expectedByKey = new Map([...expected].filter(([name]) => name.startsWith(`${ticker}@`)));
      for (const difference of rowDifferences(heldByKey, expectedByKey))
        found.add(`${freshness} query of ${ticker}: ${difference}`);
    }
  }
  return found.list;
}

function* updatesOf(
  partition: number,
  input: readonly FedTrade[],
): Generator<{ update: StatsUpdate; offset: number }, undefined> {
  const updates = new ExpectedUpdates(partition);
  for (const trade of input) for (const update of updates.add(trade)) yield { update, offset: trade.offset };
}

function expectedRows(partition: number, trades: readonly (readonly FedTrade[])[]): Rows {
  const updates = new ExpectedUpdates(partition);
  for (const trade of trades[partition] ?? []) updates.add(trade);
  return updates.rows();
}

function outputText({ ticker, windowStartMs, count, min, sum, timestampMs }: StatsUpdate): string {
  return `${ticker}@${windowStartMs} ${JSON.stringify({ count, min, sum, average: sum / count })} at ${timestampMs}`;
}

function windowName(keyText: string): string {
  return `${windowKeyOf(keyText)}@${windowStartOf(keyText)}`;
}

/** A changelog row (`{"count":…} at …`) as `statsText` says it. */
function normalText(text: string | undefined): string {
  if (text === undefined) return "deleted";
  const at = text.lastIndexOf(" at ");
  return statsText(JSON.parse(text.slice(0, at)) as Stats, Number(text.slice(at + 4)));
}
