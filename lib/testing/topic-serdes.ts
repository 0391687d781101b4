import type { DeployedApplication } from "../application/prepare.ts";
import { StreamError } from "../core/errors.ts";
import type { Serde } from "../serde/serde.ts";
import { topicsOf } from "../topology/routing.ts";
import { matchesTopic } from "../topology/topic-patterns.ts";

/** How keys and values of a topic become bytes. */
export interface TopicSerdes<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/**
 * The serdes with which an application reads (`source`) or writes (`sink`) a topic.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` when it does not
 */
export function topicSerdes<K, V>(
  { topology }: DeployedApplication,
  kind: "source" | "sink",
  topic: string,
): TopicSerdes<K, V> {
  for (const node of topology.nodes) {
    if (node.kind === "processor" || node.kind !== kind) continue;
    const matches = node.kind === "source" && node.pattern !== undefined && matchesTopic(node.pattern, topic);
    if (!matches && !topicsOf(node).some(({ name }) => name === topic)) continue;
    return { key: node.keySerde as Serde<K>, value: node.valueSerde as Serde<V> };
  }
  const verb = kind === "source" ? "read" : "write";
  throw new StreamError("TOPOLOGY_INVALID", `the application does not ${verb} topic ${topic}`, { details: { topic } });
}
