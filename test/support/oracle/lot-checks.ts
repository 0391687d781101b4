import type { Log } from "../../../lib/ports/log.ts";
import type { Tables } from "../../../lib/query/tables.ts";
import { originOf } from "../../../lib/task/dead-letter.ts";
import { ChangelogFold } from "./changelog.ts";
import { forEachCommitted, keyTextOf, Violations, valueBytes } from "./committed.ts";
import type { StoreChangelog } from "./stored-state.ts";
import type { FedTrade } from "./trades.ts";

/** What lots must come to. */
export interface ExpectedLot {
  readonly count: number;
  readonly sum: number;
}

/** Count and sum of serial numbers per lot. */
export function expectedLots(
  trades: readonly (readonly FedTrade[])[],
  lotOf: (serial: number) => string,
): ReadonlyMap<string, ExpectedLot> {
  const lots = new Map<string, ExpectedLot>();
  for (const { size } of trades.flat()) {
    const before = lots.get(lotOf(size)) ?? { count: 0, sum: 0 };
    lots.set(lotOf(size), { count: before.count + 1, sum: before.sum + size });
  }
  return lots;
}

/**
 * Behind the repartition topic trades of different partitions meet in any order: every step of a sum adds one trade, each
 * trade once, and those of one partition in their order. The end is the sum of all.
 */
export async function lotSumViolations(
  log: Log,
  facts: {
    topic: string;
    partitions: number;
    trades: readonly (readonly FedTrade[])[];
    lotOf: (serial: number) => string;
    /** Trades that may have been put aside and brought back when others were through. */
    comesLate: (serial: number) => boolean;
  },
): Promise<readonly string[]> {
  const { topic, partitions, trades, lotOf, comesLate } = facts;
  const found = new Violations();
  const waiting = new Map<number, FedTrade>(trades.flat().map((trade) => [trade.size, trade]));
  const sums = new Map<string, number>();
  const newest = new Map<string, FedTrade>();
  for (let partition = 0; partition < partitions; partition++) {
    await forEachCommitted(log, { topic, partition }, (record) => {
      const lot = keyTextOf(record);
      const sum = int64(valueBytes(record));
      const serial = sum - (sums.get(lot) ?? 0);
      sums.set(lot, sum);
      const trade = waiting.get(serial);
      const name = `${topic}-${partition}@${record.offset}: ${lot} grew by ${serial}`;
      if (trade === undefined || lotOf(serial) !== lot) {
        found.add(`${name}, which is no trade of this lot that is left`);
        return;
      }
      waiting.delete(serial);
      if (comesLate(serial)) return;
      const source = `${lot} of ${trade.partition}`;
      const before = newest.get(source);
      if (before !== undefined && before.offset > trade.offset)
        found.add(`${name}, the trade at ${trade.partition}@${trade.offset}, after the one at ${before.offset}`);
      newest.set(source, trade);
    });
  }
  for (const { size, partition, offset } of waiting.values())
    found.add(`${topic}: trade ${size} at ${partition}@${offset} was never added to ${lotOf(size)}`);
  return found.list;
}

/** What was put aside is poison, each once, in the partition and order of its key. */
export async function deadLotViolations(
  log: Log,
  facts: {
    topic: string;
    partitions: number;
    isPoison: (serial: number) => boolean;
    lotOf: (serial: number) => string;
  },
): Promise<readonly string[]> {
  const { topic, partitions, isPoison, lotOf } = facts;
  const found = new Violations();
  const seen = new Set<number>();
  const newest = new Map<string, number>();
  for (let partition = 0; partition < partitions; partition++) {
    await forEachCommitted(log, { topic, partition }, (record) => {
      const lot = keyTextOf(record);
      const serial = int64(valueBytes(record));
      const origin = originOf(record.headers());
      const name = `${topic}-${partition}@${record.offset}: trade ${serial} of ${lot}`;
      if (!isPoison(serial) || lotOf(serial) !== lot) found.add(`${name} is none that fails`);
      if (seen.has(serial)) found.add(`${name} is there twice`);
      if (origin === undefined || origin.offset <= (newest.get(lot) ?? -1)) found.add(`${name} is not in order`);
      seen.add(serial);
      newest.set(lot, origin?.offset ?? -1);
    });
  }
  return found.list;
}

