import { StreamError } from "../core/errors.ts";
import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import { aggregate } from "../operators/aggregate.ts";
import type { KeyedStore } from "../operators/keyed-store.ts";
import { passThrough } from "../operators/pass-through.ts";
import type { Merger } from "../operators/session-aggregate.ts";
import { storedRows } from "../operators/table-rows.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { Operator } from "../topology/operator.ts";
import type { AddedAggregation, Aggregation, AggregationOptions } from "./aggregation.ts";
import { storeSpec } from "./aggregation.ts";
import type { KGroupedStream, ValueStoreOptions } from "./grouped-stream.ts";
import type { LateOptions } from "./late-stream.ts";
import { OldValues } from "./old-values.ts";
import { prefixes } from "./prefixes.ts";
import type { TtlOptions } from "./row-ttl.ts";
import { endingRows } from "./row-ttl.ts";
import { bothKnown, withoutValue } from "./serdes.ts";
import { KTable } from "./table.ts";
import type { WindowedAggregation, WindowStoreOptions } from "./windowed-table.ts";
import { sessionWindowedTable, timeWindowedTable } from "./windowed-table.ts";
import type { SessionWindows, SlidingWindows, TimeWindows } from "./windows.ts";

/** The aggregators of cogrouped streams, in the order in which they were given. What a stream's values are only its aggregator knows. */
type Members<K, A> = ReadonlyMap<Aggregation, Aggregator<K, unknown, A>>;

/**
 * Several grouped streams that are aggregated into one table. Null keys and null values do not take part; over time windows and
 * sessions null values do.
 */
export class CogroupedKStream<K, A> {
  private readonly members: Members<K, A>;

  private constructor(members: Members<K, A>) {
    this.members = members;
  }

  /** @internal For `KGroupedStream.cogroup`. */
  static of<K, V, A>(group: KGroupedStream<K, V>, aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    return new CogroupedKStream<K, A>(new Map()).cogroup(group, aggregator);
  }

  /**
   * Adds a grouped stream with its own aggregator.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` for a stream of another `StreamsBuilder`
   * @example
   * const activity = clicks.groupByKey().cogroup<number>((page, click, sum) => sum + 1)
   *   .cogroup(visits.groupByKey(), (page, visit, sum) => sum + visit.seconds);
   */
  cogroup<V>(group: KGroupedStream<K, V>, aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    const { aggregation } = group;
    for (const { graph } of this.members.keys()) {
      if (graph === aggregation.graph) continue;
      throw new StreamError("TOPOLOGY_INVALID", "cogroup takes a stream of the same StreamsBuilder");
    }
    return new CogroupedKStream<K, A>(new Map(this.members).set(aggregation, aggregator as Aggregator<K, unknown, A>));
  }

  /**
   * Folds the values of a key, of all streams, into one aggregate. A null result deletes the row; the next value starts anew.
   *
   * @param options `value`: serde or schema of the aggregate.
   * @example
   * const activity = clicks.groupByKey().cogroup<number>((page, click, sum) => sum + 1)
   *   .cogroup(visits.groupByKey(), (page, visit, sum) => sum + visit.seconds)
   *   .aggregate(() => 0, { store: "activity", value: int64() });
   */
  aggregate(initializer: Initializer<A>, options: ValueStoreOptions<A> & TtlOptions): KTable<K, A> {
    const { store, name, logged, ttl } = options;
    const value: Serde<unknown> = asSerde(options.value);
    const type = "timestampedKeyValue";
    const added = addCogroup(
      this.members,
      { prefix: prefixes.cogroup, type, store, name, logged, value, ttl },
      (kept, aggregator) =>
        endingRows(aggregate({ ...kept, initializer, aggregator }), { ttl }, { kept, sendsOldValues: true }),
    );
    const { graph } = first(this.members);
    const serdes = bothKnown(added.keySerde, added.valueSerde);
    return new KTable<K, A>({ ...added, graph, serdes, rows: () => storedRows(added.store) });
  }

  /**
   * Groups each key's records by windows of their timestamps, or by sessions. Every stream has its own stream time.
   *
   * @example
   * const perMinute = clicks.groupByKey().cogroup<number>((page, click, n) => n + 1)
   *   .windowedBy(timeWindows({ size: "1m", grace: "10s" })).aggregate(() => 0, { value: int64() });
   */
  windowedBy(windows: TimeWindows | SlidingWindows): TimeWindowedCogroupedKStream<K, A>;
  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, A>;
  windowedBy(
    windows: TimeWindows | SlidingWindows | SessionWindows,
  ): TimeWindowedCogroupedKStream<K, A> | SessionWindowedCogroupedKStream<K, A> {
    return windows.kind === "session"
      ? new SessionWindowedCogroupedKStream<K, A>(this.members, windows)
      : new TimeWindowedCogroupedKStream<K, A>(this.members, windows);
  }
}

/** Cogrouped streams by time or sliding windows. */
export class TimeWindowedCogroupedKStream<K, A> {
  private readonly members: Members<K, A>;
  private readonly windows: TimeWindows | SlidingWindows;

  /** @internal Made by `CogroupedKStream.windowedBy`. */
  constructor(members: Members<K, A>, windows: TimeWindows | SlidingWindows) {
    this.members = members;
    this.windows = windows;
  }

