import { StreamError } from "../core/errors.ts";
import { processor } from "../operators/processor.ts";
import { tableSource } from "../operators/table-source.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { StoreBuilder } from "../state/typed/state-store.ts";
import type { SourceNode, TimestampExtractor, Topology } from "../topology/node.ts";
import type { AutoOffsetReset } from "../topology/offset-reset.ts";
import { checkedOffsetReset } from "../topology/offset-reset.ts";
import { patternText } from "../topology/topic-patterns.ts";
import type { GlobalStoreOptions, GlobalTableOptions } from "./global-table.ts";
import { GlobalKTable } from "./global-table.ts";
import { Graph } from "./graph.ts";
import type { Build } from "./graph-node.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import { rowStore } from "./kept-store.ts";
import type { LowLevelProcessor, LowLevelSink, ReadOnlyStoreOptions, TopologyNodeRef } from "./low-level.ts";
import { addLowLevelProcessor, addLowLevelSink, storeOfTopic, topicRef } from "./low-level.ts";
import type { BuildOptions } from "./optimization.ts";
import { prefixes } from "./prefixes.ts";
import type { TtlOptions } from "./row-ttl.ts";
import { bothKnown } from "./serdes.ts";
import { sourcedTable } from "./sourced-table.ts";
import type { Named } from "./stream.ts";
import { KStream } from "./stream.ts";
import type { KTable } from "./table.ts";
import type { VersionedStoreName } from "./versioned-store.ts";

/** What a source reads: a topic, several, or all that match a pattern. */
export type SourceTopics = string | readonly string[] | RegExp;

/** How a topic is read. */
export interface StreamOptions<K, V> extends Named {
  readonly key: Serde<K>;
  /** A serde, or a schema for JSON values. */
  readonly value: SerdeLike<V>;
  /** Event time of a record; the record's own timestamp without it. */
  readonly timestampExtractor?: TimestampExtractor;
  /** Where to start when a partition is read for the first time; without it `autoOffsetReset` of the application. */
  readonly offsetReset?: AutoOffsetReset;
}

/** How a topic is read as a table. */
export interface TableOptions<K, V> extends StreamOptions<K, V>, Omit<StoreOptions, "store">, TtlOptions {
  /** Name of the store: makes it queryable. `versionedKeyValue(name, …)`: it keeps the history of its rows. */
  readonly store?: string | VersionedStoreName;
}

/**
 * Where a topology starts: the calls on it and on what they return add nodes, `build` checks and freezes them.
 *
 * @example
 * const builder = new StreamsBuilder();
 * builder.stream("words", { key: string(), value: string() }).groupByKey().count().toStream().to("counts");
 * describe(builder.build());
 */
export class StreamsBuilder {
  private readonly graph = new Graph();

  /**
   * Reads a topic, or several in one stream: a list of them, or all whose whole names match a pattern. What a pattern stands for is
   * looked up when the application is deployed for the first time, and stays.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` without a topic
   * @example
   * const trades = builder.stream("trades", { key: string(), value: json(Trade) });
   * const orders = builder.stream(/orders-[a-z]{2}/, { key: string(), value: json(Order) });
   */
  stream<K, V>(topics: SourceTopics, options: StreamOptions<K, V>): KStream<K, V> {
    const graph = this.graph;
    const read = reading(topics);
    const name = graph.nodeName(prefixes.source, options.name);
    const node = this.source(name, read, options);
    return new KStream<K, V>({
      graph,
      node,
      serdes: bothKnown(options.key, asSerde(options.value)),
      sources: [node],
      rekeyed: false,
      sourceKeyed: true,
    });
  }

  /**
   * Reads a topic as a table: the newest record of a key is its row, a null value deletes it.
   *
   * @param options `store` keeps the rows under a name to query; without it rows are kept only where an operator needs them.
   * @example
   * const users = builder.table("users", { key: string(), value: json(User), store: "users" });
   */
  table<K, V>(topic: string, options: TableOptions<K, V>): KTable<K, V> {
    const graph = this.graph;
    const given = options.store;
    const storeName = (typeof given === "object" ? given.name : given) ?? graph.storeName(`${topic}-`);
    const sourceName = graph.nodeName(prefixes.source, options.name && `${options.name}-source`);
    const node = graph.nodeName(prefixes.tableSource, options.name);
    const source = this.source(sourceName, reading(topic), options);
    const { key, value, store, logged, ttl } = options;
    const rowsTopic = ({ autoOffsetReset }: Build): string | undefined => {
      const { timestampExtractor, offsetReset = autoOffsetReset } = options;
      // A changelog knows the timestamps of the rows, and begins with the first of them.
      return timestampExtractor === undefined && offsetReset === "earliest" ? topic : undefined;
    };
    const place = { graph, node, parent: source, sources: [source], sourceKeyed: true, rowsTopic };
    return sourcedTable<K, V>({ ...place, serdes: bothKnown(key, asSerde(value)), storeName, store, logged, ttl });
  }

