import type { KeyedStore } from "../operators/keyed-store.ts";
import type { Pair } from "../operators/map.ts";
import { rowPasses, tableFilter } from "../operators/table-filter.ts";
import { tableMapValues } from "../operators/table-map-values.ts";
import type { TableRows } from "../operators/table-rows.ts";
import { filteredRows, mappedRows, storedRows } from "../operators/table-rows.ts";
import type { TableSourceProps } from "../operators/table-source.ts";
import type { AnyTransformerSupplier, ValueTransformerWithKeySupplier } from "../operators/table-transform-values.ts";
import { tableTransformValues, transformedRows } from "../operators/table-transform-values.ts";
import { toStream } from "../operators/to-stream.ts";
import type { ValueJoiner } from "../operators/value-joiner.ts";
import type { StoreSpec } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { StreamPartitioner } from "../topology/routing.ts";
import { changesOnlyTable } from "./changes-only-table.ts";
import type { Connected } from "./connected-stores.ts";
import { connectedStores } from "./connected-stores.ts";
import { joinByForeignKey } from "./foreign-key-join.ts";
import type { Graph } from "./graph.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import type { KGroupedTable, TableGroupedOptions } from "./grouped-table.ts";
import { groupTable } from "./grouped-table.ts";
import { namedStore } from "./kept-store.ts";
import { OldValues } from "./old-values.ts";
import { prefixes } from "./prefixes.ts";
import type { KnownSerdes, SchemaFor, Writes } from "./serdes.ts";
import { given, replaced, withoutValue } from "./serdes.ts";
import type { Named } from "./stream.ts";
import { KStream } from "./stream.ts";
import { suppressTable } from "./suppress-table.ts";
import type { Suppression } from "./suppressed.ts";
import type { TablesJoin } from "./table-table-join.ts";
import { joinTables } from "./table-table-join.ts";

/** Which row of a table with history is read: the newest, or the one as of the time of the record that asks. */
export type ReadTime = "newest" | "record-time";

/** What a table is made of. */
export interface TableProps {
  readonly graph: Graph;
  readonly node: string;
  readonly sources: readonly string[];
  readonly serdes: KnownSerdes;
  readonly oldValues: OldValues;
  /** Makes the rows readable for another node; a table that is read from a topic is kept from then on. */
  readonly rows: (at: ReadTime) => TableRows;
  /**
   * How long rows that were replaced are kept, in ms of stream time: of a table with history, and those that are computed from it
   * without a store of their own.
   */
  readonly historyRetentionMs?: number | undefined;
  /** True when keys have the bytes of the source record's key. */
  readonly sourceKeyed: boolean;
  /** Of a table with windowed keys: how long after its end, in ms of stream time, a window takes records. */
  readonly closeDelayMs?: number | undefined;
  /** Of a table with windowed keys: the store of its windows, for another that is to keep as much. */
  readonly windows?: WindowedStore | undefined;
}

/** What a store of windows has beside its name. */
export interface WindowedStore extends Pick<StoreSpec, "keySerde" | "windowSizeMs" | "retentionMs"> {
  readonly type: "timestampedWindow" | "session";
}

/** How a table of new values is kept. `value` is their serde or schema, needed with `store`. */
export interface DerivedOptions<V, T> extends StoreOptions {
  readonly value?: Writes<NonNullable<V>> | SchemaFor<NonNullable<V>, T>;
}

/** How a table of transformed values is kept, and which stores the transformer uses. */
export interface TransformValuesOptions<V, T> extends DerivedOptions<V, T>, Connected {}

/** A join by a key that is in the rows. */
export interface ForeignKeyOptions<K, V, FK, R, T> extends DerivedOptions<R, T> {
  /** The key in the other table; null for none. */
  readonly foreignKey: (value: V, key: K) => FK | null;
  /**
   * How this table's topic is partitioned, by key alone, where it is not by Kafka's default partitioner. Repartitions nothing: the
   * join's own topics follow it.
   */
  readonly partitioner?: StreamPartitioner<K, null>;
  /** The same of the other table. */
  readonly otherPartitioner?: StreamPartitioner<FK, null>;
}