  /**
   * Folds the values of a key within a window, of all streams, into one aggregate.
   *
   * @example
   * const perHour = web.groupByKey().cogroup<number>((page, click, n) => n + 1)
   *   .cogroup(mobile.groupByKey(), (page, tap, n) => n + 1)
   *   .windowedBy(timeWindows({ size: "1h", grace: "1m" })).aggregate(() => 0, { store: "per-hour", value: int64() });
   */
  aggregate(
    initializer: Initializer<A>,
    options: WindowStoreOptions & LateOptions<K, unknown> & { readonly value: SerdeLike<A> },
  ): KTable<Windowed<K>, A> {
    return timeWindowedTable(this.windows, windowedCogroup(this.members, initializer, options));
  }
}

/** How the aggregates of cogrouped sessions are joined and kept. */
export interface CogroupedSessionOptions<K, A> extends WindowStoreOptions, LateOptions<K, unknown> {
  /** Combines the aggregates of sessions that a record joins. */
  readonly merger: Merger<K, A>;
  readonly value: SerdeLike<A>;
}

/** Cogrouped streams by session. */
export class SessionWindowedCogroupedKStream<K, A> {
  private readonly members: Members<K, A>;
  private readonly windows: SessionWindows;

  /** @internal Made by `CogroupedKStream.windowedBy`. */
  constructor(members: Members<K, A>, windows: SessionWindows) {
    this.members = members;
    this.windows = windows;
  }

  /**
   * Folds the values of a key within a session, of all streams, into one aggregate.
   *
   * @param options `merger` combines the aggregates of sessions that a record joins.
   * @example
   * const sittings = web.groupByKey().cogroup<number>((page, click, n) => n + 1)
   *   .cogroup(mobile.groupByKey(), (page, tap, n) => n + 1)
   *   .windowedBy(sessionWindows({ gap: "30m", grace: "1m" }))
   *   .aggregate(() => 0, { merger: (page, a, b) => a + b, store: "visits", value: int64() });
   */
  aggregate(initializer: Initializer<A>, options: CogroupedSessionOptions<K, A>): KTable<Windowed<K>, A> {
    return sessionWindowedTable(this.windows, options.merger, windowedCogroup(this.members, initializer, options));
  }
}

function windowedCogroup<K, A>(
  members: Members<K, A>,
  initializer: Initializer<A>,
  options: WindowStoreOptions & LateOptions<K, unknown> & { readonly value: SerdeLike<A> },
): WindowedAggregation<K, unknown, A> {
  const value: Serde<unknown> = asSerde(options.value);
  const { graph } = first(members);
  const add: WindowedAggregation<K, unknown, A>["add"] = (store, operator) => addCogroup(members, store, operator);
  return { graph, prefix: prefixes.cogroup, options, value, initializer, add };
}

/**
 * Adds one store, a node per stream that aggregates into it, and a node where their results come together.
 *
 * @source Kafka Streams `CogroupedStreamAggregateBuilder`
 */
function addCogroup<K, A>(
  members: Members<K, A>,
  options: AggregationOptions & TtlOptions,
  operator: (kept: KeyedStore, aggregator: Aggregator<K, unknown, A>) => Operator,
): AddedAggregation {
  const { graph } = first(members);
  const { prefix, name } = options;
  const store = options.store ?? graph.storeName(prefix);
  const upstreams = [...members.keys()].map((member) => member.upstream(store));
  const keySerde = first(members).serdeOf("key", store);
  const valueSerde = options.value as Serde<unknown>;
  const spec = storeSpec(options, { name: store, keySerde, valueSerde });
  const nodes = [...members].map(([member, aggregator], at) => {
    const node = graph.nodeName(prefix, name && `${name}-cogroup-agg-${at}`);
    checkSameKeys(member.serdeOf("key", node), { keySerde, node, store });
    const { node: parent, sourceKeyed } = upstreams[at] as (typeof upstreams)[number];
    const made = operator({ store, keySerde, sourceKeyed }, aggregator);
    // Every stream has its own clocks, under a name that stays when operators are added in front; but rows end for all at once.
    const clocks = options.ttl === undefined ? `${store}/${at}` : store;
    const kept = at === 0 ? { store: spec } : { reads: [store], clocks };
    graph.addProcessor({ name: node, parents: [parent], resolve: () => ({ operator: made, ...kept }) });
    return node;
  });
  const merged = graph.nodeName(prefixes.cogroupMerge, name && `${name}-cogroup-merge`);
  graph.addProcessor({ name: merged, parents: nodes, resolve: () => ({ operator: passThrough }) });
  const sources = [...new Set(upstreams.flatMap((upstream) => upstream.sources))];
  graph.addCopartitionGroup(sources);
  const oldValues = new OldValues(() => true);
  const sourceKeyed = upstreams.every((upstream) => upstream.sourceKeyed);
  const input = { nodes, serdes: withoutValue(bothKnown(keySerde, valueSerde), merged) };
  return { node: merged, sources, keySerde, valueSerde, oldValues, store, sourceKeyed, input };
}

/** Keys of one store have one form. */
function checkSameKeys(
  own: Serde<unknown>,
  { keySerde, node, store }: { keySerde: Serde<unknown>; node: string; store: string },
): void {
  if (own.id === keySerde.id) return;
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${node} writes keys as ${own.id} into store ${store}, whose keys are ${keySerde.id}: give the cogrouped streams one key serde`,
    { details: { node, store } },
  );
}

function first<K, A>(members: Members<K, A>): Aggregation {
  return members.keys().next().value as Aggregation;
}
