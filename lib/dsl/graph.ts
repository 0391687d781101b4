import { StreamError } from "../core/errors.ts";
import type { StoreSpec } from "../state/store.ts";
import type { GlobalStore, SinkNode, SourceNode, TopicRef, Topology, TopologyNode } from "../topology/node.ts";
import type { Operator } from "../topology/operator.ts";
import { isChoice } from "../topology/routing.ts";
import { patternText } from "../topology/topic-patterns.ts";
import { validate } from "../topology/validate.ts";
import type { BuildOptions } from "./optimization.ts";

/** A processor that is resolved when the topology is built: what it needs may depend on operators added below it. */
export interface PendingProcessor {
  readonly name: string;
  readonly parents: readonly string[];
  /** Answers undefined when the node is not needed in this build. */
  readonly resolve: (options: BuildOptions) => ResolvedProcessor | undefined;
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

/** The node of a global store. */
export interface GlobalNode {
  readonly name: string;
  readonly operator: Operator;
  readonly store: StoreSpec;
  /** True: the operator writes the store; else every record is a row. */
  readonly updates?: boolean;
}

/**
 * What the calls on one `StreamsBuilder` have added so far, in order. The only mutable part of the DSL.
 *
 * One counter numbers nodes and stores, as in Kafka Streams, so the same calls in the same order give the same names.
 */
export class Graph {
  private index = 0;
  private readonly pending: ((options: BuildOptions) => TopologyNode | undefined)[] = [];
  private readonly sources = new Map<string, SourceNode>();
  private readonly stores = new Map<string, StoreSpec>();
  private readonly sharedStores = new Set<StoreSpec>();
  private readonly groups: (readonly string[])[] = [];
  private readonly globals: GlobalStore[] = [];
  /** By topic the node above: a stream that is repartitioned twice under one name goes through one topic. */
  readonly repartitions = new Map<string, string>();
  /** By name those below each node, through internal topics too. */
  private readonly below = new Map<string, string[]>();
  private readonly nullKeyTakers = new Set<string>();

  /** The next node name. A given name is taken as it is, but uses up a number too, so later names do not move. */
  nodeName(prefix: string, given?: string): string {
    const generated = `${prefix}${this.nextNumber()}`;
    return given ?? generated;
  }

  /** The next name of an unnamed store. */
  storeName(prefix: string): string {
    return `${prefix}STATE-STORE-${this.nextNumber()}`;
  }

  private nextNumber(): string {
    return String(this.index++).padStart(10, "0");
  }

  /** Adds a source; one that reads the same topics in the same way is used again. @returns the node to connect to */
  addSource(node: SourceNode): string {
    const id = readingOf(node);
    const same = this.sources.get(id);
    if (same !== undefined) {
      checkSameReading(same, node);
      return same.name;
    }
    this.sources.set(id, node);
    this.pending.push(() => node);
    this.connect(node.name, internalTopics(node.topics));
    return node.name;
  }

  addSink(node: SinkNode): void {
    this.pending.push(() => node);
    this.connect(node.name, node.parents);
    if (!isChoice(node.topic)) for (const topic of internalTopics([node.topic])) this.connect(topic, [node.name]);
  }

  addProcessor({ name, parents, resolve }: PendingProcessor): void {
    this.connect(name, parents);
    this.pending.push((options) => {
      const resolved = resolve(options);
      if (resolved === undefined) return undefined;
      const { operator, store, reads = [], clocks = store?.name ?? name } = resolved;
      if (store !== undefined) this.keepStore(store, `${name} uses`);
      const stores = store === undefined ? reads : [store.name, ...reads];
      return { kind: "processor", name, parents: resolved.parents ?? parents, operator, stores, clocks };
    });
  }

  /** A node that has a result for records without a key: they are not dropped anywhere on their way to it. */
  takesNullKeys(node: string): void {
    this.nullKeyTakers.add(node);
  }

  /** Whether a node that takes records without a key is somewhere below. @source Kafka Streams `NodesWithRelaxedNullKeyJoinDownstream` */
  nullKeysAreTakenBelow(node: string): boolean {
    const seen = new Set([node]);
    for (const each of seen) {
      if (this.nullKeyTakers.has(each)) return true;
      for (const next of this.below.get(each) ?? []) seen.add(next);
    }
    return false;
  }

