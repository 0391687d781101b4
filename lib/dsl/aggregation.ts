import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import type { KeyedStore } from "../operators/keyed-store.ts";
import type { Serde } from "../serde/serde.ts";
import type { StoreSpec, StoreType } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { Graph } from "./graph.ts";
import { OldValues } from "./old-values.ts";
import { repartition } from "./repartition.ts";
import type { KnownSerdes } from "./serdes.ts";
import { needed } from "./serdes.ts";
import type { StreamProps } from "./stream.ts";

/** A grouped stream: a stream with the serdes of its groups. */
export interface GroupedProps extends StreamProps {
  /** Name of the repartition topic, given by the user. */
  readonly groupName: string | undefined;
  /** The call that made the group, for errors. */
  readonly call: "groupByKey" | "groupBy";
}

/** One aggregation of a grouped stream. */
export interface AggregationOptions {
  readonly prefix: string;
  readonly type: StoreType;
  readonly store?: string | undefined;
  readonly name?: string | undefined;
  readonly logged?: boolean | undefined;
  /** Serde of the aggregate; undefined: that of the stream's values. */
  readonly value: Serde<unknown> | undefined;
  /** Window stores. */
  readonly windowSizeMs?: number;
  readonly retentionMs?: number;
}

/** What an aggregation added to the graph. */
export interface AddedAggregation {
  readonly node: string;
  readonly sources: readonly string[];
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly oldValues: OldValues;
  readonly store: string;
  readonly sourceKeyed: boolean;
  /** The nodes that take records, and what is known of these. */
  readonly input: { readonly nodes: readonly string[]; readonly serdes: KnownSerdes };
}

/** Where the records of a group come from. */
export interface Upstream {
  readonly node: string;
  readonly sources: readonly string[];
  readonly sourceKeyed: boolean;
}

/**
 * Adds aggregations of one grouped stream: store, repartition topic where the key has changed, node.
 *
 * A group with a name has one repartition topic for all its aggregations, one without has a topic for each.
 *
 * @source Kafka Streams `GroupedStreamAggregateBuilder`
 */
export class Aggregation {
  private readonly props: GroupedProps;

  constructor(props: GroupedProps) {
    this.props = props;
  }

  add(options: AggregationOptions, operator: (kept: KeyedStore) => Operator): AddedAggregation {
    const { graph } = this.props;
    // The store's number comes before the node's.
    const store = options.store ?? graph.storeName(options.prefix);
    const node = graph.nodeName(options.prefix, options.name);
    const keySerde = this.serdeOf("key", node);
    const valueSerde = options.value ?? this.serdeOf("value", node);
    const { node: parent, sources, sourceKeyed } = this.upstream(store);
    if (this.props.rekeyed) graph.addAgain(parent);
    const spec = storeSpec(options, { name: store, keySerde, valueSerde });
    const resolved = { operator: operator({ store, keySerde, sourceKeyed }), store: spec };
    graph.addProcessor({ name: node, parents: [parent], resolve: () => resolved });
    graph.addCopartitionGroup(sources);
    const input = { nodes: [node], serdes: this.props.serdes };
    return { node, sources, keySerde, valueSerde, oldValues: new OldValues(() => true), store, sourceKeyed, input };
  }

  get graph(): Graph {
    return this.props.graph;
  }

  /** A serde of the groups. @throws {StreamError} `TOPOLOGY_INVALID` naming the node that needs it, when none is known */
  serdeOf(part: "key" | "value", node: string): Serde<unknown> {
    const { serdes, call } = this.props;
    return needed(serdes, part, { node, fix: `${call}({ ${part} })` });
  }

  /** Where the records come from: the repartition topic, which is added, if the key has changed. */
  upstream(store: string): Upstream {
    const { graph, node, sources, sourceKeyed, rekeyed, serdes, groupName, call } = this.props;
    if (!rekeyed) return { node, sources, sourceKeyed };
    const source = repartition(graph, { parent: node, topicName: groupName ?? store, serdes, call });
    return { node: source, sources: [source], sourceKeyed: true };
  }
}

/** The store of an aggregation. */
export function storeSpec(
  { type, logged = true, windowSizeMs, retentionMs }: AggregationOptions,
  known: Pick<StoreSpec, "name" | "keySerde" | "valueSerde">,
): StoreSpec {
  return {
    ...known,
    type,
    logged,
    ...(windowSizeMs !== undefined && { windowSizeMs }),
    ...(retentionMs !== undefined && { retentionMs }),
  };
}

/** The least time that a store must keep its windows, and what it consists of. */
export interface LeastRetention {
  readonly ms: number;
  /** For the message, such as `"size + grace"`. */
  readonly sum: string;
}

/**
 * How long a window store keeps its windows, in ms: the least that is needed, or longer when asked.
 *
 * @throws {StreamError} `CONFIG_INVALID` when shorter: open windows would vanish
 */
export function checkedRetention(retention: Duration | undefined, least: LeastRetention): number {
  if (retention === undefined) return least.ms;
  const retentionMs = durationMs(retention, "retention");
  if (retentionMs >= least.ms) return retentionMs;
  throw new StreamError(
    "CONFIG_INVALID",
    `retention is ${retentionMs} ms, below ${least.sum} = ${least.ms} ms: raise it, or lower the grace`,
    { details: { retentionMs, atLeastMs: least.ms } },
  );
}
