import type { StreamsBuilder } from "../../lib/dsl/builder.ts";
import {
  bytes,
  int64,
  joinWindows,
  json,
  sessionWindowed,
  sessionWindows,
  string,
  timeWindowed,
  timeWindows,
} from "../../lib/index.ts";
import type { ShapeName } from "./shapes.ts";

/** Where a topology reads and writes. */
export interface ShapeTopics {
  readonly input: string;
  readonly other: string;
  readonly output: string;
}

interface Trade {
  readonly ticker: string;
  readonly price: number;
  readonly size: number;
}

interface Stats {
  readonly count: number;
  readonly min: number;
  readonly sum: number;
}

const text = { key: string(), value: string() };
const opaque = { key: string(), value: bytes() };
const trades = { key: string(), value: json<Trade>() };

/** The topologies of the comparison through the public DSL, each the same as in `Shapes.java`. */
export const shapeApps: Readonly<Record<ShapeName, (builder: StreamsBuilder, topics: ShapeTopics) => void>> = {
  "keyed-count": (builder, { input, output }) => {
    const counts = builder.stream(input, opaque).groupByKey().count({ store: "counts" });
    counts.toStream().to(output, { key: string(), value: int64() });
  },
  hopping: (builder, { input, output }) => {
    builder
      .stream(input, trades)
      .groupByKey()
      .windowedBy(timeWindows({ size: "5s", advance: "1s", grace: "1s" }))
      .aggregate(
        (): Stats => ({ count: 0, min: Number.POSITIVE_INFINITY, sum: 0 }),
        (_ticker, { price }, { count, min, sum }) => ({
          count: count + 1,
          min: Math.min(min, price),
          sum: sum + price,
        }),
        { store: "stats", value: json<Stats>() },
      )
      .mapValues((stats) => ({ ...stats, average: stats.sum / stats.count }))
      .toStream()
      .to(output, { key: timeWindowed(string(), "5s"), value: json() });
  },
  session: (builder, { input, output }) => {
    builder
      .stream(input, opaque)
      .groupByKey()
      .windowedBy(sessionWindows({ gap: "50ms", grace: "1s" }))
      .count({ store: "sessions" })
      .toStream()
      .to(output, { key: sessionWindowed(string()), value: int64() });
  },
  join: (builder, { input, other, output }) => {
    const rows = builder.table(other, { ...text, store: "table" });
    builder
      .stream(input, text)
      .join(rows, (left, right) => left + right)
      .to(output, text);
  },
  "stream-join": (builder, { input, other, output }) => {
    builder
      .stream(input, text)
      .join(
        builder.stream(other, text),
        (left, right) => left + right,
        joinWindows({ timeDifference: "500ms", grace: "10m" }),
      )
      .to(output, text);
  },
  filter: (builder, { input, output }) => {
    builder
      .stream(input, opaque)
      .filter((key) => (key.at(-1) ?? "") < "7")
      .selectKey((key) => key.slice(4))
      .to(output, opaque);
  },
  json: (builder, { input, output }) => {
    builder
      .stream(input, trades)
      .mapValues((trade) => ({ ...trade, notional: trade.price * trade.size }))
      .to(output, { key: string(), value: json() });
  },
};
