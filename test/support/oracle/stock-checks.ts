import type { Position } from "../../../lib/application/position.ts";
import type { PartitionKey } from "../../../lib/core/ids.ts";
import type { Log } from "../../../lib/ports/log.ts";
import type { Tables } from "../../../lib/query/tables.ts";
import { ChangelogFold, type Rows, rowDifferences, unexpired, windowKeyOf, windowStartOf } from "./changelog.ts";
import { forEachCommitted, keyTextOf, Violations, valueBytes } from "./committed.ts";
import { ExpectedUpdates, type StatsUpdate, statsText } from "./stock-stats.ts";
import type { StoreChangelog } from "./stored-state.ts";
import type { FedTrade } from "./trades.ts";

/** The window store of the example. */
const RETENTION_MS = 6_000;

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

/** I1: what each transaction wrote into the changelog is what the input that it took gives, all of it and nothing else. */
export function stockTransactionViolations(
  trades: readonly (readonly FedTrade[])[],
  changelogs: ReadonlyMap<string, StoreChangelog>,
  facts: { readonly inputTopic: string; readonly positions: readonly (readonly Position[])[] },
): readonly string[] {
  const found = new Violations();
  for (const { pin, changelog, rows } of changelogs.values()) {
    const { partition } = changelog;
    const input = trades[partition] ?? [];
    const inputKey: PartitionKey = `${facts.inputTopic}:${partition}`;
    const updates = new ExpectedUpdates(partition);
    let [taken, written] = [0, 0];
    for (const position of facts.positions[pin] ?? []) {
      const expected = new Map<string, string>();
      for (; (input[taken]?.offset ?? Number.POSITIVE_INFINITY) < (position.inputs[inputKey] ?? 0); taken++) {
        for (const update of updates.add(input[taken] as FedTrade))
          expected.set(`${update.ticker}@${update.windowStartMs}`, statsText(update, update.timestampMs));
      }
      const held = new Map<string, string>();
      for (
        ;
        (rows[written]?.offset ?? Number.POSITIVE_INFINITY) < (position.changelogs[changelog.key] ?? 0);
        written++
      ) {
        const { keyText, text = "" } = rows[written] as { keyText: string; text: string | undefined };
        held.set(`${windowKeyOf(keyText)}@${windowStartOf(keyText)}`, normalText(text));
      }
      for (const difference of rowDifferences(held, expected))
        found.add(`I1: pin ${pin} transaction ${position.transaction} in ${changelog.key}: ${difference}`);
    }
  }
  return found.list;
}

/** The fold of the changelog is the table that the trades give. */
export function stockStateViolations(
  trades: readonly (readonly FedTrade[])[],
  changelogs: ReadonlyMap<string, StoreChangelog>,
): readonly string[] {
  const found = new Violations();
  for (const { changelog, rows } of changelogs.values()) {
    const fold = unexpired(new ChangelogFold(rows).upTo(Number.POSITIVE_INFINITY), RETENTION_MS);
    const held = new Map(
      [...fold].map(([key, text]) => [`${windowKeyOf(key)}@${windowStartOf(key)}`, normalText(text)]),
    );
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

/** A changelog row (`{"count":…} at …`) as `statsText` says it. */
function normalText(text: string): string {
  const at = text.lastIndexOf(" at ");
  return statsText(JSON.parse(text.slice(0, at)) as Stats, Number(text.slice(at + 4)));
}
