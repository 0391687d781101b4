import type { ProcessorSupplier } from "../operators/processor.ts";
import { streamGlobalTableJoin } from "../operators/stream-global-table-join.ts";
import type { AnyJoiner } from "../operators/value-joiner.ts";
import type { SerdeLike } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { Graph } from "./graph.ts";
import { prefixes } from "./prefixes.ts";
import { withoutValue } from "./serdes.ts";
import type { Named, StreamProps } from "./stream.ts";
import { checkSameGraph } from "./stream-table-join.ts";

/** How a topic is read as a global table. */
export interface GlobalTableOptions<K, V> extends Named {
  readonly key: Serde<K>;
  /** A serde, or a schema for JSON values. */
  readonly value: SerdeLike<V>;
  /** Name of the store. */
  readonly store?: string;
}

/** How a topic is read into a global store. */
export interface GlobalStoreOptions<K, V> extends Named {
  readonly key: Serde<K>;
  /** A serde, or a schema for JSON values. */
  readonly value: SerdeLike<V>;
  /** Makes the processor that writes the store: it gets every record of the topic, and forwards nothing. */
  readonly supplier: ProcessorSupplier<K, V, never, never>;
}

/** What a global table is made of. */
export interface GlobalTableProps {
  readonly graph: Graph;
  readonly globalStore: string;
  readonly keySerde: Serde<unknown>;
}

/**
 * A whole topic as a table, in every worker: a stream joins it by any key, without repartitioning and whatever the number of
 * partitions. Workers follow the topic on their own, so there is no order between its records and those of the stream.
 *
 * @example
 * const users = builder.globalTable("users", { key: string(), value: json(User) });
 * const visits = builder.stream("visits", { key: string(), value: json(Visit) });
 * const named = visits.join(users, (page, visit) => visit.user, (visit, user) => ({ ...visit, name: user.name }));
 */
export class GlobalKTable<K, V> {
  /** @internal */
  readonly props: GlobalTableProps;
  /** Types only: a global table of other keys or values is another type. */
  declare protected readonly row: readonly [K, V];

  /** @internal Made by `StreamsBuilder.globalTable`. */
  constructor(props: GlobalTableProps) {
    this.props = Object.freeze(props);
  }
}

/** What the two joins of a stream with a global table share. */
export interface GlobalTableJoin {
  readonly table: GlobalTableProps;
  readonly keySelector: unknown;
  readonly joiner: unknown;
  readonly left: boolean;
  readonly options: Named;
}

/**
 * Adds the join of a stream with a global table. Both kinds are named `KSTREAM-LEFTJOIN-`, as in Kafka Streams.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a table of another builder
 * @source Kafka Streams `KStreamImpl.globalTableJoin`
 */
export function joinWithGlobalTable(stream: StreamProps, join: GlobalTableJoin): StreamProps {
  const { table, joiner, left, options } = join;
  const { graph, node } = stream;
  checkSameGraph(stream, table, left ? "leftJoin" : "join");
  const name = graph.nodeName(prefixes.leftJoin, options.name);
  const operator = streamGlobalTableJoin({
    globalStore: table.globalStore,
    keySerde: table.keySerde,
    keySelector: join.keySelector as (key: unknown, value: unknown) => unknown,
    joiner: joiner as AnyJoiner,
    left,
  });
  graph.addProcessor({ name, parents: [node], resolve: () => ({ operator }) });
  if (left) graph.takesNullKeys(name);
  return { ...stream, node: name, serdes: withoutValue(stream.serdes, name) };
}
