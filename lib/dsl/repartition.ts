import { StreamError } from "../core/errors.ts";
import type { StreamPartitioner } from "../topology/routing.ts";
import type { Graph } from "./graph.ts";
import type { RepartitionTopic } from "./graph-node.ts";
import { prefixes } from "./prefixes.ts";
import { repartitionNode, sourceOf } from "./repartition-node.ts";
import { checkSameReading } from "./same-reading.ts";
import type { KnownSerdes } from "./serdes.ts";
import { needed } from "./serdes.ts";

const SUFFIX = "-repartition";
const generated = /^KSTREAM.*-\d{10}$/;

/** What a repartition topic needs. */
export interface RepartitionOptions {
  /** The node whose records go through the topic. */
  readonly parent: string;
  /** What the topic is called, without application id and `-repartition`. */
  readonly topicName: string;
  readonly serdes: KnownSerdes;
  /** Which call of the user's gives serdes, for errors. */
  readonly call: string;
  /** Given by the user; else as many as what feeds the topic has. */
  readonly partitions?: number | undefined;
  readonly partitioner?: StreamPartitioner | undefined;
}

/** Names of the three nodes around a repartition topic. Uses up three numbers, used or not, as Kafka Streams does. */
function nodeNames(
  graph: Graph,
  topicName: string,
  topic: string,
): Pick<RepartitionTopic, "filter" | "sink" | "source"> {
  const sink = graph.nodeName(prefixes.sink);
  const filter = graph.nodeName(prefixes.filter);
  const source = graph.nodeName(prefixes.source);
  if (generated.test(topicName)) return { filter, sink, source };
  return namesAround(topic);
}

/** Names of the three nodes around a topic that has a name. */
export function namesAround(topic: string): Pick<RepartitionTopic, "filter" | "sink" | "source"> {
  return { filter: `${topic}-filter`, sink: `${topic}-sink`, source: `${topic}-source` };
}

/** A number of partitions that the user gives. @throws {StreamError} `TOPOLOGY_INVALID` */
export function checkedPartitions(given: number | undefined): number | undefined {
  if (given === undefined || (Number.isSafeInteger(given) && given > 0)) return given;
  throw new StreamError("TOPOLOGY_INVALID", `numberOfPartitions is ${given}: give a whole number above 0`);
}

/**
 * Sends a stream through a topic that is partitioned by its new key, without null keys unless somebody below takes them. A
 * stream that was sent through this topic before is not sent again.
 *
 * @returns name of the source that reads it back
 * @throws {StreamError} `TOPOLOGY_INVALID` when another stream goes through the topic
 * @source Kafka Streams `KStreamImpl.createRepartitionedSource`
 */
export function repartition(graph: Graph, options: RepartitionOptions): string {
  const { parent, topicName, serdes, call, partitions, partitioner } = options;
  const topic = topicName.endsWith(SUFFIX) ? topicName : topicName + SUFFIX;
  const names = nodeNames(graph, topicName, topic);
  const keySerde = needed(serdes, "key", { node: names.sink, fix: `${call}({ key })` });
  const valueSerde = needed(serdes, "value", { node: names.sink, fix: `${call}({ value })` });
  const ref = Object.freeze({ name: topic, internal: true, ...(partitions !== undefined && { partitions }) });
  const around: RepartitionTopic = { ...names, topic: ref, keySerde, valueSerde, partitioner };
  const before = graph.repartitions.get(topic);
  if (before === undefined) {
    graph.repartitions.set(topic, { parent, topic: around });
    // A topic that was asked for stays.
    const mergeable = call === "repartition" ? undefined : around;
    graph.add({ ...repartitionNode(around), parents: [parent], mergeable });
    return names.source;
  }
  if (before.parent === parent) {
    checkSameReading(sourceOf(before.topic), sourceOf(around));
    return before.topic.source;
  }
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${before.parent} and ${parent} are both repartitioned as ${topicName}: pass another name to ${call}`,
    { details: { topic } },
  );
}