  /**
   * Adds a store that processors use by its name. A store that is declared in the `stores` of a processor need not be added.
   *
   * @example
   * builder.addStateStore(Stores.keyValue("settings", { key: string(), value: string() }));
   */
  addStateStore(store: StoreBuilder): this {
    this.graph.addStore(store.spec);
    return this;
  }

  /**
   * Low-level API: reads topics. What it answers is what processors and sinks hang below; names are the user's own.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` for a topic that is read already
   * @source Kafka Streams `Topology.addSource`
   * @example
   * const source = builder.addSource("src", "input", { key: string(), value: string() });
   * const upper = builder.addProcessor("upper", {
   *   supplier: (context: ProcessorContext<string, string>) => ({
   *     process: (record) => context.forward(record.withValue(record.value.toUpperCase()), "out"),
   *   }),
   *   parents: [source],
   * });
   * builder.addSink("out", { topic: "output", parents: [upper], key: string(), value: string() });
   */
  addSource<K, V>(
    name: string,
    topics: SourceTopics,
    options: Omit<StreamOptions<K, V>, "name">,
  ): TopologyNodeRef<K, V> {
    const node = this.source(name, reading(topics), options);
    if (node === name) return Object.freeze({ name });
    const list = topics instanceof RegExp ? patternText(topics) : [topics].flat().join(", ");
    throw new StreamError(
      "TOPOLOGY_INVALID",
      `${name} reads ${list}, which ${node} reads already: hang below that one`,
      {
        details: { node: name },
      },
    );
  }

  /**
   * Low-level API: adds a processor below sources and processors.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` without a parent
   * @source Kafka Streams `Topology.addProcessor`
   * @example
   * const source = builder.addSource("readings", "celsius", { key: string(), value: float64() });
   * builder.addProcessor("fahrenheit", {
   *   supplier: (context: ProcessorContext<string, number>) => ({
   *     process: (record) => context.forward(record.withValue(record.value * 1.8 + 32)),
   *   }),
   *   parents: [source],
   * });
   */
  addProcessor<K, V, K2, V2>(name: string, processor: LowLevelProcessor<K, V, K2, V2>): TopologyNodeRef<K2, V2> {
    return addLowLevelProcessor(this.graph, name, processor);
  }

  /**
   * Low-level API: keeps a topic in a store that has no changelog of its own, because the topic is it. Other processors read the store
   * where they are connected to it; the one that is given here puts the records, unchanged.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` for a store of another type than by key or with versions, or with other serdes
   * @source Kafka Streams `Topology.addReadOnlyStateStore` (KIP-813)
   * @example
   * const rates = Stores.timestampedKeyValue("rates", { key: string(), value: float64() });
   * builder.addReadOnlyStateStore(rates, "rates-topic", {
   *   source: "rates-source", name: "rates-writer", key: string(), value: float64(),
   *   supplier: (context) => {
   *     const store = context.getStateStore(rates);
   *     return { process: ({ key, value, timestampMs }) => store.put(key, { value, timestampMs }) };
   *   },
   * });
   */
  addReadOnlyStateStore<K, V>(store: StoreBuilder, topic: string, options: ReadOnlyStoreOptions<K, V>): this {
    const { source, name, key, value, supplier } = options;
    const spec = storeOfTopic(store.spec, topic, { key, value: asSerde(value) });
    const parent = this.addSource(source, topic, { key, value, offsetReset: "earliest" });
    const resolved = { operator: processor(supplier), store: spec };
    this.graph.addProcessor({ name, parents: [parent.name], resolve: () => resolved });
    return this;
  }

