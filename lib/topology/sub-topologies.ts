import type { StoreSpec } from "../state/store.ts";
import type { SinkNode, SubTopology, TopicRef, Topology, TopologyNode } from "./node.ts";
import { isChoice } from "./routing.ts";

/** The name of a topic on the broker: internal topics carry the application id in front. */
export function physicalTopic(topic: TopicRef, applicationId: string): string {
  return topic.internal ? `${applicationId}-${topic.name}` : topic.name;
}

/** The name of a store's changelog topic. */
export function changelogTopic(store: string, applicationId: string): string {
  return `${applicationId}-${store}-changelog`;
}

/** The topic that a store is restored from: a source topic, or its own changelog; undefined for a store that begins empty. */
export function restoredFrom(
  { name, logged, sourceTopic }: Pick<StoreSpec, "name" | "logged" | "sourceTopic">,
  applicationId: string,
): string | undefined {
  return sourceTopic ?? (logged ? changelogTopic(name, applicationId) : undefined);
}

/** Orders text by UTF-16 code units, as Java does; locales differ between machines. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Splits a topology into its connected parts: nodes that are linked directly or share a store. Those of global stores use up
 * a number and are left out: they have no tasks.
 *
 * Numbers follow Kafka Streams: parts count from their first node on, in the order in which nodes were added.
 *
 * @source Kafka Streams `InternalTopologyBuilder.makeNodeGroups`
 */
export function subTopologies(topology: Topology, applicationId: string): readonly SubTopology[] {
  return allParts(topology, applicationId).filter((part) => !isGlobal(part, topology));
}

/** The parts of global stores, with their numbers. */
export function globalParts(topology: Topology): readonly SubTopology[] {
  return allParts(topology, "").filter((part) => isGlobal(part, topology));
}

function allParts(topology: Topology, applicationId: string): readonly SubTopology[] {
  const groups = groupNodes(topology.nodes);
  return [...groups].map(([, nodes], number) => toSubTopology(number, nodes, { topology, applicationId }));
}

function isGlobal({ nodes }: SubTopology, { globalStores }: Topology): boolean {
  return globalStores.some(({ source }) => nodes.some(({ name }) => name === source));
}

function toSubTopology(
  number: number,
  nodes: readonly TopologyNode[],
  { topology, applicationId }: { topology: Topology; applicationId: string },
): SubTopology {
  const sources = new Set<string>();
  const sinks = new Set<string>();
  const stores = new Map<string, StoreSpec>();
  for (const node of nodes) {
    if (node.kind === "source") for (const topic of node.topics) sources.add(physicalTopic(topic, applicationId));
    else if (node.kind === "sink") addSink(sinks, node, applicationId);
    else for (const name of node.stores) stores.set(name, topology.stores.get(name) as StoreSpec);
  }
  return Object.freeze<SubTopology>({
    number,
    applicationId,
    nodes,
    stores: [...stores.values()].sort((a, b) => byName(a.name, b.name)),
    sourceTopics: [...sources].sort(byName),
    sinkTopics: [...sinks].sort(byName),
  });
}

/** A topic that is chosen per record is nobody's sink topic, as in Kafka Streams. */
function addSink(sinks: Set<string>, { topic }: SinkNode, applicationId: string): void {
  if (!isChoice(topic)) sinks.add(physicalTopic(topic, applicationId));
}

/** Connected nodes by the name of their representative, in the order of Kafka Streams' group numbers. */
function groupNodes(nodes: readonly TopologyNode[]): ReadonlyMap<string, readonly TopologyNode[]> {
  const find = unite(nodes);
  const groups = new Map<string, TopologyNode[]>();
  for (const node of nodes) {
    const root = find(node.name);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [node]);
    else group.push(node);
  }
  return groups;
}

/** Union-find over node names; stores are members too, so that nodes that share one meet. */
function unite(nodes: readonly TopologyNode[]): (name: string) => string {
  const parents = new Map<string, string>();
  const find = (name: string): string => {
    let root = name;
    for (let up = parents.get(root); up !== undefined && up !== root; up = parents.get(root)) root = up;
    return root;
  };
  const join = (a: string, b: string): void => {
    parents.set(find(b), find(a));
  };
  for (const node of nodes) {
    if (node.kind === "source") continue;
    for (const parent of node.parents) join(node.name, parent);
    // A store may have the name of a node, so store members get a prefix that no node name can have.
    if (node.kind === "processor") for (const store of node.stores) join(node.name, `/${store}`);
  }
  return find;
}

/**
 * What identifies a sub-topology when its number does not: its source topics and its stores.
 *
 * The app manifest maps it to a stable id, so adding a sub-topology in front moves nobody's state.
 */
export function contentId(subTopology: SubTopology): string {
  const stores = subTopology.stores.map((store) => store.name);
  return `topics ${subTopology.sourceTopics.join(" ")}; stores ${stores.join(" ")}`;
}
