import { StreamError } from "../core/errors.ts";
import { filter } from "../operators/filter.ts";
import { flatMap } from "../operators/flat-map.ts";
import { flatMapValues } from "../operators/flat-map-values.ts";
import type { Pair } from "../operators/map.ts";
import { map } from "../operators/map.ts";
import { mapValues } from "../operators/map-values.ts";
import { passThrough } from "../operators/pass-through.ts";
import { peek } from "../operators/peek.ts";
import { selectKey } from "../operators/select-key.ts";
import type { ValueJoiner } from "../operators/value-joiner.ts";
import type { Serde } from "../serde/serde.ts";
import type { GlobalKTable } from "./global-table.ts";
import type { Graph } from "./graph.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import { KGroupedStream } from "./grouped-stream.ts";
import type { AnyJoined } from "./join.ts";
import { joinWith } from "./join.ts";
import type { JoinWindows } from "./join-windows.ts";
import { prefixes } from "./prefixes.ts";
import { repartition } from "./repartition.ts";
import type { TtlOptions } from "./row-ttl.ts";
import type { KnownSerdes, SchemaFor, Writes } from "./serdes.ts";
import { given, needed, replaced, withoutKey, withoutValue } from "./serdes.ts";
import { sourcedTable } from "./sourced-table.ts";
import { StreamStages } from "./stream-stages.ts";
import type { StreamJoinedOptions } from "./stream-stream-join.ts";
import type { JoinedOptions } from "./stream-table-join.ts";
import type { KTable } from "./table.ts";

/** What every operator takes. */
export interface Named {
  /** Name of the node instead of a generated one. */
  readonly name?: string;
}

/**
 * Serdes for the records of a group; what is not given is what the stream knows. A serde may be of a wider type than the
 * stream: `G` and `W` are what is read back.
 */
export interface GroupedOptions<K, V, G, W> {
  readonly key?: Serde<G> & Writes<NonNullable<K>>;
  readonly value?: (Serde<W> & Writes<NonNullable<V>>) | SchemaFor<NonNullable<V>, W>;
  /** Names the repartition topic, if one is needed, and so keeps it when operators are added in front. */
  readonly name?: string;
}

/** What a stream is made of. */
export interface StreamProps {
  readonly graph: Graph;
  /** The node that the next operator is connected to. */
  readonly node: string;
  readonly serdes: KnownSerdes;
  /** Names of the sources that its records come from. */
  readonly sources: readonly string[];
  /** True when the key may have changed since the last topic: grouping then goes through a repartition topic. */
  readonly rekeyed: boolean;
  /** True when keys still have the bytes of the source record's key. */
  readonly sourceKeyed: boolean;
}

/**
 * A stream of records. Every call adds a node and returns a new stream; streams themselves never change, so one may be used
 * several times.
 *
 * Values may be null at run time (deletions and empty messages), whatever their type says: drop them with
 * `filter((key, value) => value !== null)` where a mapper cannot take them.
 *
 * Functions with one declared parameter get one argument, and what they do not get is not decoded.
 */
export class KStream<K, V> extends StreamStages<K, V> {
  /** @internal */
  readonly props: StreamProps;

  /** @internal Made by `StreamsBuilder.stream` and by operators. */
  constructor(props: StreamProps) {
    super();
    this.props = Object.freeze(props);
  }

  /**
   * Keeps records for which the predicate is true. A type guard narrows the stream.
   *
   * @example
   * const long = words.filter((key, word) => word.length > 3);
   */
  filter<V2 extends V>(predicate: (key: K, value: V) => value is V2, options?: Named): KStream<K, V2>;
  filter(predicate: (key: K, value: V) => boolean, options?: Named): KStream<K, V>;
  filter(predicate: (key: K, value: V) => boolean, options?: Named): KStream<K, V> {
    return this.add({ prefix: prefixes.filter, operator: filter(predicate, true), options });
  }

