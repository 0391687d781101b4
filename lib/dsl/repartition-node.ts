import { dropNullKeys } from "../operators/drop-null-keys.ts";
import { passThrough } from "../operators/pass-through.ts";
import type { SourceNode } from "../topology/node.ts";
import type { GraphNode, RepartitionTopic } from "./graph-node.ts";

/** A repartition topic that a graph has, and the node whose records go through it. */
export interface AddedRepartition {
  readonly parent: string;
  readonly topic: RepartitionTopic;
}

/**
 * The three nodes around a repartition topic, as one of the graph: it has the name of the source. Records without a key are
 * dropped, unless somebody below takes them.
 *
 * @source Kafka Streams `OptimizableRepartitionNode`, `UnoptimizableRepartitionNode`
 */
export function repartitionNode(topic: RepartitionTopic): Pick<GraphNode, "name" | "write"> {
  const { filter, sink, keySerde, valueSerde, partitioner } = topic;
  return {
    name: topic.source,
    write: ({ parents, nullKeysAreTakenBelow }) => {
      const operator = nullKeysAreTakenBelow() ? passThrough : dropNullKeys;
      const written = { topic: topic.topic, keySerde, valueSerde, ...(partitioner !== undefined && { partitioner }) };
      return [
        { kind: "processor", name: filter, parents, operator, stores: [], clocks: filter },
        { kind: "sink", name: sink, parents: [filter], ...written },
        sourceOf(topic),
      ];
    },
  };
}

/** What reads a repartition topic. */
export function sourceOf({ source, topic, keySerde, valueSerde }: RepartitionTopic): SourceNode {
  return { kind: "source", name: source, topics: [topic], keySerde, valueSerde };
}