  private connect(node: string, parents: readonly string[]): void {
    for (const parent of parents) this.below.set(parent, [...(this.below.get(parent) ?? []), node]);
  }

  /** Adds a store that nodes use by its name. Adding the same one again changes nothing. */
  addStore(store: StoreSpec): void {
    this.sharedStores.add(store);
  }

  /** Adds a topic that every worker keeps whole: its source and the node that puts it into the store. */
  addGlobalStore(source: SourceNode, { name, operator, store, updates = false }: GlobalNode): void {
    const read = this.addSource(source);
    this.addProcessor({ name, parents: [read], resolve: () => ({ operator, store }) });
    const topic = (source.topics[0] as TopicRef).name;
    const { keySerde, valueSerde } = source;
    const updater = updates ? { updater: Object.freeze({ operator, keySerde, valueSerde }) } : {};
    this.globals.push(Object.freeze({ source: read, processor: name, topic, store, ...updater }));
  }

  /** Sources whose topics meet by key in one node. */
  addCopartitionGroup(sources: readonly string[]): void {
    this.groups.push(sources);
  }

  /**
   * The topology so far, checked and frozen.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID`
   */
  build(options: BuildOptions): Topology {
    this.stores.clear();
    for (const store of this.sharedStores) this.keepStore(store, "addStateStore adds");
    const nodes = withClocks(this.pending.flatMap((resolve) => resolve(options) ?? []));
    const topology = Object.freeze<Topology>({
      nodes: Object.freeze(nodes),
      stores: new Map(this.stores),
      copartitionGroups: this.groups.filter((sources) => topicCount(sources, nodes) > 1),
      globalStores: [...this.globals],
    });
    validate(topology);
    return topology;
  }

  private keepStore(store: StoreSpec, verb: string): void {
    if (this.stores.has(store.name)) {
      throw new StreamError("TOPOLOGY_INVALID", `${verb} store ${store.name}, which another node has: rename one`, {
        details: { store: store.name },
      });
    }
    this.stores.set(store.name, Object.freeze(store));
  }
}

/**
 * Nodes, frozen. One that alone uses a store keeps its clocks under the store's name: node names move when operators are added
 * in front, stores do not.
 */
function withClocks(nodes: readonly TopologyNode[]): readonly TopologyNode[] {
  const users = new Map<string, number>();
  for (const node of nodes) {
    if (node.kind === "processor") for (const store of node.stores) users.set(store, (users.get(store) ?? 0) + 1);
  }
  return nodes.map((node) => {
    if (node.kind !== "processor" || node.clocks !== node.name) return Object.freeze(node);
    const own = node.stores.find((store) => users.get(store) === 1);
    return Object.freeze({ ...node, clocks: own ?? node.name });
  });
}

/** What a source reads, as text. */
function readingOf({ pattern, topics }: SourceNode): string {
  if (pattern !== undefined) return patternText(pattern);
  return topics
    .map(({ name }) => name)
    .sort()
    .join(", ");
}

/** Internal topics as places in the graph. */
function internalTopics(topics: readonly TopicRef[]): readonly string[] {
  return topics.filter((topic) => topic.internal).map((topic) => `topic ${topic.name}`);
}

/** A pattern may stand for any number. */
function topicCount(sources: readonly string[], nodes: readonly TopologyNode[]): number {
  return nodes.reduce(
    (count, node) =>
      node.kind === "source" && sources.includes(node.name)
        ? count + (node.pattern === undefined ? node.topics.length : Number.POSITIVE_INFINITY)
        : count,
    0,
  );
}

function checkSameReading(first: SourceNode, second: SourceNode): void {
  const same =
    first.keySerde.id === second.keySerde.id &&
    first.valueSerde.id === second.valueSerde.id &&
    first.timestampExtractor === second.timestampExtractor &&
    first.offsetReset === second.offsetReset;
  if (same) return;
  const topics = readingOf(first);
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${second.name} reads ${topics} again, with other serdes or settings than ${first.name}: read it once and use that stream twice`,
    { details: { node: second.name, topics } },
  );
}
