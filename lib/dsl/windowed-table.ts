import type { Duration } from "../core/duration.ts";
import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { EmitStrategy } from "../operators/final-results.ts";
import type { KeyedStore } from "../operators/keyed-store.ts";
import type { Merger } from "../operators/session-aggregate.ts";
import { sessionAggregate } from "../operators/session-aggregate.ts";
import { slidingAggregate } from "../operators/sliding-aggregate.ts";
import { sessionRows, windowedRows } from "../operators/table-rows.ts";
import { windowAggregate } from "../operators/window-aggregate.ts";
import type { Serde } from "../serde/serde.ts";
import type { Windowed } from "../serde/windowed.ts";
import { sessionWindowed, timeWindowed } from "../serde/windowed.ts";
import type { Operator } from "../topology/operator.ts";
import type { AddedAggregation, AggregationOptions, LeastRetention } from "./aggregation.ts";
import { checkedRetention } from "./aggregation.ts";
import type { Graph } from "./graph.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import type { LateOptions } from "./late-stream.ts";
import { addLateStream, lateNode } from "./late-stream.ts";
import { bothKnown } from "./serdes.ts";
import type { TableProps } from "./table.ts";
import { KTable } from "./table.ts";
import type { SessionWindows, SlidingWindows, TimeWindows } from "./windows.ts";

/** How the table of a windowed aggregation is kept. */
export interface WindowStoreOptions extends StoreOptions {
  /** How long windows can be queried, in stream time; without it until they are closed, and never less. */
  readonly retention?: Duration;
}

/** An aggregation over windows, of one stream or of several cogrouped ones. */
export interface WindowedAggregation<K, V, A> {
  readonly graph: Graph;
  readonly prefix: string;
  readonly options: WindowStoreOptions & LateOptions<K, V>;
  readonly value: Serde<unknown> | undefined;
  readonly initializer: Initializer<A>;
  readonly readsValue?: boolean;
  readonly emit?: EmitStrategy;
  /** Adds store and nodes; the operator is asked for once per stream. */
  readonly add: (
    options: AggregationOptions,
    operator: (kept: KeyedStore, aggregator: Aggregator<K, V, A>) => Operator,
  ) => AddedAggregation;
}

/** Adds an aggregation over time or sliding windows. `R` is `A` without what cannot come out. */
export function timeWindowedTable<K, V, A, R = A>(
  windows: TimeWindows | SlidingWindows,
  {
    graph,
    prefix,
    options,
    value,
    initializer,
    readsValue = true,
    emit = "onWindowUpdate",
    add,
  }: WindowedAggregation<K, V, A>,
): KTable<Windowed<K>, R> {
  const { store, name, logged } = options;
  const windowSizeMs = windows.kind === "time" ? windows.sizeMs : windows.differenceMs;
  const retentionMs = checkedRetention(options.retention, leastRetention(windows));
  const type = "timestampedWindow";
  const late = lateNode(graph, options, name);
  const added = add({ prefix, type, store, name, logged, value, windowSizeMs, retentionMs }, (kept, aggregator) =>
    windows.kind === "time"
      ? windowAggregate<K, V, A>({ ...kept, late, windows, initializer, aggregator, readsValue, emit })
      : slidingAggregate<K, V, A>({ ...kept, late, windows, initializer, aggregator, readsValue, emit }),
  );
  tapLate(graph, { added, late, options });
  return windowedTable<K, R>(graph, added, {
    key: timeWindowed(added.keySerde, windowSizeMs),
    rows: () => windowedRows(added.store),
    closeDelayMs: windows.graceMs,
    windows: { type, keySerde: added.keySerde, windowSizeMs, retentionMs },
  });
}

/** Adds an aggregation over sessions. */
export function sessionWindowedTable<K, V, A, R = A>(
  windows: SessionWindows,
  merger: Merger<K, A>,
  {
    graph,
    prefix,
    options,
    value,
    initializer,
    readsValue = true,
    emit = "onWindowUpdate",
    add,
  }: WindowedAggregation<K, V, A>,
): KTable<Windowed<K>, R> {
  const { store, name, logged } = options;
  const closeDelayMs = windows.gapMs + windows.graceMs;
  // A session that ends just then is invisible and not closed yet: it would never be emitted.
  const least: LeastRetention =
    emit === "onWindowClose"
      ? { ms: closeDelayMs + 1, sum: "gap + grace + 1 ms (to emit on close)" }
      : { ms: closeDelayMs, sum: "gap + grace" };
  const retentionMs = checkedRetention(options.retention, least);
  const late = lateNode(graph, options, name);
  const type = "session";
  const added = add({ prefix, type, store, name, logged, value, retentionMs }, (kept, aggregator) =>
    sessionAggregate<K, V, A>({ ...kept, late, windows, initializer, aggregator, merger, readsValue, emit }),
  );
  tapLate(graph, { added, late, options });
  return windowedTable<K, R>(graph, added, {
    key: sessionWindowed(added.keySerde),
    rows: () => sessionRows(added.store),
    closeDelayMs,
    windows: { type, keySerde: added.keySerde, retentionMs },
  });
}

function tapLate<K, V>(
  graph: Graph,
  {
    added,
    late,
    options,
  }: {
    readonly added: AddedAggregation;
    readonly late: string | undefined;
    readonly options: LateOptions<K, V>;
  },
): void {
  const { sources, sourceKeyed, input } = added;
  addLateStream({ graph, sources, sourceKeyed, serdes: input.serdes }, { late, parents: input.nodes }, options);
}

function windowedTable<K, R>(
  graph: Graph,
  added: AddedAggregation,
  { key, ...kept }: Pick<TableProps, "rows" | "closeDelayMs" | "windows"> & { readonly key: Serde<Windowed<unknown>> },
): KTable<Windowed<K>, R> {
  const { node, sources, valueSerde, oldValues } = added;
  const serdes = bothKnown(key as Serde<unknown>, valueSerde);
  // The key is a windowed one now, and no longer that of the source.
  return new KTable<Windowed<K>, R>({
    graph,
    node,
    sources,
    serdes,
    oldValues,
    ...kept,
    sourceKeyed: false,
  });
}

/** Time windows are kept until they are closed; sliding ones longer, because later windows start from their aggregates. */
function leastRetention(windows: TimeWindows | SlidingWindows): LeastRetention {
  const { graceMs } = windows;
  if (windows.kind === "sliding") {
    return { ms: 2 * windows.differenceMs + graceMs, sum: "2 * timeDifference + grace" };
  }
  return { ms: (windows.onlyStartMs ?? 0) + windows.sizeMs + graceMs, sum: "size + grace" };
}
