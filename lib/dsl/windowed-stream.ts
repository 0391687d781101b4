import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { EmitStrategy } from "../operators/final-results.ts";
import type { Reducer } from "../operators/reduce.ts";
import type { SerdeLike } from "../serde/json.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { KTable } from "./table.ts";
import {
  counting,
  folding,
  ofStream,
  reducing,
  type WindowedOptions,
  type WindowedProps,
  type WindowFold,
} from "./window-folds.ts";
import { timeWindowedTable } from "./windowed-table.ts";
import type { SlidingWindows, TimeWindows } from "./windows.ts";

/**
 * Records grouped by key and time window. Null keys do not take part; null values do, as in Kafka Streams: filter them out
 * first where they should not count (over sliding windows null values do not take part either). A record that comes after its
 * window's end plus grace, in stream time, is dropped.
 */
export class TimeWindowedKStream<K, V> {
  private readonly props: WindowedProps<TimeWindows | SlidingWindows>;

  /** @internal Made by `KGroupedStream.windowedBy`. */
  constructor(props: WindowedProps<TimeWindows | SlidingWindows>) {
    this.props = Object.freeze(props);
  }

  /**
   * Number of records per key and window.
   *
   * @example
   * const perMinute = clicks.groupByKey().windowedBy(timeWindows({ size: "1m", grace: "10s" })).count({ store: "per-minute" });
   */
  count(options: WindowedOptions<K, V> = {}): KTable<Windowed<K>, number> {
    return this.fold<number>(options, counting);
  }

  /**
   * Combines the values of a key within a window; the first one is the result as it is. A null result deletes the row.
   *
   * @example
   * const highest = prices.groupByKey().windowedBy(timeWindows({ size: "1h", grace: "1m" })).reduce((a, b) => Math.max(a, b));
   */
  reduce(
    reducer: Reducer<V>,
    options: WindowedOptions<K, V> & { readonly value?: SerdeLike<V> } = {},
  ): KTable<Windowed<K>, V> {
    return this.fold<V | null, V>(options, reducing(reducer, options.value));
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
    options: WindowedOptions<K, V> & { readonly value: SerdeLike<A> },
  ): KTable<Windowed<K>, A> {
    return this.fold<A>(options, folding(initializer, aggregator, options.value));
  }

  /**
   * When results are emitted: with `"onWindowClose"` each window once, when stream time has passed its end plus grace, and no
   * updates before. Without this every update of a window is.
   *
   * @example
   * const perMinute = clicks.groupByKey()
   *   .windowedBy(timeWindows({ size: "1m", grace: "10s" })).emitStrategy("onWindowClose").count();
   */
  emitStrategy(emit: EmitStrategy): TimeWindowedKStream<K, V> {
    return new TimeWindowedKStream<K, V>({ ...this.props, emit });
  }

  private fold<A, R = A>(options: WindowedOptions<K, V>, fold: WindowFold<K, V, A>): KTable<Windowed<K>, R> {
    return timeWindowedTable<K, V, A, R>(this.props.windows, ofStream(this.props, options, fold));
  }
}
