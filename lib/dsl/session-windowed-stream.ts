import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { EmitStrategy } from "../operators/final-results.ts";
import type { Reducer } from "../operators/reduce.ts";
import type { Merger } from "../operators/session-aggregate.ts";
import type { SerdeLike } from "../serde/json.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { LateOptions } from "./late-stream.ts";
import type { KTable } from "./table.ts";
import {
  counting,
  folding,
  ofStream,
  reducing,
  type SessionFold,
  type WindowedOptions,
  type WindowedProps,
} from "./window-folds.ts";
import type { WindowStoreOptions } from "./windowed-table.ts";
import { sessionWindowedTable } from "./windowed-table.ts";
import type { SessionWindows } from "./windows.ts";

/** How the aggregates of sessions are joined and kept. */
export interface SessionStoreOptions<K, A> extends WindowStoreOptions {
  readonly merger: Merger<K, A>;
  readonly value: SerdeLike<A>;
}

/**
 * Records grouped by key and session. Null keys do not take part; null values do, as in Kafka Streams: filter them out first
 * where they should not count. A record that extends or joins sessions deletes their rows (tombstones downstream) and makes
 * one new row. A session that ended longer ago than gap plus grace, in stream time, takes no more records.
 */
export class SessionWindowedKStream<K, V> {
  private readonly props: WindowedProps<SessionWindows>;

  /** @internal Made by `KGroupedStream.windowedBy`. */
  constructor(props: WindowedProps<SessionWindows>) {
    this.props = Object.freeze(props);
  }

  /**
   * Number of records per key and session.
   *
   * @example
   * const visits = clicks.groupByKey().windowedBy(sessionWindows({ gap: "30m", grace: "1m" })).count({ store: "visits" });
   */
  count(options: WindowedOptions<K, V> = {}): KTable<Windowed<K>, number> {
    return this.fold<number>(options, counting);
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
    options: WindowedOptions<K, V> & { readonly value?: SerdeLike<V> } = {},
  ): KTable<Windowed<K>, V> {
    return this.fold<V | null, V>(options, reducing(reducer, options.value));
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
    const { merger, value } = options;
    return this.fold<A>(options, { ...folding(initializer, aggregator, value), merger });
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
    options: WindowedOptions<K, V>,
    { merger, ...fold }: SessionFold<K, V, A>,
  ): KTable<Windowed<K>, R> {
    return sessionWindowedTable<K, V, A, R>(this.props.windows, merger, ofStream(this.props, options, fold));
  }
}
