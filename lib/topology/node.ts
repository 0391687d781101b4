import type { Serde } from "../serde/serde.ts";
import type { StoreSpec } from "../state/store.ts";
import type { OffsetReset } from "./offset-reset.ts";
import type { Operator } from "./operator.ts";
import type { StreamPartitioner, TopicChoice } from "./routing.ts";

/** Computes a record's timestamp. A negative result drops the record. */
export type TimestampExtractor = (record: {
  readonly timestampMs: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: unknown;
  readonly value: unknown;
  /** Largest timestamp extracted from this partition so far, -1 at first. */
  readonly partitionTimeMs: number;
}) => number;

/** Reads topics. */
export interface SourceNode {
  readonly kind: "source";
  readonly name: string;
  /** Empty for a pattern, until it is known what it stands for. */
  readonly topics: readonly TopicRef[];
  /** Reads the topics that match. */
  readonly pattern?: RegExp;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestampExtractor?: TimestampExtractor;
  readonly offsetReset?: OffsetReset;
}

/** Runs an operator. */
export interface ProcessorNode {
  readonly kind: "processor";
  readonly name: string;
  readonly parents: readonly string[];
  readonly operator: Operator;
  readonly stores: readonly string[];
  /**
   * The name under which its clocks are kept: the store that it brings, or its own name without one. Names of nodes move
   * when operators are added in front, names of stores do not. Nodes with the same name share their clocks.
   */
  readonly clocks: string;
}

/** Writes a topic. */
export interface SinkNode {
  readonly kind: "sink";
  readonly name: string;
  readonly parents: readonly string[];
  readonly topic: TopicRef | TopicChoice;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  /** Chooses partitions instead of Kafka's default partitioner. */
  readonly partitioner?: StreamPartitioner;
}

/** A topic by its name; internal names get the application id in front (`<app>-<name>`). */
export interface TopicRef {
  readonly name: string;
  readonly internal: boolean;
  /** Partitions of an internal topic whose number the user fixes; else as many as what feeds it has. */
  readonly partitions?: number;
}

/** A node of a topology. Frozen: a node is data. */
export type TopologyNode = SourceNode | ProcessorNode | SinkNode;

/** A topic that every worker keeps whole in a store. Its nodes have a sub-topology number, but no tasks. */
export interface GlobalStore {
  readonly source: string;
  readonly processor: string;
  readonly topic: string;
  readonly store: StoreSpec;
  /** What puts the records of the topic into the store; without it each is a row. */
  readonly updater?: GlobalUpdater;
}

/** A user's processor that writes a global store, and how it reads the topic. */
export interface GlobalUpdater {
  readonly operator: Operator;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
}

/** A whole topology: nodes in the order in which they were added, stores by name. */
export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly stores: ReadonlyMap<string, StoreSpec>;
  /** Sources, by node name, whose topics must have the same number of partitions: their keys meet in one node. */
  readonly copartitionGroups: readonly (readonly string[])[];
  readonly globalStores: readonly GlobalStore[];
}

/** A connected part without a repartition inside; `number` is Kafka Streams' and for names only. */
export interface SubTopology {
  readonly number: number;
  /** The application whose id internal topics carry. */
  readonly applicationId: string;
  readonly nodes: readonly TopologyNode[];
  readonly stores: readonly StoreSpec[];
  /** Physical topic names, sorted. */
  readonly sourceTopics: readonly string[];
  readonly sinkTopics: readonly string[];
}