  /**
   * Low-level API: writes what its parents forward to a topic, or each record to one that is chosen for it.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` without a parent
   * @source Kafka Streams `Topology.addSink`
   * @example
   * const source = builder.addSource("levels", "levels", { key: string(), value: int64() });
   * builder.addSink("by-level", {
   *   topic: (_key, level) => (level > 9 ? "high" : "low"),
   *   topics: ["high", "low"],
   *   parents: [source],
   *   key: string(),
   *   value: int64(),
   * });
   */
  addSink<K, V, T = V>(name: string, sink: LowLevelSink<K, V, T>): void {
    addLowLevelSink(this.graph, name, sink);
  }

  /**
   * Reads a whole topic as a table in every worker, so that streams join it by any key. It is not partitioned with them, and
   * changes of it trigger nothing. Pins start when a worker has read the topic up to its end.
   *
   * @example
   * const names = builder.globalTable("names", { key: string(), value: json(User) });
   */
  globalTable<K, V>(topic: string, options: GlobalTableOptions<K, V>): GlobalKTable<K, V> {
    const graph = this.graph;
    const { key, value, name } = options;
    const serdes = { keySerde: key, valueSerde: asSerde(value) };
    // Not logged: the topic itself is what it is restored from.
    const store = rowStore(options.store ?? graph.storeName(`${topic}-`), { ...serdes, logged: false });
    const sourceName = graph.nodeName(prefixes.source, name && `${name}-source`);
    const node = graph.nodeName(prefixes.tableSource, name);
    const kept = { store: store.name, keySerde: key, sourceKeyed: true };
    graph.addGlobalStore(
      { kind: "source", name: sourceName, topics: [topicRef(topic)], ...serdes },
      { name: node, operator: tableSource({ kept, sendsOldValues: false }), store },
    );
    return new GlobalKTable<K, V>({ graph, globalStore: store.name, keySerde: key });
  }

  /**
   * Keeps what a processor makes of a whole topic in a store that every worker has, and that every processor may read by its name. The
   * processor reads all records of the topic again in every worker that starts; it forwards and schedules nothing. A record that it
   * fails on is tried again, and until it succeeds no pin starts in that worker.
   *
   * @param options `supplier`: the processor; serdes of the topic, which need not be those of the store.
   * @example
   * const rates = Stores.keyValue("rates", { key: string(), value: float64() });
   * builder.addGlobalStore(rates, "rate-changes", {
   *   key: string(), value: string(),
   *   supplier: (context) => {
   *     const store = context.getStateStore(rates);
   *     return { process: ({ key, value }) => store.put(key, Number(value)) };
   *   },
   * });
   */
  addGlobalStore<K, V>(store: StoreBuilder, topic: string, options: GlobalStoreOptions<K, V>): this {
    const { graph } = this;
    const { key, value, name, supplier } = options;
    const sourceName = graph.nodeName(prefixes.source, name && `${name}-source`);
    const node = graph.nodeName(prefixes.tableSource, name);
    graph.addGlobalStore(
      {
        kind: "source",
        name: sourceName,
        topics: [topicRef(topic)],
        keySerde: key,
        valueSerde: asSerde(value),
      },
      { name: node, operator: processor(supplier), store: { ...store.spec, logged: false }, updates: true },
    );
    return this;
  }

  /**
   * The topology so far: checked, frozen, plain data.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID`
   * @example
   * builder.stream("words", { key: string(), value: string() }).to("copied");
   * builder.build().nodes.map(({ name }) => name); // ["KSTREAM-SOURCE-0000000000", "KSTREAM-SINK-0000000001"]
   */
  build(options: BuildOptions = {}): Topology {
    return this.graph.build(options);
  }

  private source<K, V>(name: string, read: Reading, options: StreamOptions<K, V>): string {
    const { key, value, timestampExtractor, offsetReset } = options;
    return this.graph.addSource({
      kind: "source",
      name,
      ...read,
      keySerde: key,
      valueSerde: asSerde(value),
      ...(timestampExtractor !== undefined && { timestampExtractor }),
      ...(offsetReset !== undefined && { offsetReset: checkedOffsetReset(offsetReset, `offsetReset of ${name}`) }),
    });
  }
}

type Reading = Pick<SourceNode, "topics" | "pattern">;

function reading(topics: SourceTopics): Reading {
  if (topics instanceof RegExp) return { topics: [], pattern: topics };
  const names = new Set(typeof topics === "string" ? [topics] : topics);
  if (names.size > 0) return { topics: [...names].map(topicRef) };
  throw new StreamError("TOPOLOGY_INVALID", "a stream needs a topic: its list is empty");
}
