import { StreamError } from "../core/errors.ts";
import { type ProcessorSupplier, processor } from "../operators/processor.ts";
import type { SerdeLike } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { StoreSpec } from "../state/store.ts";
import { keyedTypes } from "../state/store.ts";
import type { TopicRef } from "../topology/node.ts";
import type { StreamPartitioner, TopicChoice, TopicNameExtractor } from "../topology/routing.ts";
import { type Connected, connectedStores } from "./connected-stores.ts";
import type { Graph } from "./graph.ts";
import type { SchemaFor, Writes } from "./serdes.ts";
import { given } from "./serdes.ts";

declare const forwards: unique symbol;

/** A node of the low-level API, by its name, and what it forwards: what others hang below. */
export interface TopologyNodeRef<K, V> {
  readonly name: string;
  /** For the compiler only. */
  readonly [forwards]?: readonly [K, V];
}

/** A processor of the low-level API. */
export interface LowLevelProcessor<K, V, K2, V2> extends Connected {
  readonly supplier: ProcessorSupplier<K, V, K2, V2>;
  readonly parents: readonly TopologyNodeRef<K, V>[];
}

/** A sink of the low-level API. */
export interface LowLevelSink<K, V, T = V> {
  /** The topic, or a function that chooses one of `topics` for each record. */
  readonly topic: string | TopicNameExtractor<K, V>;
  /** Every topic that may be chosen. */
  readonly topics?: readonly string[];
  readonly parents: readonly TopologyNodeRef<K, V>[];
  readonly key: Writes<NonNullable<K>>;
  readonly value: Writes<NonNullable<V>> | SchemaFor<NonNullable<V>, T>;
  readonly partitioner?: StreamPartitioner<K, V>;
}

/** How a topic is read into a store that others only read. */
export interface ReadOnlyStoreOptions<K, V> {
  /** Name of the source. */
  readonly source: string;
  /** Name of the processor. */
  readonly name: string;
  readonly key: Serde<K>;
  /** A serde, or a schema for JSON values. */
  readonly value: SerdeLike<V>;
  /** Makes the processor that puts the records into the store, as they are: what is restored are the records themselves. */
  readonly supplier: ProcessorSupplier<K, V, never, never>;
}

/**
 * The store of a topic that is its changelog.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a store whose rows are not records of the topic
 */
export function storeOfTopic(
  { name, ...spec }: StoreSpec,
  topic: string,
  serdes: { readonly key: Serde<unknown>; readonly value: Serde<unknown> },
): StoreSpec {
  const isKeyed = keyedTypes.includes(spec.type) || spec.type === "versioned";
  const sameSerdes = spec.keySerde.id === serdes.key.id && spec.valueSerde.id === serdes.value.id;
  if (isKeyed && sameSerdes) return { ...spec, name, logged: false, sourceTopic: topic };
  const what = isKeyed ? "has other serdes than the topic" : "has other keys than records have";
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `store ${name} is restored from topic ${topic}, and ${what}: use a key-value or versioned store with the topic's serdes`,
    { details: { store: name, topic } },
  );
}

/** Adds a processor below others. */
export function addLowLevelProcessor<K, V, K2, V2>(
  graph: Graph,
  name: string,
  { supplier, parents, stores }: LowLevelProcessor<K, V, K2, V2>,
): TopologyNodeRef<K2, V2> {
  const connected = connectedStores(graph, stores);
  const operator = processor(supplier);
  graph.addProcessor({ name, parents: namesOf(name, parents), resolve: () => ({ operator, reads: connected }) });
  return Object.freeze({ name });
}

/** Adds a sink below others. */
export function addLowLevelSink<K, V, T>(graph: Graph, name: string, sink: LowLevelSink<K, V, T>): void {
  const { topic, topics, parents, partitioner } = sink;
  const { key, value } = given(sink);
  graph.addSink({
    kind: "sink",
    name,
    parents: namesOf(name, parents),
    topic: sinkTopic(topic as string | TopicNameExtractor, topics),
    keySerde: key as Serde<unknown>,
    valueSerde: value as Serde<unknown>,
    ...(partitioner !== undefined && { partitioner: partitioner as StreamPartitioner }),
  });
}

/** A topic of the user's. */
export function topicRef(name: string): TopicRef {
  return Object.freeze({ name, internal: false });
}

/** Where a sink writes: one topic, or that of several which is chosen. */
export function sinkTopic(topic: string | TopicNameExtractor, topics: readonly string[] = []): TopicRef | TopicChoice {
  return typeof topic === "string" ? topicRef(topic) : Object.freeze({ choose: topic, topics: topics.map(topicRef) });
}

function namesOf(node: string, parents: readonly TopologyNodeRef<unknown, unknown>[]): readonly string[] {
  if (parents.length > 0) return parents.map(({ name }) => name);
  throw new StreamError("TOPOLOGY_INVALID", `${node} has no parents: nothing would reach it`, { details: { node } });
}
