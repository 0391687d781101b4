import { StreamError } from "../core/errors.ts";
import type { SinkNode, Topology, TopologyNode } from "./node.ts";
import { topicsOf } from "./routing.ts";

/** What Kafka allows in a topic's name; names of nodes and stores become parts of topic names. */
const legalName = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * Checks what no type can: names, double use of topics, loops through topics.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID`, naming the node, the thing and the fix
 */
export function validate(topology: Topology): void {
  if (!topology.nodes.some((node) => node.kind === "source")) {
    throw invalid("the topology reads no topic: start with builder.stream or builder.table");
  }
  checkNames(topology);
  checkGlobals(topology);
  const readers = checkSources(topology);
  for (const node of topology.nodes) {
    checkParents(node, topology);
    if (node.kind === "sink") checkSink(node, readers, topology);
  }
}

/** A topic that is kept whole as a global table may be written: nothing is triggered by it. */
function checkSink(node: SinkNode, readers: ReadonlyMap<string, string>, { globalStores }: Topology): void {
  for (const topic of topicsOf(node)) {
    const reader = topic.internal ? undefined : readers.get(topic.name);
    if (reader === undefined || globalStores.some(({ source }) => source === reader)) continue;
    throw invalid(
      `${node.name} writes topic ${topic.name}, which ${reader} of the same application reads: records would go round for ever; write another topic`,
      { node: node.name, topic: topic.name },
    );
  }
}

function checkNames(topology: Topology): void {
  const seen = new Set<string>();
  for (const node of topology.nodes) {
    if (seen.has(node.name)) {
      throw invalid(`two nodes are named ${node.name}: give one of them another name`, { node: node.name });
    }
    seen.add(node.name);
    checkName(node.name, "node");
    for (const topic of topicsOf(node)) checkName(topic.name, "topic");
  }
  for (const store of topology.stores.keys()) checkName(store, "store");
}

/**
 * Checks a name that becomes part of a topic name.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID`
 */
export function checkName(name: string, what: "node" | "store" | "topic"): void {
  if (legalName.test(name) && name !== "." && name !== "..") return;
  throw invalid(`${what} name ${JSON.stringify(name)} must be 1 to 249 letters, digits, dots, underscores or hyphens`, {
    name,
  });
}

/** What a global table reads is read by nothing else: workers read it whole, tasks read their partition. */
function checkGlobals({ nodes, globalStores }: Topology): void {
  for (const { source, processor, topic } of globalStores) {
    const other = nodes.find(
      (node) => node.kind !== "source" && node.parents.includes(source) && node.name !== processor,
    );
    if (other === undefined) continue;
    throw invalid(
      `topic ${topic} is a global table of ${processor} and is read by ${other.name} too: read it in one way only`,
      { topic, node: other.name },
    );
  }
}

/** Every topic has one source node. @returns reading node by topic */
function checkSources(topology: Topology): ReadonlyMap<string, string> {
  const readers = new Map<string, string>();
  for (const node of topology.nodes) {
    if (node.kind !== "source") continue;
    for (const topic of node.topics) {
      const other = readers.get(topic.name);
      if (other !== undefined) {
        throw invalid(
          `topic ${topic.name} is read by ${other} and by ${node.name}: read it once and use that stream or table twice`,
          { topic: topic.name, node: node.name },
        );
      }
      readers.set(topic.name, node.name);
    }
  }
  return readers;
}

function checkParents(node: TopologyNode, topology: Topology): void {
  if (node.kind === "source") return;
  for (const parent of node.parents) {
    if (!topology.nodes.some((each) => each.name === parent)) {
      throw invalid(`${node.name} hangs below ${parent}, which does not exist`, { node: node.name });
    }
  }
  if (node.kind !== "processor") return;
  for (const store of node.stores) {
    if (topology.stores.has(store)) continue;
    throw invalid(`${node.name} uses store ${store}, which was not added`, { node: node.name, store });
  }
}

function invalid(message: string, details: Readonly<Record<string, string>> = {}): StreamError {
  return new StreamError("TOPOLOGY_INVALID", message, { details });
}
