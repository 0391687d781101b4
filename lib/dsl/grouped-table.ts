import type { Aggregator, Initializer } from "../operators/aggregate.ts";
import type { Pair } from "../operators/map.ts";
import type { Reducer } from "../operators/reduce.ts";
import type { TableAggregateProps } from "../operators/table-aggregate.ts";
import { tableAggregate } from "../operators/table-aggregate.ts";
import { storedRows } from "../operators/table-rows.ts";
import { tableSelect } from "../operators/table-select.ts";
import { changed } from "../serde/changed.ts";
import { int64 } from "../serde/int64.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { Graph } from "./graph.ts";
import type { StoreOptions, ValueStoreOptions } from "./grouped-stream.ts";
import { rowStore } from "./kept-store.ts";
import { OldValues } from "./old-values.ts";
import { prefixes } from "./prefixes.ts";
import { bothKnown } from "./serdes.ts";
import type { TableProps } from "./table.ts";
import { KTable } from "./table.ts";

/** Serdes of the groups of a table, which go through a repartition topic. */
export interface TableGroupedOptions<K, V> {
  readonly key: Serde<K>;
  /** A serde, or a schema for JSON values. */
  readonly value: SerdeLike<V>;
  /** Names the node and the repartition topic, and so keeps the topic when operators are added in front. */
  readonly name?: string;
}

/** How the aggregate of a grouped table is computed when a row leaves its group, and kept. */
export interface TableAggregateOptions<K, V, A> extends ValueStoreOptions<A> {
  /** Takes a row from the aggregate. A null result deletes the group. */
  readonly subtractor: Aggregator<K, V, A>;
}

/** What a grouped table is made of. */
interface GroupedTableProps {
  readonly graph: Graph;
  readonly node: string;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly groupName: string | undefined;
}

/** What differs between the three aggregations. */
interface TableFold extends Pick<TableAggregateProps<never, never, never>, "add" | "subtract"> {
  readonly prefix: string;
  readonly value: Serde<unknown>;
}

/**
 * Rows of a table, grouped by another key. Aggregations follow the table: what a row was is subtracted, what it is now is
 * added. A group whose rows have all left stays with what the subtractor gave, unless that is null.
 */
export class KGroupedTable<K, V> {
  private readonly props: GroupedTableProps;
  /** The nodes around the one repartition topic of a group with a name. */
  private shared: { readonly sink: string; readonly source: string } | undefined;

  /** @internal Made by `KTable.groupBy`. */
  constructor(props: GroupedTableProps) {
    this.props = Object.freeze(props);
  }

  /**
   * Number of rows per group; 0 when all have left.
   *
   * @example
   * const perCity = users.groupBy((id, user) => [user.city, user], { key: string(), value: User }).count();
   */
  count(options: StoreOptions = {}): KTable<K, number> {
    return this.fold<number>(options, {
      prefix: prefixes.tableAggregate,
      value: int64(),
      add: (_key, _value, count: number | null) => ((count ?? 0) + 1) as never,
      subtract: (_key, _value, count: number) => (count - 1) as never,
    });
  }

  /**
   * Combines the values of a group; the first one is the result as it is. A null result deletes the group.
   *
   * @param subtractor Takes a value from the result.
   * @example
   * const perUser = carts.groupBy((id, cart) => [cart.user, cart.total], { key: string(), value: float64() })
   *   .reduce((sum, total) => sum + total, (sum, total) => sum - total, { store: "per-user" });
   */
  reduce(
    adder: Reducer<V>,
    subtractor: Reducer<V>,
    options: StoreOptions & { readonly value?: SerdeLike<V> } = {},
  ): KTable<K, V> {
    const value: Serde<unknown> = options.value === undefined ? this.props.valueSerde : asSerde(options.value);
    return this.fold<V>(options, {
      prefix: prefixes.tableReduce,
      value,
      add: (_key, each: V, before: V | null) => (before === null ? each : adder(before, each)) as never,
      subtract: (_key, each: V, before: V) => subtractor(before, each) as never,
    });
  }