  /**
   * Drops records for which the predicate is true.
   *
   * @example
   * const rest = words.filterNot((key, word) => word === "the");
   */
  filterNot(predicate: (key: K, value: V) => boolean, options?: Named): KStream<K, V> {
    return this.add({ prefix: prefixes.filter, operator: filter(predicate, false), options });
  }

  /**
   * Replaces key and value. Both serdes are dropped, and grouping goes through a repartition topic.
   *
   * @example
   * const byUser = visits.map((page, visit) => [visit.user, page]);
   */
  map<K2, V2>(mapper: (key: K, value: V) => Pair<K2, V2>, options?: Named): KStream<K2, V2> {
    return this.add({ prefix: prefixes.map, operator: map(mapper), options, changes: { key: true, value: true } });
  }

  /**
   * Replaces the value; the mapper gets value and key. The value serde is dropped, the key and its partition stay.
   *
   * @example
   * const lengths = words.mapValues((word) => word.length);
   */
  mapValues<V2>(mapper: (value: V, key: K) => V2, options?: Named): KStream<K, V2> {
    return this.add({ prefix: prefixes.mapValues, operator: mapValues(mapper), options, changes: { value: true } });
  }

  /**
   * Replaces a record by any number of records. Both serdes are dropped, and grouping goes through a repartition topic.
   *
   * @example
   * const pages = sessions.flatMap((user, session) => session.pages.map((page) => [page, user] as const));
   */
  flatMap<K2, V2>(mapper: (key: K, value: V) => Iterable<Pair<K2, V2>>, options?: Named): KStream<K2, V2> {
    return this.add({
      prefix: prefixes.flatMap,
      operator: flatMap(mapper),
      options,
      changes: { key: true, value: true },
    });
  }

  /**
   * Replaces a value by any number of values of the same key; the mapper gets value and key.
   *
   * @example
   * const words = lines.flatMapValues((line) => line.split(" "));
   */
  flatMapValues<V2>(mapper: (value: V, key: K) => Iterable<V2>, options?: Named): KStream<K, V2> {
    return this.add({
      prefix: prefixes.flatMapValues,
      operator: flatMapValues(mapper),
      options,
      changes: { value: true },
    });
  }

  /**
   * Replaces the key. The key serde is dropped, and grouping goes through a repartition topic.
   *
   * @example
   * const byCity = orders.selectKey((id, order) => order.city);
   */
  selectKey<K2>(selector: (key: K, value: V) => K2, options?: Named): KStream<K2, V> {
    return this.add({ prefix: prefixes.keySelect, operator: selectKey(selector), options, changes: { key: true } });
  }

  /**
   * Calls an action with every record and changes nothing. The action runs again when a transaction is tried again.
   *
   * @example
   * const watched = words.peek((key, word) => seen.push(word));
   */
  peek(action: (key: K, value: V) => void, options?: Named): KStream<K, V> {
    return this.add({ prefix: prefixes.peek, operator: peek(action), options });
  }

  /**
   * One stream of the records of both; their order is kept within each. Serdes stay where both streams have the same.
   *
   * @example
   * const all = web.merge(mobile);
   */
  merge(other: KStream<K, V>, options?: Named): KStream<K, V> {
    const { graph, node, serdes, sources, rekeyed } = this.props;
    if (other.props.graph !== graph) {
      throw new StreamError("TOPOLOGY_INVALID", "merge takes a stream of the same StreamsBuilder");
    }
    const name = graph.nodeName(prefixes.merge, options?.name);
    // As in Kafka Streams, a stream that is merged with itself has its records once.
    const parents = [...new Set([node, other.props.node])];
    graph.addProcessor({ name, parents, effect: "none", merges: true, resolve: () => ({ operator: passThrough }) });
    return new KStream<K, V>({
      graph,
      node: name,
      serdes: inBoth(serdes, other.props.serdes, name),
      sources: [...new Set([...sources, ...other.props.sources])],
      rekeyed: rekeyed || other.props.rekeyed,
      sourceKeyed: this.props.sourceKeyed && other.props.sourceKeyed,
    });
  }

