import * as z from "zod";
import { defineApp, json, string, timeWindowed, timeWindows } from "../../lib/index.ts";

/** One trade of a stock. */
export const Trade = z.object({ ticker: z.string(), price: z.number(), size: z.number().int() });
/** What the table keeps per ticker and window. */
export const Stats = z.object({ count: z.number().int(), min: z.number(), sum: z.number() });
/** What goes out: the same with the average. */
export const Summary = Stats.extend({ average: z.number() });

/** Stock Trade Stats: count, minimum and average price per ticker over the last five seconds, every second. */
export const app = defineApp({ id: "stock-trades" }, (builder) => {
  builder
    .stream("trades", { key: string(), value: json(Trade) })
    .groupByKey()
    .windowedBy(timeWindows({ size: "5s", advance: "1s", grace: "1s" }))
    .aggregate(
      () => ({ count: 0, min: Number.POSITIVE_INFINITY, sum: 0 }),
      (_ticker, trade, s) => ({ count: s.count + 1, min: Math.min(s.min, trade.price), sum: s.sum + trade.price }),
      { store: "trade-stats", value: json(Stats) },
    )
    .mapValues((s) => ({ ...s, average: s.sum / s.count }))
    .toStream()
    .to("trade-stats-out", { key: timeWindowed(string(), "5s"), value: json(Summary) });
});

export default app;
