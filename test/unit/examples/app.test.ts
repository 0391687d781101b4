import { expect, test } from "vitest";
import { app } from "../../../examples/stock-trade-stats/app.ts";
import { Audit, type TableRow } from "../../../examples/stock-trade-stats/expected/audit.ts";
import { generatedTrades } from "../../../examples/stock-trade-stats/inputs/generated-trades.ts";
import { readRecordedVolumes } from "../../../examples/stock-trade-stats/inputs/recorded-volumes.ts";
import { replayedTrades } from "../../../examples/stock-trade-stats/inputs/replayed-trades.ts";
import type { TradeSource } from "../../../examples/stock-trade-stats/inputs/trade-source.ts";
import { TopologyHost } from "../../support/task-host.ts";

const topic = { partitions: 1, partitionFor: () => 0 };
const sources: readonly (() => TradeSource)[] = [
  () => generatedTrades({ seed: 11, topic, startAtMs: 1_700_000_000_000, peakPerSecond: 150 }),
  () => replayedTrades({ seed: 11, topic, volumes: readRecordedVolumes() }),
];

/** Runs 20 s of an input through the real topology and through the audit. */
function runBoth(source: TradeSource) {
  const host = new TopologyHost(app.topology);
  const audit = new Audit();
  let offset = 0;
  source.next(20_000, 0.1 * (source.name === "nab" ? 1 : 10), (trade) => {
    const { ticker, price, size, timestampMs } = trade;
    host.pipe("trades", { key: ticker, value: { ticker, price, size }, timestampMs });
    audit.appended(trade, offset++);
  });
  audit.reach(0, offset);
  const table = host.windows("trade-stats").map(([ticker, windowStartMs, value]): TableRow => {
    const stats = value as { count: number; min: number; sum: number };
    return { ticker, windowStartMs, ...stats };
  });
  return { host, audit, table, records: offset };
}

test.for(sources.map((source) => [source().name, source] as const))(
  "with the input %s the table equals the independent computation, row by row and to the last bit",
  ([, source]) => {
    const { host, audit, table, records } = runBoth(source());
    expect(records).toBeGreaterThan(400);
    expect(table.length).toBeGreaterThan(10);
    expect(audit.compare(0, table)).toMatchObject({
      rows: table.length,
      rowsDiffering: 0,
      difference: 0,
      examples: [],
    });
    expect(host.outputs).toHaveLength(audit.totals().updates);
  },
);

test("the generator makes late windows, and the topology leaves out exactly as many", () => {
  const { host, audit } = runBoth(
    generatedTrades({ seed: 3, topic, startAtMs: 1_700_000_000_000, peakPerSecond: 200 }),
  );
  expect(audit.totals().lateWindows).toBeGreaterThan(0);
  expect(host.drops.filter(([, reason]) => reason === "late")).toHaveLength(audit.totals().lateWindows);
});

test("the average goes out with count, minimum and sum, under the windowed key", () => {
  const host = new TopologyHost(app.topology);
  for (const price of [10, 14]) {
    host.pipe("trades", { key: "KO", value: { ticker: "KO", price, size: 1 }, timestampMs: 9_000 });
  }
  expect(host.outputs.at(-1)).toMatchObject({
    topic: "trade-stats-out",
    key: { key: "KO", window: { startMs: 9_000, endMs: 14_000 } },
    value: { count: 2, min: 10, sum: 24, average: 12 },
  });
});