  /**
   * Joins every record with the row that a table has for its key at that moment; records without a row are dropped. With
   * another stream: every pair of records with one key whose timestamps are near. A stream whose key has changed goes
   * through a repartition topic first. With a global table: the row under the key that `keySelector` chooses.
   *
   * @param joiner Gets value, row or other value, and key.
   * @throws {StreamError} `TOPOLOGY_INVALID` for something of another builder, or without a serde that is needed
   * @example
   * const named = orders.join(users, (order, user) => ({ ...order, name: user.name }));
   */
  join<T, R>(
    table: KTable<NonNullable<K>, T>,
    joiner: ValueJoiner<NonNullable<K>, NonNullable<V>, T, R>,
    options?: JoinedOptions<K, V>,
  ): KStream<K, R>;
  join<V2, R>(
    stream: KStream<K, V2>,
    joiner: ValueJoiner<NonNullable<K>, NonNullable<V>, NonNullable<V2>, R>,
    windows: JoinWindows,
    options?: StreamJoinedOptions<K, V, V2>,
  ): KStream<K, R>;
  join<GK, T, R>(
    table: GlobalKTable<GK, T>,
    keySelector: (key: K, value: NonNullable<V>) => GK | null,
    joiner: ValueJoiner<K, NonNullable<V>, T, R>,
    options?: Named,
  ): KStream<K, R>;
  join<R>(other: AnyJoined, ...rest: readonly unknown[]): KStream<K, R> {
    return new KStream(joinWith(this.props, { kind: "join", other, rest }));
  }

  /**
   * Joins every record with the row that a table has for its key at that moment, or with null: when there is no row, and when
   * the record has no key. With another stream: as `join`, and records of this stream without a match are joined with null
   * once their window and grace are over. Null values are dropped.
   *
   * @param joiner Gets value, row or other value or null, and key.
   * @throws {StreamError} `TOPOLOGY_INVALID` for something of another builder, or without a serde that is needed
   * @example
   * const named = orders.leftJoin(users, (order, user) => ({ ...order, name: user?.name ?? "nobody" }));
   */
  leftJoin<T, R>(
    table: KTable<NonNullable<K>, T>,
    joiner: ValueJoiner<K, NonNullable<V>, T | null, R>,
    options?: JoinedOptions<K, V>,
  ): KStream<K, R>;
  leftJoin<V2, R>(
    stream: KStream<K, V2>,
    joiner: ValueJoiner<K, NonNullable<V>, NonNullable<V2> | null, R>,
    windows: JoinWindows,
    options?: StreamJoinedOptions<K, V, V2>,
  ): KStream<K, R>;
  leftJoin<GK, T, R>(
    table: GlobalKTable<GK, T>,
    keySelector: (key: K, value: NonNullable<V>) => GK | null,
    joiner: ValueJoiner<K, NonNullable<V>, T | null, R>,
    options?: Named,
  ): KStream<K, R>;
  leftJoin<R>(other: AnyJoined, ...rest: readonly unknown[]): KStream<K, R> {
    return new KStream(joinWith(this.props, { kind: "leftJoin", other, rest }));
  }

  /**
   * Joins two streams as `join` does; records of either side without a match are joined with null once their window and grace
   * are over. Null values are dropped.
   *
   * @param joiner Gets value or null, other value or null, and key.
   * @throws {StreamError} `TOPOLOGY_INVALID` for a stream of another builder, or without a serde that is needed
   * @example
   * const both = web.outerJoin(mobile, (left, right) => ({ left, right }), joinWindows({ timeDifference: "1h", grace: "5m" }));
   */
  outerJoin<V2, R>(
    stream: KStream<K, V2>,
    joiner: ValueJoiner<K, NonNullable<V> | null, NonNullable<V2> | null, R>,
    windows: JoinWindows,
    options?: StreamJoinedOptions<K, V, V2>,
  ): KStream<K, R>;
  outerJoin<R>(other: AnyJoined, ...rest: readonly unknown[]): KStream<K, R> {
    return new KStream(joinWith(this.props, { kind: "outerJoin", other, rest }));
  }