/** What a derived table adds: an operator that knows whether it keeps a store and whether old values are asked for. */
interface Derived {
  readonly prefix: string;
  readonly options: StoreOptions;
  readonly serdes: (node: string) => KnownSerdes;
  /** Answers whether old values are known without being asked from below. */
  readonly knowsOldValues: boolean;
  readonly operator: (props: TableSourceProps) => Operator;
  /** Its rows when it has no store. */
  readonly rows: (above: TableRows) => TableRows;
  /** Stores that the operator uses beside its own. */
  readonly reads?: readonly string[];
}

/**
 * A table: the newest value per key, as a stream of changes. Every call adds a node and returns a new table.
 *
 * A derived table is computed when it is read and has no store, unless `store` names one.
 */
export class KTable<K, V> {
  /** @internal */
  readonly props: TableProps;

  /** @internal Made by `StreamsBuilder.table` and by aggregations. */
  constructor(props: TableProps) {
    this.props = Object.freeze(props);
  }

  /**
   * Keeps rows for which the predicate is true; a row that fails is deleted downstream. A type guard narrows the table.
   *
   * @example
   * const active = users.filter((id, user) => user.active);
   */
  filter<V2 extends V>(predicate: (key: K, value: V) => value is V2, options?: StoreOptions): KTable<K, V2>;
  filter(predicate: (key: K, value: V) => boolean, options?: StoreOptions): KTable<K, V>;
  filter(predicate: (key: K, value: V) => boolean, options: StoreOptions = {}): KTable<K, V> {
    return this.filtered(predicate, true, options);
  }

  /**
   * Drops rows for which the predicate is true.
   *
   * @example
   * const others = users.filterNot((id, user) => user.active);
   */
  filterNot(predicate: (key: K, value: V) => boolean, options: StoreOptions = {}): KTable<K, V> {
    return this.filtered(predicate, false, options);
  }

  /**
   * Replaces the values; the mapper gets value and key and never sees deletions.
   *
   * @param options `value`: serde or schema of the new values, needed with `store`.
   * @example
   * const averages = stats.mapValues((stat) => stat.sum / stat.count);
   */
  mapValues<V2, T = V2>(mapper: (value: V, key: K) => V2, options: DerivedOptions<V2, T> = {}): KTable<K, V2> {
    const { value } = given(options);
    return this.derive<V2>({
      prefix: prefixes.tableMapValues,
      options,
      serdes: (node) => replaced(withoutValue(this.props.serdes, node), { value }),
      knowsOldValues: false,
      operator: (props) => tableMapValues({ ...props, mapper }),
      rows: (above) => mappedRows(above, mapper),
    });
  }

  /**
   * Replaces the values with what a transformer makes of them: unlike a mapper it sees deletions, as null, and has stores and a
   * context. Where no `store` keeps the results, every node that reads the table has a transformer of its own.
   *
   * @param options `stores`: those that the transformer uses; `value`: serde or schema of the new values, needed with `store`.
   * @example
   * const labels = users.transformValues(() => ({ transform: (id, user) => user?.name ?? `${id} has left` }));
   */
  transformValues<V2, T = V2>(
    supplier: ValueTransformerWithKeySupplier<K, V, V2>,
    options: TransformValuesOptions<V2, T> = {},
  ): KTable<K, V2> {
    const { value } = given(options);
    const stores = connectedStores(this.props.graph, options.stores);
    const transformer = supplier as AnyTransformerSupplier;
    return this.derive<V2>({
      prefix: prefixes.tableTransformValues,
      options,
      serdes: (node) => replaced(withoutValue(this.props.serdes, node), { value }),
      knowsOldValues: false,
      operator: (props) => tableTransformValues({ ...props, supplier: transformer }),
      rows: (above) => transformedRows(above, transformer, stores),
      reads: stores,
    });
  }

