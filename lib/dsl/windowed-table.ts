import type { Duration } from "../core/duration.ts";
import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { EmitStrategy } from "../operators/final-results.ts";
import type { KeyedStore } from "../operators/keyed-store.ts";
import type { Merger } from "../operators/session-aggregate.ts";
import { sessionAggregate } from "../operators/session-aggregate.ts";
import { slidingAggregate } from "../operators/sliding-aggregate.ts";
import { sessionRows, windowedRows } from "../operators/table-rows.ts";
import type { WindowAggregateProps } from "../operators/window-aggregate.ts";
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
  aggregation: WindowedAggregation<K, V, A>,
): KTable<Windowed<K>, R> {
  const windowSizeMs = windows.kind === "time" ? windows.sizeMs : windows.differenceMs;
  const retentionMs = checkedRetention(aggregation.options.retention, leastRetention(windows));
  const kept = { type: "timestampedWindow", windowSizeMs, retentionMs } as const;
  const added = addWindowed(aggregation, kept, (props) =>
    windows.kind === "time" ? windowAggregate({ ...props, windows }) : slidingAggregate({ ...props, windows }),
  );
  return windowedTable<K, R>(aggregation.graph, added, {
    key: timeWindowed(added.keySerde, windowSizeMs),
    rows: () => windowedRows(added.store),
    closeDelayMs: windows.graceMs,
    windows: { ...kept, keySerde: added.keySerde },
  });
}

/** Adds an aggregation over sessions. */
export function sessionWindowedTable<K, V, A, R = A>(
  windows: SessionWindows,
  merger: Merger<K, A>,
  aggregation: WindowedAggregation<K, V, A>,
): KTable<Windowed<K>, R> {
  const closeDelayMs = windows.gapMs + windows.graceMs;
  // A session that ends just then is invisible and not closed yet: it would never be emitted.
  const least: LeastRetention =
    aggregation.emit === "onWindowClose"
      ? { ms: closeDelayMs + 1, sum: "gap + grace + 1 ms (to emit on close)" }
      : { ms: closeDelayMs, sum: "gap + grace" };
  const kept = { type: "session", retentionMs: checkedRetention(aggregation.options.retention, least) } as const;
  const added = addWindowed(aggregation, kept, (props) => sessionAggregate({ ...props, windows, merger }));
  return windowedTable<K, R>(aggregation.graph, added, {
    key: sessionWindowed(added.keySerde),
    rows: () => sessionRows(added.store),
    closeDelayMs,
    windows: { ...kept, keySerde: added.keySerde },
  });
}

/** Adds store and nodes, and the stream of what comes too late, where one is asked for. */
function addWindowed<K, V, A>(
  aggregation: WindowedAggregation<K, V, A>,
  kept: Pick<AggregationOptions, "type" | "windowSizeMs" | "retentionMs">,
  operator: (props: Omit<WindowAggregateProps<K, V, A>, "windows">) => Operator,
): AddedAggregation {
  const { graph, prefix, options, value, initializer, readsValue = true, emit = "onWindowUpdate", add } = aggregation;
  const { store, name, logged } = options;
  const late = lateNode(graph, options, name);
  const added = add({ ...kept, prefix, store, name, logged, value }, (place, aggregator) =>
    operator({ ...place, late, initializer, aggregator, readsValue, emit }),
  );
  const { sources, sourceKeyed, input } = added;
  addLateStream({ graph, sources, sourceKeyed, serdes: input.serdes }, { late, parents: input.nodes }, options);
  return added;
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
