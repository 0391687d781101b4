import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { EmitStrategy } from "../operators/final-results.ts";
import type { Reducer } from "../operators/reduce.ts";
import type { Merger } from "../operators/session-aggregate.ts";
import { int64 } from "../serde/int64.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { Aggregation, GroupedProps } from "./aggregation.ts";
import type { LateOptions } from "./late-stream.ts";
import { prefixes } from "./prefixes.ts";
import type { KTable } from "./table.ts";
import type { WindowStoreOptions } from "./windowed-table.ts";
import { sessionWindowedTable } from "./windowed-table.ts";
import type { SessionWindows } from "./windows.ts";

/** How the aggregates of sessions are joined and kept. */
export interface SessionStoreOptions<K, A> extends WindowStoreOptions {
  readonly merger: Merger<K, A>;
  readonly value: SerdeLike<A>;
}

/** What a stream of sessions is made of. */
export interface SessionWindowedProps extends GroupedProps {
  readonly windows: SessionWindows;
  readonly aggregation: Aggregation;
  readonly emit: EmitStrategy;
}

/** What differs between the three aggregations. */
interface SessionFold<K, V, A> {
  readonly prefix: string;
  readonly value: Serde<unknown> | undefined;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
  readonly merger: Merger<K, A>;
  readonly readsValue?: boolean;
}

/**
 * Records grouped by key and session. Null keys do not take part; null values do, as in Kafka Streams: filter them out first
 * where they should not count. A record that extends or joins sessions deletes their rows (tombstones downstream) and makes
 * one new row. A session that ended longer ago than gap plus grace, in stream time, takes no more records.
 */
export class SessionWindowedKStream<K, V> {
  private readonly props: SessionWindowedProps;

  /** @internal Made by `KGroupedStream.windowedBy`. */
  constructor(props: SessionWindowedProps) {
    this.props = Object.freeze(props);
  }

  /**
   * Number of records per key and session.
   *
   * @example
   * const visits = clicks.groupByKey().windowedBy(sessionWindows({ gap: "30m", grace: "1m" })).count({ store: "visits" });
   */
  count(options: WindowStoreOptions & LateOptions<K, V> = {}): KTable<Windowed<K>, number> {
    return this.fold<number>(options, {
      prefix: prefixes.aggregate,
      value: int64(),
      initializer: () => 0,
      aggregator: (_key, _value, before) => before + 1,
      merger: (_key, first, second) => first + second,
      readsValue: false,
    });
  }

  /**
   * Combines the values of a key within a session, and the results of sessions that a record joins; a first value is the
   * result as it is. A null result deletes the row.
   *
   * @example
   * const longest = prices.groupByKey().windowedBy(sessionWindows({ gap: "1m", grace: "5s" })).reduce((a, b) => Math.max(a, b));
   */
  reduce(
    reducer: Reducer<V>,
    options: WindowStoreOptions & LateOptions<K, V> & { readonly value?: SerdeLike<V> } = {},
  ): KTable<Windowed<K>, V> {
    const value: Serde<unknown> | undefined = options.value && asSerde(options.value);
    const join = (before: V | null, each: V): V | null => (before === null ? each : reducer(before, each));
    return this.fold<V | null, V>(options, {
      prefix: prefixes.reduce,
      value,
      initializer: () => null,
      aggregator: (_key, each, before) => join(before, each),
      merger: (_key, first, second) => join(first, second as V),
    });
  }

  /**
   * Folds the values of a key within a session into an aggregate. A null result deletes the row; the next value starts anew.
   *
   * @param options `value`: serde or schema of the aggregate. `merger` combines the aggregates of sessions that a record
   *   joins; it is called for every session that a record extends, first with the initializer's value.
   * @example
   * const volume = trades.groupByKey()
   *   .windowedBy(sessionWindows({ gap: "5s", grace: "1s" }))
   *   .aggregate(() => 0, (ticker, trade, sum) => sum + trade.size, { merger: (ticker, a, b) => a + b, store: "volume", value: int64() });
   */
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: SessionStoreOptions<K, A> & LateOptions<K, V>,
  ): KTable<Windowed<K>, A> {
    const value: Serde<unknown> = asSerde(options.value);
    const { merger } = options;
    return this.fold<A>(options, { prefix: prefixes.aggregate, value, initializer, aggregator, merger });
  }

  /**
   * When results are emitted: with `"onWindowClose"` each session once, when stream time has passed its end plus gap and grace;
   * no updates and no tombstones before. Without this every update of a session is.
   *
   * @example
   * const visits = clicks.groupByKey()
   *   .windowedBy(sessionWindows({ gap: "30m", grace: "1m" })).emitStrategy("onWindowClose").count();
   */
  emitStrategy(emit: EmitStrategy): SessionWindowedKStream<K, V> {
    return new SessionWindowedKStream<K, V>({ ...this.props, emit });
  }

  private fold<A, R = A>(
    options: WindowStoreOptions & LateOptions<K, V>,
    { aggregator, merger, ...functions }: SessionFold<K, V, A>,
  ): KTable<Windowed<K>, R> {
    const { aggregation, windows, graph, emit } = this.props;
    return sessionWindowedTable<K, V, A, R>(windows, merger, {
      ...functions,
      graph,
      options,
      emit,
      add: (store, operator) => aggregation.add(store, (kept) => operator(kept, aggregator)),
    });
  }
}