  /**
   * The changes as a stream of records: a deletion is a null value.
   *
   * @example
   * counts.toStream().to("counts", { key: string(), value: int64() });
   */
  toStream(options: Named = {}): KStream<K, V> {
    const { graph, node, serdes, sources, sourceKeyed } = this.props;
    const name = graph.nodeName(prefixes.toStream, options.name);
    graph.addProcessor({ name, parents: [node], resolve: () => ({ operator: toStream }) });
    return new KStream<K, V>({ graph, node: name, serdes, sources, sourceKeyed, rekeyed: false });
  }

  /**
   * Groups the rows by a new key, for `count`, `reduce` and `aggregate`: a row that moves from one group to another is
   * subtracted from the old one and added to the new one. Rows with a null key or value take no part.
   *
   * @param options Serdes of the new key and value: they go through a repartition topic.
   * @example
   * const perCity = users.groupBy((id, user) => [user.city, user], { key: string(), value: User }).count();
   */
  groupBy<K2, V2>(
    selector: (key: K, value: V) => Pair<NoInfer<K2> | null, NoInfer<V2> | null>,
    options: TableGroupedOptions<K2, V2>,
  ): KGroupedTable<K2, V2> {
    return groupTable(this.props, selector, options);
  }

  /**
   * A table of what two tables have under the same key; a row that is missing on either side has no result. Changes of both
   * tables give results.
   *
   * @param joiner Gets both values and the key.
   * @param options `store` keeps the results under a name to query, with `value`. `foreignKey` gives the key in the other
   *   table, from value and key; null is none. Rows then meet through two internal topics, and the tables need not be
   *   co-partitioned.
   * @throws {StreamError} `TOPOLOGY_INVALID` for a table of another builder, or one whose keys have other bytes
   * @example
   * const both = users.join(counts, (user, count) => ({ ...user, count }));
   * const named = carts.join(users, (cart, user) => ({ ...cart, name: user.name }), { foreignKey: (cart) => cart.user });
   */
  join<FK, V2, R, T = R>(
    other: KTable<FK, V2>,
    joiner: ValueJoiner<K, V, V2, R>,
    options: ForeignKeyOptions<K, V, FK, R, T>,
  ): KTable<K, R>;
  join<V2, R, T = R>(
    other: KTable<K, V2>,
    joiner: ValueJoiner<K, V, V2, R>,
    options?: DerivedOptions<R, T>,
  ): KTable<K, R>;
  join(other: Pick<KTable<unknown, unknown>, "props">, joiner: unknown, options: StoreOptions = {}): KTable<K, never> {
    return this.joined({ call: "join", other: other.props, joiner, options });
  }

  /**
   * As `join`, but a row without one in the other table is joined with null.
   *
   * @param joiner Gets its value, the other's value or null, and the key.
   * @throws {StreamError} `TOPOLOGY_INVALID` for a table of another builder, or one whose keys have other bytes
   * @example
   * const named = carts.leftJoin(users, (cart, user) => ({ ...cart, name: user?.name ?? "nobody" }));
   */
  leftJoin<FK, V2, R, T = R>(
    other: KTable<FK, V2>,
    joiner: ValueJoiner<K, V, V2 | null, R>,
    options: ForeignKeyOptions<K, V, FK, R, T>,
  ): KTable<K, R>;
  leftJoin<V2, R, T = R>(
    other: KTable<K, V2>,
    joiner: ValueJoiner<K, V, V2 | null, R>,
    options?: DerivedOptions<R, T>,
  ): KTable<K, R>;
  leftJoin(
    other: Pick<KTable<unknown, unknown>, "props">,
    joiner: unknown,
    options: StoreOptions = {},
  ): KTable<K, never> {
    return this.joined({ call: "leftJoin", other: other.props, joiner, options });
  }

