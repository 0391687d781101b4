import type { Serde } from "../serde/serde.ts";
import type { StoreSpec } from "../state/store.ts";
import type { TopicRef, TopologyNode } from "../topology/node.ts";
import type { AutoOffsetReset } from "../topology/offset-reset.ts";
import type { Operator } from "../topology/operator.ts";
import type { StreamPartitioner } from "../topology/routing.ts";
import type { Optimization } from "./optimization.ts";

/**
 * What a node of a stream does to the records that go on from it: nothing, or a new value or key. Of others, such as joins and
 * aggregations, it is not said: what goes on is something else.
 */
export type Effect = "none" | "value" | "key";

/** A topic between two parts of a topology, with the nodes around it. */
export interface RepartitionTopic {
  readonly topic: TopicRef;
  readonly filter: string;
  readonly sink: string;
  readonly source: string;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly partitioner?: StreamPartitioner | undefined;
}

/** What is known when nodes are written. */
export interface Build {
  readonly optimizations: ReadonlySet<Optimization>;
  readonly autoOffsetReset: AutoOffsetReset;
  /** What a node hangs below in this build: an optimization may have moved it. */
  parentsOf(node: string): readonly string[];
}

/** Where a node is in a build. */
export interface PlaceInBuild {
  readonly parents: readonly string[];
  readonly build: Build;
  /** Whether a node that takes records without a key is somewhere below. */
  nullKeysAreTakenBelow(): boolean;
}

/** A node of the graph that the calls on a builder make: one of the topology's, or the three around a repartition topic. */
export interface GraphNode {
  /** What the nodes below name. */
  readonly name: string;
  readonly parents: readonly string[];
  /** Nodes that come before it, though it does not hang below them. */
  readonly after: readonly string[];
  readonly effect: Effect | undefined;
  /** Streams come together in it. */
  readonly merges: boolean;
  /** A topic that may be merged with others. */
  readonly mergeable: RepartitionTopic | undefined;
  /** Nodes of the topology; none where it is not needed in this build. */
  readonly write: (at: PlaceInBuild) => readonly TopologyNode[];
}

/** A node with what it needs; the rest is nothing. */
export function graphNode(node: Pick<GraphNode, "name" | "parents" | "write"> & Partial<GraphNode>): GraphNode {
  return Object.freeze({ after: [], effect: undefined, merges: false, mergeable: undefined, ...node });
}

/** A processor that is resolved when the topology is built: what it needs may depend on operators added below it. */
export interface PendingProcessor {
  readonly name: string;
  readonly parents: readonly string[];
  readonly after?: readonly string[];
  readonly effect?: Effect;
  readonly merges?: boolean;
  /** Answers undefined when the node is not needed in this build. */
  readonly resolve: (build: Build) => ResolvedProcessor | undefined;
}

/** What a processor turned out to be. */
export interface ResolvedProcessor {
  readonly operator: Operator;
  /** The store that it brings. */
  readonly store?: StoreSpec | undefined;
  /** Stores of other nodes that it is connected to. */
  readonly reads?: readonly string[];
  /** See `ProcessorNode.clocks`; for a node that shares its store with others. */
  readonly clocks?: string;
  /** Where it hangs in this build, if not where it was added. */
  readonly parents?: readonly string[];
}
