import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import { aggregate } from "../operators/aggregate.ts";
import { count } from "../operators/count.ts";
import type { Reducer } from "../operators/reduce.ts";
import { reduce } from "../operators/reduce.ts";
import { storedRows } from "../operators/table-rows.ts";
import { int64 } from "../serde/int64.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { GroupedProps } from "./aggregation.ts";
import { Aggregation } from "./aggregation.ts";
import { CogroupedKStream } from "./cogrouped-stream.ts";
import { prefixes } from "./prefixes.ts";
import type { TtlOptions } from "./row-ttl.ts";
import { endingRows } from "./row-ttl.ts";
import { bothKnown } from "./serdes.ts";
import { SessionWindowedKStream } from "./session-windowed-stream.ts";
import type { Named } from "./stream.ts";
import { KTable } from "./table.ts";
import { TimeWindowedKStream } from "./windowed-stream.ts";
import type { SessionWindows, SlidingWindows, TimeWindows } from "./windows.ts";

/** How the table of an aggregation is kept. */
export interface StoreOptions extends Named {
  /** Name of the store: makes it queryable, and keeps its state when operators are added in front. */
  readonly store?: string;
  /** False: no changelog; the store is empty after every move. */
  readonly logged?: boolean;
}

/** A store whose values need a serde. */
export interface ValueStoreOptions<A> extends StoreOptions {
  readonly value: SerdeLike<A>;
}

/**
 * Records grouped by key. Null keys and null values do not take part in `count`, `reduce` and `aggregate`.
 */
export class KGroupedStream<K, V> {
  /** @internal */
  readonly aggregation: Aggregation;
  private readonly props: GroupedProps;

  /** @internal Made by `KStream.groupByKey` and `groupBy`. */
  constructor(props: GroupedProps) {
    this.props = Object.freeze(props);
    this.aggregation = new Aggregation(this.props);
  }

  /**
   * Number of records per key.
   *
   * @example
   * const counts = trades.groupByKey().count({ store: "trades-per-ticker" });
   */
  count(options: StoreOptions & TtlOptions = {}): KTable<K, number> {
    return this.table(prefixes.aggregate, { ...options, value: int64() }, count);
  }

  /**
   * Combines the values of a key; the first one is the result as it is. A null result deletes the row.
   *
   * @example
   * const highest = prices.groupByKey().reduce((a, b) => Math.max(a, b), { store: "highest" });
   */
  reduce(
    reducer: Reducer<V>,
    options: StoreOptions & TtlOptions & { readonly value?: SerdeLike<V> } = {},
  ): KTable<K, V> {
    const value: Serde<unknown> | undefined = options.value && asSerde(options.value);
    return this.table(prefixes.reduce, { ...options, value }, (kept) => reduce({ ...kept, reducer }));
  }

  /**
   * Folds the values of a key into an aggregate. A null result deletes the row; the next value starts anew.
   *
   * @param options `value`: serde or schema of the aggregate.
   * @example
   * const sums = trades.groupByKey().aggregate(() => 0, (ticker, trade, sum) => sum + trade.size, { store: "sums", value: int64() });
   */
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: ValueStoreOptions<A> & TtlOptions,
  ): KTable<K, A> {
    const value: Serde<unknown> = asSerde(options.value);
    return this.table(prefixes.aggregate, { ...options, value }, (kept) =>
      aggregate({ ...kept, initializer, aggregator }),
    );
  }

  /**
   * Groups each key's records by windows of their timestamps, or by sessions.
   *
   * @example
   * const perMinute = clicks.groupByKey().windowedBy(timeWindows({ size: "1m", grace: "10s" })).count();
   */
  windowedBy(windows: TimeWindows | SlidingWindows): TimeWindowedKStream<K, V>;
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V>;
  windowedBy(
    windows: TimeWindows | SlidingWindows | SessionWindows,
  ): TimeWindowedKStream<K, V> | SessionWindowedKStream<K, V> {
    const props = { ...this.props, aggregation: this.aggregation, emit: "onWindowUpdate" } as const;
    return windows.kind === "session"
      ? new SessionWindowedKStream<K, V>({ ...props, windows })
      : new TimeWindowedKStream<K, V>({ ...props, windows });
  }

  /**
   * Begins an aggregation of several streams into one table: each has its own aggregator, the aggregate is shared.
   *
   * @example
   * const activity = clicks.groupByKey().cogroup<number>((page, click, sum) => sum + 1)
   *   .cogroup(visits.groupByKey(), (page, visit, sum) => sum + visit.seconds)
   *   .aggregate(() => 0, { store: "activity", value: int64() });
   */
  cogroup<A>(aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    return CogroupedKStream.of<K, V, A>(this, aggregator);
  }

  private table<A>(
    prefix: string,
    options: StoreOptions & TtlOptions & { readonly value: Serde<unknown> | undefined },
    operator: Parameters<Aggregation["add"]>[1],
  ): KTable<K, A> {
    const added = this.aggregation.add({ ...options, prefix, type: "timestampedKeyValue" }, (kept) =>
      endingRows(operator(kept), options, { kept, sendsOldValues: true }),
    );
    return new KTable<K, A>({
      graph: this.props.graph,
      node: added.node,
      sources: added.sources,
      serdes: bothKnown(added.keySerde, added.valueSerde),
      oldValues: added.oldValues,
      rows: () => storedRows(added.store),
      sourceKeyed: added.sourceKeyed,
    });
  }
}