  /**
   * Folds the values of a group into an aggregate. A null result deletes the group; the next value starts anew.
   *
   * @param options `subtractor`: takes a value from the aggregate; `value`: serde or schema of the aggregate.
   * @example
   * const perUser = carts.groupBy((id, cart) => [cart.user, cart.total], { key: string(), value: float64() })
   *   .aggregate(() => 0, (user, total, sum) => sum + total, {
   *     subtractor: (user, total, sum) => sum - total, store: "per-user", value: float64(),
   *   });
   */
  aggregate<A>(
    initializer: Initializer<A>,
    adder: Aggregator<K, V, A>,
    options: TableAggregateOptions<K, V, A>,
  ): KTable<K, A> {
    return this.fold<A>(options, {
      prefix: prefixes.tableAggregate,
      value: asSerde(options.value) as Serde<unknown>,
      add: (key: K, each: V, before: A | null) => adder(key, each, before ?? initializer()) as never,
      subtract: options.subtractor as never,
    });
  }

  private fold<A>(options: StoreOptions, { prefix, value: valueSerde, add, subtract }: TableFold): KTable<K, A> {
    const { graph, keySerde, groupName } = this.props;
    const store = options.store ?? graph.storeName(prefixes.tableAggregate);
    const sink = graph.nodeName(prefixes.sink, options.name && `${options.name}-sink`);
    const source = graph.nodeName(prefixes.source, options.name && `${options.name}-source`);
    const node = graph.nodeName(prefix, options.name);
    const parent = this.repartitioned(`${groupName ?? store}-repartition`, { sink, source });
    const spec = rowStore(store, { keySerde, valueSerde, logged: options.logged });
    const resolved = { operator: tableAggregate({ store, keySerde, sourceKeyed: true, add, subtract }), store: spec };
    graph.addProcessor({ name: node, parents: [parent], resolve: () => resolved });
    return new KTable<K, A>({
      graph,
      node,
      sources: [parent],
      serdes: bothKnown(keySerde, valueSerde),
      oldValues: new OldValues(() => true),
      rows: () => storedRows(store),
      sourceKeyed: true,
    });
  }

  private repartitioned(topic: string, names: { readonly sink: string; readonly source: string }): string {
    if (this.shared !== undefined) {
      this.props.graph.addAgain(this.shared.sink, this.shared.source);
      return this.shared.source;
    }
    const { graph, node, keySerde, groupName } = this.props;
    const valueSerde: Serde<unknown> = changed(this.props.valueSerde) as Serde<never>;
    const ref = Object.freeze({ name: topic, internal: true });
    graph.addSink({ kind: "sink", name: names.sink, parents: [node], topic: ref, keySerde, valueSerde });
    const source = graph.addSource({ kind: "source", name: names.source, topics: [ref], keySerde, valueSerde });
    if (groupName !== undefined) this.shared = { sink: names.sink, source };
    return source;
  }
}

/**
 * Groups a table: its changes are sent to the groups of their old and new rows.
 *
 * @source Kafka Streams `KTableImpl.groupBy`
 */
export function groupTable<K, V>(
  { graph, node: parent, oldValues, historyRetentionMs }: TableProps,
  selector: (key: never, value: never) => Pair<K | null, V | null>,
  { key, value, name: groupName }: TableGroupedOptions<K, V>,
): KGroupedTable<K, V> {
  const keySerde: Serde<unknown> = key;
  const valueSerde: Serde<unknown> = asSerde(value);
  const node = graph.nodeName(prefixes.tableSelect, groupName);
  const operator = tableSelect({ selector, keySerde, newestOnly: historyRetentionMs !== undefined });
  graph.addProcessor({ name: node, parents: [parent], resolve: () => ({ operator }) });
  oldValues.ask(true);
  return new KGroupedTable<K, V>({ graph, node, keySerde, valueSerde, groupName });
}
