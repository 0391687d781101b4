/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** `topic:partition`, the key of every per-partition map. Topic names cannot contain a colon. */
export type PartitionKey = `${string}:${number}`;

/** The map key of a partition. */
export function partitionKey(topic: string, partition: number): PartitionKey {
  return `${topic}:${partition}`;
}

/** The partition that a map key names. */
export function parsePartitionKey(key: PartitionKey): TopicPartition {
  const colon = key.lastIndexOf(":");
  return { topic: key.slice(0, colon), partition: Number(key.slice(colon + 1)) };
}
