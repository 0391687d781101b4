import type { Duration } from "../core/duration.ts";
import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { Reducer } from "../operators/reduce.ts";
import { slidingAggregate } from "../operators/sliding-aggregate.ts";
import { windowedRows } from "../operators/table-rows.ts";
import { windowAggregate } from "../operators/window-aggregate.ts";
import { int64 } from "../serde/int64.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { Windowed } from "../serde/windowed.ts";
import { timeWindowed } from "../serde/windowed.ts";
import type { Aggregation, GroupedProps, LeastRetention } from "./aggregation.ts";
import { checkedRetention } from "./aggregation.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import { prefixes } from "./prefixes.ts";
import { bothKnown } from "./serdes.ts";
import { KTable } from "./table.ts";
import type { SlidingWindows, TimeWindows } from "./windows.ts";

/** How the table of a windowed aggregation is kept. */
export interface WindowStoreOptions extends StoreOptions {
  /** How long windows can be queried, in stream time; size + grace without it, and never less. */
  readonly retention?: Duration;
}

/** What a windowed stream is made of. */
export interface WindowedProps extends GroupedProps {
  readonly windows: TimeWindows | SlidingWindows;
  readonly aggregation: Aggregation;
}

/** What differs between the three windowed aggregations. */
interface WindowedFold<K, V, A> {
  readonly prefix: string;
  readonly value: Serde<unknown> | undefined;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
  readonly readsValue?: boolean;
}

/**
 * Records grouped by key and time window. Null keys do not take part; null values do, as in Kafka Streams: filter them out
 * first where they should not count (over sliding windows null values do not take part either). A record that comes after its window's end plus grace, in stream time, is dropped.
 */
export class TimeWindowedKStream<K, V> {
  private readonly props: WindowedProps;

  /** @internal Made by `KGroupedStream.windowedBy`. */
  constructor(props: WindowedProps) {
    this.props = Object.freeze(props);
  }

  /**
   * Number of records per key and window.
   *
   * @example
   * const perMinute = clicks.groupByKey().windowedBy(timeWindows({ size: "1m", grace: "10s" })).count({ store: "per-minute" });
   */
  count(options: WindowStoreOptions = {}): KTable<Windowed<K>, number> {
    return this.fold<number>(options, {
      prefix: prefixes.aggregate,
      value: int64(),
      initializer: () => 0,
      aggregator: (_key, _value, before) => before + 1,
      readsValue: false,
    });
  }

  /**
   * Combines the values of a key within a window; the first one is the result as it is. A null result deletes the row.
   *
   * @example
   * const highest = prices.groupByKey().windowedBy(timeWindows({ size: "1h", grace: "1m" })).reduce((a, b) => Math.max(a, b));
   */
  reduce(
    reducer: Reducer<V>,
    options: WindowStoreOptions & { readonly value?: SerdeLike<V> } = {},
  ): KTable<Windowed<K>, V> {
    const value: Serde<unknown> | undefined = options.value && asSerde(options.value);
    return this.fold<V | null, V>(options, {
      prefix: prefixes.reduce,
      value,
      initializer: () => null,
      aggregator: (_key, each, before) => (before === null ? each : reducer(before, each)),
    });
  }

  /**
   * Folds the values of a key within a window into an aggregate. A null result deletes the row; the next value starts anew.
   *
   * @param options `value`: serde or schema of the aggregate.
   * @example
   * const volume = trades.groupByKey()
   *   .windowedBy(timeWindows({ size: "5s", advance: "1s", grace: "1s" }))
   *   .aggregate(() => 0, (ticker, trade, sum) => sum + trade.size, { store: "volume", value: int64() });
   */
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: WindowStoreOptions & { readonly value: SerdeLike<A> },
  ): KTable<Windowed<K>, A> {
    const value: Serde<unknown> = asSerde(options.value);
    return this.fold<A>(options, { prefix: prefixes.aggregate, value, initializer, aggregator });
  }

  private fold<A, R = A>(
    { store, name, logged, retention }: WindowStoreOptions,
    { prefix, value, readsValue = true, ...functions }: WindowedFold<K, V, A>,
  ): KTable<Windowed<K>, R> {
    const { aggregation, windows, graph } = this.props;
    const windowSizeMs = windows.kind === "time" ? windows.sizeMs : windows.differenceMs;
    const retentionMs = checkedRetention(retention, leastRetention(windows));
    const added = aggregation.add(
      { prefix, type: "timestampedWindow", store, name, logged, value, windowSizeMs, retentionMs },
      (kept) =>
        windows.kind === "time"
          ? windowAggregate<K, V, A>({ ...kept, ...functions, windows, readsValue })
          : slidingAggregate<K, V, A>({ ...kept, ...functions, windows, readsValue }),
    );
    return new KTable<Windowed<K>, R>({
      graph,
      node: added.node,
      sources: added.sources,
      serdes: bothKnown(timeWindowed(added.keySerde, windowSizeMs), added.valueSerde),
      oldValues: added.oldValues,
      rows: () => windowedRows(added.store),
      // The key is a windowed one now.
      sourceKeyed: false,
    });
  }
}

/** Time windows are kept until they are closed; sliding ones longer, because later windows start from their aggregates. */
function leastRetention(windows: TimeWindows | SlidingWindows): LeastRetention {
  const { graceMs } = windows;
  if (windows.kind === "sliding") {
    return { ms: 2 * windows.differenceMs + graceMs, sum: "2 * timeDifference + grace" };
  }
  return { ms: (windows.onlyStartMs ?? 0) + windows.sizeMs + graceMs, sum: "size + grace" };
}
