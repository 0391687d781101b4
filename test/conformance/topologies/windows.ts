import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import type { TimeWindowsOptions } from "../../../lib/dsl/windows.ts";
import { timeWindows, unlimitedWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { TimestampExtractor } from "../../../lib/topology/node.ts";
import type { CaseTopology } from "./words.ts";
import { initial, wk } from "./words.ts";

const text = { key: string(), value: string() };
const counted = { key: string(), value: int64() };

function input(builder: StreamsBuilder): KStream<string, string> {
  return builder.stream("input", text);
}

function countPer(windows: TimeWindowsOptions, retention?: "1h"): CaseTopology {
  return (builder) =>
    input(builder)
      .groupByKey()
      .windowedBy(timeWindows(windows))
      .count(retention === undefined ? { store: "counts" } : { store: "counts", retention })
      .toStream()
      .selectKey(wk)
      .to("output", counted);
}

interface Trade {
  readonly price: number;
  readonly size: number;
}

interface TradeStats {
  readonly countTrades: number;
  readonly sumPrice: number;
  readonly minPrice: number;
}

const hasTime = (value: unknown): value is { readonly ts: number } =>
  typeof value === "object" && value !== null && "ts" in value;

const fromPayload: TimestampExtractor = ({ value, timestampMs }) => (hasTime(value) ? value.ts : timestampMs);

/** Cases with tumbling and hopping windows. */
export const windows: Readonly<Record<string, CaseTopology>> = {
  "tumbling-count-no-grace": countPer({ size: 1000, grace: 0 }),
  "tumbling-count-grace-500": countPer({ size: 1000, grace: 500 }),
  "tumbling-count-grace-24h": countPer({ size: 1000, grace: "24h" }),
  "tumbling-count-7s": countPer({ size: "7s", grace: "3s" }),
  "hopping-count-no-grace": countPer({ size: 1000, advance: 400, grace: 0 }),
  "hopping-count-grace": countPer({ size: 1000, advance: 500, grace: 700 }),
  "tumbling-long-retention": countPer({ size: 1000, grace: 0 }, "1h"),
  "tumbling-reduce": (builder) =>
    builder
      .stream<string, string | null>("input", text)
      .filter((_k, v) => v !== null)
      .groupByKey(text)
      .windowedBy(timeWindows({ size: 1000, grace: 200 }))
      .reduce((a, v) => `${a},${v}`, { store: "reduced" })
      .toStream()
      .selectKey(wk)
      .to("output", text),
  "tumbling-aggregate-null-values": (builder) =>
    builder
      .stream<string, string | null>("input", text)
      .groupByKey()
      .windowedBy(timeWindows({ size: 2000, grace: 1000 }))
      .aggregate(
        () => "",
        (_k, v, a) => (v === "fig" ? null : a + (v === null ? "-" : initial(v))),
        { store: "aggregated", value: string() },
      )
      .toStream()
      .selectKey(wk)
      .to("output", text),
  "tumbling-group-by-count": (builder) =>
    builder
      .stream<string, string | null>("input", text)
      .filter((_k, v) => v !== null)
      .groupBy((_k, v) => initial(v), text)
      .windowedBy(timeWindows({ size: 1000, grace: 300 }))
      .count({ store: "counts" })
      .toStream()
      .selectKey(wk)
      .to("output", counted),
  "stock-trade-stats": (builder) =>
    builder
      .stream("input", { key: string(), value: json<Trade>() })
      .groupByKey()
      .windowedBy(timeWindows({ size: "5s", advance: "1s", grace: 0 }))
      .aggregate<TradeStats>(
        () => ({ countTrades: 0, sumPrice: 0, minPrice: 0 }),
        (_k, v, a) => ({
          countTrades: a.countTrades + 1,
          sumPrice: a.sumPrice + v.price,
          minPrice: a.countTrades === 0 ? v.price : Math.min(a.minPrice, v.price),
        }),
        { store: "trade-aggregates", value: json() },
      )
      .toStream()
      .mapValues((a) => ({
        countTrades: a.countTrades,
        minPrice: a.minPrice,
        avgPrice: a.sumPrice / a.countTrades,
      }))
      .selectKey(wk)
      .to("output", { key: string(), value: json() }),
  "unlimited-windows-count": (builder) =>
    input(builder)
      .groupByKey()
      .windowedBy(unlimitedWindows({ startMs: 1000 }))
      .count({ store: "unlimited" })
      .toStream()
      .selectKey(({ key, window }) => `${key}@${window.startMs}`)
      .to("output", counted),
  "windowed-table-filter": (builder) =>
    input(builder)
      .groupByKey()
      .windowedBy(timeWindows({ size: 1000, grace: 500 }))
      .count({ store: "windowed-counts" })
      .filter((_w, n) => n >= 2)
      .mapValues((n) => n * 10)
      .toStream()
      .selectKey(wk)
      .to("output", counted),
  "payload-timestamp-windows": (builder) =>
    builder
      .stream("input", { key: string(), value: json(), timestampExtractor: fromPayload })
      .filter((_k, v) => hasTime(v))
      .groupByKey()
      .windowedBy(timeWindows({ size: 1000, grace: 300 }))
      .count({ store: "counts" })
      .toStream()
      .selectKey(wk)
      .to("output", counted),
};