/** Every lot counts 1, 2, 3, … up to the number of its trades. */
export async function lotCountViolations(
  log: Log,
  facts: { topic: string; partitions: number; expected: ReadonlyMap<string, ExpectedLot> },
): Promise<readonly string[]> {
  const { topic, partitions, expected } = facts;
  const found = new Violations();
  const counts = new Map<string, number>();
  for (let partition = 0; partition < partitions; partition++) {
    await forEachCommitted(log, { topic, partition }, (record) => {
      const lot = keyTextOf(record);
      const count = int64(valueBytes(record));
      if (count !== (counts.get(lot) ?? 0) + 1)
        found.add(`${topic}-${partition}@${record.offset}: ${lot} is ${count} after ${counts.get(lot) ?? 0}`);
      counts.set(lot, count);
    });
  }
  for (const [lot, { count }] of expected)
    if (counts.get(lot) !== count) found.add(`${topic}: ${lot} ends at ${counts.get(lot)}, expected ${count}`);
  return found.list;
}

/** The folds of both changelogs are what the trades give. */
export function lotStateViolations(
  changelogs: ReadonlyMap<string, StoreChangelog>,
  expected: ReadonlyMap<string, ExpectedLot>,
): readonly string[] {
  const found = new Violations();
  const folds: Readonly<Record<string, Map<string, number>>> = { "lot-counts": new Map(), "lot-sums": new Map() };
  for (const { changelog, rows } of changelogs.values()) {
    for (const [key, text] of new ChangelogFold(rows).upTo(Number.POSITIVE_INFINITY))
      folds[changelog.store.name]?.set(key, int64(Buffer.from(text.slice(0, 8), "latin1")));
  }
  for (const [lot, { count, sum }] of expected) {
    if (folds["lot-counts"]?.get(lot) !== count)
      found.add(`changelog of lot-counts: ${lot} is ${folds["lot-counts"]?.get(lot)}, expected ${count}`);
    if (folds["lot-sums"]?.get(lot) !== sum)
      found.add(`changelog of lot-sums: ${lot} is ${folds["lot-sums"]?.get(lot)}, expected ${sum}`);
  }
  for (const [store, fold] of Object.entries(folds))
    for (const key of fold.keys()) if (!expected.has(key)) found.add(`changelog of ${store}: ${key} is no lot`);
  return found.list;
}

/** Queries answer what the trades give: all rows, and one by one; from the log and from the snapshots alone. */
export async function lotQueryViolations(
  tables: Tables,
  expected: ReadonlyMap<string, ExpectedLot>,
): Promise<readonly string[]> {
  const found = new Violations();
  for (const freshness of ["committed", "snapshot"] as const) {
    for (const [store, field] of [
      ["lot-counts", "count"],
      ["lot-sums", "sum"],
    ] as const) {
      const table = tables.get<string, number>(store);
      const { rows } = await table.range({ freshness });
      const name = `${freshness} query of ${store}`;
      if (rows.length !== expected.size) found.add(`${name}: ${rows.length} rows, expected ${expected.size}`);
      for (const { key, value } of rows)
        if (expected.get(key)?.[field] !== value)
          found.add(`${name}: ${key} is ${value}, expected ${expected.get(key)?.[field]}`);
      for (const [lot, row] of [...expected].slice(0, 5)) {
        const answer = await table.get(lot, { freshness });
        if (answer.row?.value !== row[field])
          found.add(`${name} by key: ${lot} is ${answer.row?.value}, expected ${row[field]}`);
      }
    }
  }
  return found.list;
}

function int64(bytes: Buffer | undefined): number {
  return bytes?.length === 8 ? Number(bytes.readBigInt64BE()) : Number.NaN;
}
