import type { Header } from "../records/reader.ts";
import type { TopicRef, TopologyNode } from "./node.ts";

/** Where a record comes from, and what it has beside key and value. */
export interface RecordContext {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly headers: readonly Header[];
}

/** Names the topic that a record is written to. @source Kafka Streams `TopicNameExtractor` */
export type TopicNameExtractor<K = unknown, V = unknown> = (key: K, value: V, context: RecordContext) => string;

/** What a partitioner decides with. */
export interface PartitionerContext {
  readonly topic: string;
  readonly partitionCount: number;
}

/**
 * Names the partition that a record is written to, or several: none drops the record, undefined leaves the choice to
 * Kafka's default partitioner.
 *
 * @source Kafka Streams `StreamPartitioner`
 */
export type StreamPartitioner<K = unknown, V = unknown> = (
  key: K,
  value: V,
  context: PartitionerContext,
) => number | readonly number[] | undefined;

/** A topic that is chosen per record out of those that are declared. */
export interface TopicChoice {
  readonly choose: TopicNameExtractor;
  readonly topics: readonly TopicRef[];
}

/** Every topic that a node reads or may write. */
export function topicsOf(node: TopologyNode): readonly TopicRef[] {
  if (node.kind === "source") return node.topics;
  if (node.kind === "processor") return [];
  return isChoice(node.topic) ? node.topic.topics : [node.topic];
}

/** Whether a sink chooses its topic per record. */
export function isChoice(topic: TopicRef | TopicChoice): topic is TopicChoice {
  return "choose" in topic;
}
