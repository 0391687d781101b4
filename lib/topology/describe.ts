import { javaHashOrder } from "./java-hash-order.ts";
import { JavaTreeSet } from "./java-tree-set.ts";
import type { SinkNode, SubTopology, Topology, TopologyNode } from "./node.ts";
import { isChoice } from "./routing.ts";
import { byName, globalParts, subTopologies } from "./sub-topologies.ts";

interface Shape {
  readonly node: TopologyNode;
  /** One plus the sizes of the children known so far; a child reached on two ways counts twice. */
  size: number;
  readonly above: JavaTreeSet<Shape>;
  readonly below: JavaTreeSet<Shape>;
}

/**
 * A topology as text, exactly as Kafka Streams' `Topology.describe()` prints it.
 *
 * @source Kafka Streams `InternalTopologyBuilder.TopologyDescription`
 * @example
 * describe(app.topology).split("\n")[2]; // "    Source: KSTREAM-SOURCE-0000000000 (topics: [words])"
 */
export function describe(topology: Topology): string {
  // Internal topics are printed without application id, so any id will do.
  const parts = [
    ...subTopologies(topology, "").map((part) => ({ part, title: "", end: "\n" })),
    ...globalParts(topology).map((part) => ({ part, title: " for global store (will not generate tasks)", end: "" })),
  ].sort((a, b) => a.part.number - b.part.number);
  const texts = parts.map(
    ({ part, title, end }) => `  Sub-topology: ${part.number}${title}\n${describePart(part)}${end}`,
  );
  return `Topologies:\n ${texts.join("")}`;
}

function describePart(part: SubTopology): string {
  return connect(part.nodes).sort(bySizeThenName).map(describeNode).join("");
}

function describeNode({ node, above, below }: Shape): string {
  const names = (shapes: JavaTreeSet<Shape>): string =>
    shapes
      .items()
      .map((each) => each.node.name)
      .join(", ") || "none";
  const to = `      --> ${names(below)}\n`;
  const from = `      <-- ${names(above)}\n`;
  if (node.kind === "source") {
    const topics = javaHashOrder(node.topics.map((topic) => topic.name)).join(", ");
    return `    Source: ${node.name} (topics: ${node.pattern?.source ?? `[${topics}]`})\n${to}`;
  }
  if (node.kind === "sink") return `    Sink: ${node.name} (${describeTopic(node)})\n${from}`;
  const stores = javaHashOrder(node.stores).join(", ");
  return `    Processor: ${node.name} (stores: [${stores}])\n${to}${from}`;
}

/** Kafka Streams prints the identity of the extractor's object, which says nothing. */
function describeTopic({ topic }: SinkNode): string {
  return isChoice(topic) ? "extractor class: <extractor>" : `topic: ${topic.name}`;
}

/** Links shapes in Java's order: lists are sorted by the sizes at the moment of insertion and not sorted again. */
function connect(nodes: readonly TopologyNode[]): Shape[] {
  const shapes = new Map<string, Shape>();
  for (const node of nodes) shapes.set(node.name, { node, size: 1, above: emptySet(), below: emptySet() });
  for (const name of javaHashOrder([...shapes.keys()])) {
    const shape = shapes.get(name) as Shape;
    if (shape.node.kind === "source") continue;
    for (const parentName of shape.node.parents) {
      const parent = shapes.get(parentName) as Shape;
      shape.above.add(parent);
      parent.below.add(shape);
      grow(parent, shape.size);
    }
  }
  return [...shapes.values()];
}

function grow(shape: Shape, count: number): void {
  shape.size += count;
  for (const parent of shape.above.items()) grow(parent, count);
}

function emptySet(): JavaTreeSet<Shape> {
  return new JavaTreeSet<Shape>(bySizeThenName);
}

function bySizeThenName(a: Shape, b: Shape): number {
  return b.size - a.size || byName(a.node.name, b.node.name);
}