  /**
   * Groups records by the key they have, for `count`, `reduce`, `aggregate` and windows.
   *
   * @param options Serdes, where the stream does not know them any more: after `map` and the like.
   * @example
   * const perTicker = trades.groupByKey().count({ store: "trades-per-ticker" });
   */
  groupByKey<G = NonNullable<K>, W = V>(options: GroupedOptions<K, V, G, W> = {}): KGroupedStream<G, W> {
    const known = this.props.serdes;
    const serdes = replaced(known, given(options));
    const sourceKeyed = this.props.sourceKeyed && serdes.key?.id === known.key?.id;
    return new KGroupedStream<G, W>({
      ...this.props,
      serdes,
      sourceKeyed,
      groupName: options.name,
      call: "groupByKey",
    });
  }

  /**
   * Groups records by a new key: they go through a repartition topic.
   *
   * @param options `key`: serde of the new key.
   * @example
   * const perCity = orders.groupBy((id, order) => order.city, { key: string() }).count();
   */
  groupBy<K2, G = NonNullable<K2>, W = V>(
    selector: (key: K, value: V) => K2,
    options: GroupedOptions<K2, V, G, W> & { readonly key: Serde<G> },
  ): KGroupedStream<G, W> {
    const { name } = options;
    const { props } = this.selectKey(selector, name === undefined ? {} : { name });
    const serdes = replaced(props.serdes, given(options));
    return new KGroupedStream<G, W>({ ...props, serdes, groupName: name, call: "groupBy" });
  }

  /**
   * The stream as a table: the newest record of a key is its row, a null value deletes it. Null keys are dropped. After an
   * operator that changed the key it goes through a repartition topic.
   *
   * @param options Serdes, where the stream does not know them any more; `store` keeps the rows under a name to query.
   * @throws {StreamError} `TOPOLOGY_INVALID` when a serde is neither given nor known
   * @example
   * const latest = prices.toTable({ store: "latest" });
   */
  toTable<G = NonNullable<K>, W = V>(
    options: GroupedOptions<K, V, G, W> & Omit<StoreOptions, "name"> & TtlOptions = {},
  ): KTable<G, W> {
    const { graph, node: above, sources: sourcesAbove, serdes: known, rekeyed } = this.props;
    const { name, store, logged, ttl } = options;
    const serdes = replaced(known, given(options));
    const sourceKeyed = this.props.sourceKeyed && serdes.key?.id === known.key?.id;
    const node = graph.nodeName(prefixes.toTable, name);
    const storeName = store ?? graph.storeName(prefixes.toTable);
    for (const part of ["key", "value"] as const) needed(serdes, part, { node, fix: `toTable({ ${part} })` });
    const kept = { storeName, store, logged, ttl, serdes };
    if (!rekeyed) {
      return sourcedTable<G, W>({ ...kept, graph, node, parent: above, sources: sourcesAbove, sourceKeyed });
    }
    const parent = repartition(graph, { parent: above, topicName: node, serdes, call: "toTable" });
    return sourcedTable<G, W>({ ...kept, graph, node, parent, sources: [parent], sourceKeyed: true });
  }

  protected follow<K2, V2>(props: StreamProps): KStream<K2, V2> {
    return new KStream<K2, V2>(props);
  }
}

function inBoth(a: KnownSerdes, b: KnownSerdes, node: string): KnownSerdes {
  const sameKey = a.key !== undefined && a.key.id === b.key?.id;
  const sameValue = a.value !== undefined && a.value.id === b.value?.id;
  const kept = sameKey ? a : withoutKey(a, node);
  return sameValue ? kept : withoutValue(kept, node);
}
