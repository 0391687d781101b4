import { StreamError } from "../core/errors.ts";
import type { SubTopology, Topology } from "./node.ts";
import { byName, physicalTopic, subTopologies } from "./sub-topologies.ts";

/**
 * Topics that must have the same number of partitions, because one node looks at the same key in all of them. Groups that
 * share a topic are one group.
 *
 * @returns groups of physical topic names, each sorted, of two topics or more
 */
export function copartitionGroups(topology: Topology, applicationId: string): readonly (readonly string[])[] {
  const topicsOf = new Map<string, readonly string[]>();
  for (const node of topology.nodes) {
    if (node.kind !== "source") continue;
    topicsOf.set(
      node.name,
      node.topics.map((topic) => physicalTopic(topic, applicationId)),
    );
  }
  const groups = topology.copartitionGroups.map((sources) => sources.flatMap((name) => topicsOf.get(name) ?? []));
  return united(groups)
    .map((topics) => [...topics].sort(byName))
    .filter((topics) => topics.length > 1)
    .sort(([a = ""], [b = ""]) => byName(a, b));
}

function united(groups: readonly (readonly string[])[]): readonly ReadonlySet<string>[] {
  let done: ReadonlySet<string>[] = [];
  for (const group of groups) {
    const meets = (other: ReadonlySet<string>): boolean => group.some((topic) => other.has(topic));
    const union = new Set([...group, ...done.filter(meets).flatMap((other) => [...other])]);
    done = [...done.filter((other) => !meets(other)), union];
  }
  return done;
}

/**
 * Partitions of every topic that is read, repartition topics included: as many as the largest input of the sub-topologies
 * that write them; in a co-partition group as many as the others.
 *
 * @param external Partitions of every topic of the user's that is read.
 * @throws {StreamError} `TOPIC_MISSING` for a source topic that `external` does not name
 * @throws {StreamError} `NOT_COPARTITIONED` when topics of a group differ
 * @source Kafka Streams `RepartitionTopics`, `CopartitionedTopicsEnforcer`
 */
export function partitionCounts(
  topology: Topology,
  applicationId: string,
  external: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const topic of externalSources(topology)) counts.set(topic, known(topic, external));
  for (const [topic, partitions] of fixedRepartitions(topology, applicationId)) counts.set(topic, partitions);
  const fixed = new Set(counts.keys());
  const groups = copartitionGroups(topology, applicationId);
  countRepartitions(subTopologies(topology, applicationId), groups, counts);
  for (const group of groups) align(group, fixed, counts);
  return counts;
}

function externalSources(topology: Topology): readonly string[] {
  const topics = topology.nodes.flatMap((node) => (node.kind === "source" ? node.topics : []));
  return topics.filter((topic) => !topic.internal).map((topic) => topic.name);
}

/** Repartition topics whose number of partitions the user gave. */
function fixedRepartitions(topology: Topology, applicationId: string): readonly (readonly [string, number])[] {
  const topics = topology.nodes.flatMap((node) => (node.kind === "source" ? node.topics : []));
  return topics.flatMap((topic) =>
    topic.partitions === undefined ? [] : [[physicalTopic(topic, applicationId), topic.partitions] as const],
  );
}

function known(topic: string, external: ReadonlyMap<string, number>): number {
  const count = external.get(topic);
  if (count !== undefined) return count;
  throw new StreamError("TOPIC_MISSING", `source topic ${topic} does not exist: create it first`, {
    details: { topic },
  });
}

/**
 * Goes down the chain of repartition topics: one is known when all inputs of its writers are. Where topics feed each other, as
 * those of a join by foreign key, one is as large as those that it meets.
 */
function countRepartitions(
  parts: readonly SubTopology[],
  groups: readonly (readonly string[])[],
  counts: Map<string, number>,
): void {
  const open = new Set(parts.flatMap((part) => part.sourceTopics).filter((topic) => !counts.has(topic)));
  for (let before = -1; open.size !== before; ) {
    before = open.size;
    for (const topic of open) {
      const inputs = parts.filter((part) => part.sinkTopics.includes(topic)).flatMap((part) => part.sourceTopics);
      const sizes = inputs.map((input) => counts.get(input) ?? 0);
      if (sizes.length === 0 || sizes.includes(0)) continue;
      counts.set(topic, Math.max(...sizes));
      open.delete(topic);
    }
    if (open.size === before) fillFromGroups(open, groups, counts);
  }
  if (open.size === 0) return;
  throw new StreamError("TOPOLOGY_INVALID", `repartition topics ${[...open].join(", ")} feed only each other`, {
    details: { topics: [...open] },
  });
}

function fillFromGroups(open: Set<string>, groups: readonly (readonly string[])[], counts: Map<string, number>): void {
  for (const group of groups) {
    const sizes = group.flatMap((topic) => counts.get(topic) ?? []);
    if (sizes.length === 0) continue;
    for (const topic of group) if (open.delete(topic)) counts.set(topic, Math.max(...sizes));
  }
}

function align(group: readonly string[], fixed: ReadonlySet<string>, counts: Map<string, number>): void {
  const given = group.filter((topic) => fixed.has(topic));
  const sizes = new Set(given.map((topic) => counts.get(topic) as number));
  if (sizes.size > 1) {
    const list = given.map((topic) => `${topic} has ${counts.get(topic)}`).join(", ");
    throw new StreamError(
      "NOT_COPARTITIONED",
      `${group.join(" and ")} meet by key, so they need the same number of partitions: ${list}; repartition one of them`,
      { details: { topics: group } },
    );
  }
  const size = [...sizes][0] ?? Math.max(...group.map((topic) => counts.get(topic) as number));
  for (const topic of group) counts.set(topic, size);
}
