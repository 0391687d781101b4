import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { EmitStrategy } from "../operators/final-results.ts";
import type { Reducer } from "../operators/reduce.ts";
import type { Merger } from "../operators/session-aggregate.ts";
import { int64 } from "../serde/int64.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Aggregation, GroupedProps } from "./aggregation.ts";
import type { LateOptions } from "./late-stream.ts";
import { prefixes } from "./prefixes.ts";
import type { WindowedAggregation, WindowStoreOptions } from "./windowed-table.ts";

/** What a stream over windows is made of. */
export interface WindowedProps<W> extends GroupedProps {
  readonly windows: W;
  readonly aggregation: Aggregation;
  readonly emit: EmitStrategy;
}

/** What an aggregation of a stream over windows may be told: about its store, and about records that come too late. */
export type WindowedOptions<K, V> = WindowStoreOptions & LateOptions<K, V>;

/** What differs between the aggregations of a stream over windows. */
export interface WindowFold<K, V, A>
  extends Pick<WindowedAggregation<K, V, A>, "prefix" | "value" | "initializer" | "readsValue"> {
  readonly aggregator: Aggregator<K, V, A>;
}

/** The same over sessions, whose results are joined. */
export interface SessionFold<K, V, A> extends WindowFold<K, V, A> {
  readonly merger: Merger<K, A>;
}

/** Counts records, without a look at them. */
export const counting: SessionFold<unknown, unknown, number> = {
  prefix: prefixes.aggregate,
  value: int64(),
  initializer: () => 0,
  aggregator: (_key, _value, before) => before + 1,
  merger: (_key, first, second) => first + second,
  readsValue: false,
};

/** Combines values; a first one is the result as it is. */
export function reducing<V>(reducer: Reducer<V>, value: SerdeLike<V> | undefined): SessionFold<unknown, V, V | null> {
  const join = (before: V | null, each: V): V | null => (before === null ? each : reducer(before, each));
  return {
    prefix: prefixes.reduce,
    value: value && asSerde<unknown>(value),
    initializer: () => null,
    aggregator: (_key, each, before) => join(before, each),
    merger: (_key, first, second) => join(first, second as V),
  };
}

/** Folds values into an aggregate. */
export function folding<K, V, A>(
  initializer: Initializer<A>,
  aggregator: Aggregator<K, V, A>,
  value: SerdeLike<A>,
): WindowFold<K, V, A> {
  return { prefix: prefixes.aggregate, value: asSerde<unknown>(value), initializer, aggregator };
}

/** The aggregation of one stream, as the table of it takes it. */
export function ofStream<K, V, A>(
  { aggregation, graph, emit }: WindowedProps<unknown>,
  options: WindowedOptions<K, V>,
  { aggregator, ...functions }: WindowFold<K, V, A>,
): WindowedAggregation<K, V, A> {
  return {
    ...functions,
    graph,
    options,
    emit,
    add: (store, operator) => aggregation.add(store, (kept) => operator(kept, aggregator)),
  };
}
