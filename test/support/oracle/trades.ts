import type { Log } from "../../../lib/ports/log.ts";
import { forEachCommitted, Violations, valueBytes } from "./committed.ts";

/** A committed trade as it lies in the input. Its size is its serial number. */
export interface FedTrade {
  readonly partition: number;
  readonly offset: number;
  readonly ticker: string;
  readonly price: number;
  readonly size: number;
  readonly timestampMs: number;
}

/** What a producer knows of a transaction; see the trade feed. */
interface KnownTransaction {
  readonly serials: readonly number[];
  readonly outcome: "committed" | "aborted" | "unknown";
}

/** The input as it was committed, in order per partition. */
export async function readTrades(
  log: Log,
  topic: string,
  partitions: number,
): Promise<readonly (readonly FedTrade[])[]> {
  const all: FedTrade[][] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const trades: FedTrade[] = [];
    await forEachCommitted(log, { topic, partition }, (record) => {
      const { ticker, price, size } = JSON.parse(valueBytes(record)?.toString() ?? "") as FedTrade;
      trades.push({ partition, offset: record.offset, ticker, price, size, timestampMs: record.timestampMs });
    });
    all.push(trades);
  }
  return all;
}

/** The input holds what its producers committed, nothing they aborted, and what they do not know as a whole or not at all. */
export function inputViolations(
  trades: readonly (readonly FedTrade[])[],
  transactions: readonly KnownTransaction[],
): readonly string[] {
  const found = new Violations();
  const places = new Map<number, string>();
  for (const { size, partition, offset } of trades.flat()) {
    const place = `${partition}@${offset}`;
    const other = places.get(size);
    if (other !== undefined) found.add(`trade ${size} is in the input twice, at ${other} and ${place}`);
    places.set(size, place);
  }
  for (const { serials, outcome } of transactions) {
    const there = serials.filter((serial) => places.has(serial));
    const name = `transaction of trades ${serials[0]} to ${serials.at(-1)}`;
    if (outcome === "committed" && there.length < serials.length)
      found.add(`committed ${name}: ${serials.length - there.length} are missing`);
    if (outcome === "aborted" && there.length > 0)
      found.add(
        `aborted ${name}: ${there.length} are in the input, the first is ${there[0]} at ${places.get(there[0] as number)}`,
      );
    if (outcome === "unknown" && there.length > 0 && there.length < serials.length)
      found.add(`torn ${name}: ${there.length} of ${serials.length} are there`);
    for (const serial of serials) places.delete(serial);
  }
  for (const [serial, place] of places) found.add(`trade ${serial} at ${place} was never written by a producer`);
  return found.list;
}