  /**
   * As `join`, but a row of either table without one in the other is joined with null.
   *
   * @param joiner Gets both values, one of which may be null, and the key.
   * @throws {StreamError} `TOPOLOGY_INVALID` for a table of another builder, or one whose keys have other bytes
   * @example
   * const both = carts.outerJoin(users, (cart, user) => ({ total: cart?.total ?? 0, name: user?.name ?? "nobody" }));
   */
  outerJoin<V2, R, T = R>(
    other: KTable<K, V2>,
    joiner: ValueJoiner<K, V | null, V2 | null, R>,
    options: DerivedOptions<R, T> = {},
  ): KTable<K, R> {
    return this.joined({ call: "outerJoin", other: other.props, joiner, options });
  }

  private joined<R>(join: TablesJoin): KTable<K, R> {
    const byForeignKey = "foreignKey" in join.options;
    return byForeignKey ? joinByForeignKey(this.props, join) : new KTable<K, R>(joinTables(this.props, join));
  }

  /**
   * Holds back changes: until windows close, or at most one per key and time span. Only changes of this table move its time.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` without serdes, when the grace of the windows is not known, or for a table with history
   * @example
   * const finals = clicks.groupByKey().windowedBy(timeWindows({ size: "1m", grace: "10s" })).count()
   *   .suppress(Suppressed.untilWindowCloses());
   */
  suppress(suppressed: Suppression<K>): KTable<K, V> {
    return new KTable<K, V>(suppressTable(this.props, suppressed));
  }

  /**
   * Drops changes that change nothing: a change goes on only if its value has other bytes than what went on last for the key,
   * a deletion only if there is something to delete. What went on last is kept in a store, as long as the table keeps it.
   *
   * @param options `value`: serde or schema of the values, where the table does not know it any more; `store` makes what went on
   *   last queryable.
   * @throws {StreamError} `TOPOLOGY_INVALID` when the value's serde is neither given nor known
   * @example
   * const levels = counts.mapValues((count) => Math.floor(count / 100)).changesOnly({ value: int64() });
   */
  changesOnly<T = V>(options: DerivedOptions<V, T> = {}): KTable<K, V> {
    return new KTable<K, V>(changesOnlyTable(this.props, options));
  }

  private filtered(predicate: (key: K, value: V) => boolean, keep: boolean, options: StoreOptions): KTable<K, V> {
    return this.derive<V>({
      prefix: prefixes.tableFilter,
      options,
      serdes: () => this.props.serdes,
      // A filter asks for what costs nothing, so that it can stay silent about rows that never passed.
      knowsOldValues: this.props.oldValues.ask(false),
      operator: (props) => tableFilter({ ...props, predicate, keep }),
      rows: (above) => filteredRows(above, rowPasses({ predicate, keep })),
    });
  }

  private derive<V2>(derived: Derived): KTable<K, V2> {
    const { prefix, options, serdes: serdesAt, knowsOldValues, operator, rows, reads = [] } = derived;
    const { graph, node: parent, oldValues: above, rows: rowsAbove, sourceKeyed, historyRetentionMs } = this.props;
    const node = graph.nodeName(prefix, options.name);
    const serdes = serdesAt(node);
    const spec = namedStore(node, options, serdes);
    const kept: KeyedStore | undefined = spec && { store: spec.name, keySerde: spec.keySerde, sourceKeyed };
    const oldValues = new OldValues((materialise) => kept !== undefined || above.ask(materialise));
    graph.addProcessor({
      name: node,
      parents: [parent],
      resolve: () => ({
        operator: operator({
          kept,
          sendsOldValues: knowsOldValues || oldValues.sent,
          versioned: historyRetentionMs !== undefined,
        }),
        store: spec,
        reads,
      }),
    });
    return new KTable<K, V2>({
      ...this.props,
      node,
      serdes,
      oldValues,
      rows: (at) => (kept === undefined ? rows(rowsAbove(at)) : storedRows(kept.store)),
      historyRetentionMs: kept === undefined ? historyRetentionMs : undefined,
    });
  }
}
