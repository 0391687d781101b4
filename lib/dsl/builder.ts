import { StreamError } from "../core/errors.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { TimestampExtractor, TopicRef, Topology } from "../topology/node.ts";
import { Graph } from "./graph.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import { prefixes } from "./prefixes.ts";
import { bothKnown } from "./serdes.ts";
import { sourcedTable } from "./sourced-table.ts";
import type { Named } from "./stream.ts";
import { KStream } from "./stream.ts";
import type { KTable } from "./table.ts";

/** How a topic is read. */
export interface StreamOptions<K, V> extends Named {
  readonly key: Serde<K>;
  /** A serde, or a schema for JSON values. */
  readonly value: SerdeLike<V>;
  /** Event time of a record; the record's own timestamp without it. */
  readonly timestampExtractor?: TimestampExtractor;
  /** Where to start when a partition is read for the first time; what the application is configured with, without it. */
  readonly offsetReset?: "earliest" | "latest";
}

/** How a topic is read as a table. */
export interface TableOptions<K, V> extends StreamOptions<K, V>, StoreOptions {}

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
   * Reads a topic, or several in one stream.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` without a topic
   * @example
   * const trades = builder.stream("trades", { key: string(), value: json(Trade) });
   */
  stream<K, V>(topics: string | readonly string[], options: StreamOptions<K, V>): KStream<K, V> {
    const graph = this.graph;
    const refs = [...new Set(typeof topics === "string" ? [topics] : topics)].map(topicRef);
    if (refs.length === 0) throw new StreamError("TOPOLOGY_INVALID", "stream needs a topic: its list is empty");
    const name = graph.nodeName(prefixes.source, options.name);
    const node = this.addSource(name, refs, options);
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
    const storeName = options.store ?? graph.storeName(`${topic}-`);
    const sourceName = graph.nodeName(prefixes.source, options.name && `${options.name}-source`);
    const node = graph.nodeName(prefixes.tableSource, options.name);
    const source = this.addSource(sourceName, [topicRef(topic)], options);
    const { key: keySerde, store, logged } = options;
    const place = { graph, node, parent: source, sources: [source], sourceKeyed: true };
    return sourcedTable<K, V>({ ...place, keySerde, valueSerde: asSerde(options.value), storeName, store, logged });
  }

  /**
   * The topology so far: checked, frozen, plain data.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID`
   */
  build(): Topology {
    return this.graph.build();
  }

  private addSource<K, V>(name: string, topics: readonly TopicRef[], options: StreamOptions<K, V>): string {
    const { key, value, timestampExtractor, offsetReset } = options;
    return this.graph.addSource({
      kind: "source",
      name,
      topics,
      keySerde: key,
      valueSerde: asSerde(value),
      ...(timestampExtractor !== undefined && { timestampExtractor }),
      ...(offsetReset !== undefined && { offsetReset }),
    });
  }
}

function topicRef(name: string): TopicRef {
  return Object.freeze({ name, internal: false });
}
