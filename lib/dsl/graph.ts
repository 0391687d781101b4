import { StreamError } from "../core/errors.ts";
import type { StoreSpec } from "../state/store.ts";
import type { GlobalStore, SinkNode, SourceNode, TopicRef, Topology, TopologyNode } from "../topology/node.ts";
import type { Operator } from "../topology/operator.ts";
import { isChoice } from "../topology/routing.ts";
import { validate } from "../topology/validate.ts";
import { BuildPlan, type Place } from "./build-plan.ts";
import type { GraphNode, PendingProcessor } from "./graph-node.ts";
import { graphNode } from "./graph-node.ts";
import { mergeRepartitionTopics } from "./merge-repartition-topics.ts";
import type { BuildOptions } from "./optimization.ts";
import { optimizationsOf } from "./optimization.ts";
import type { AddedRepartition } from "./repartition-node.ts";
import { checkSameReading, readingOf } from "./same-reading.ts";

/** The node of a global store. */
export interface GlobalNode {
  readonly name: string;
  readonly operator: Operator;
  readonly store: StoreSpec;
  /** True: the operator writes the store; else every record is a row. */
  readonly updates?: boolean;
}

const none: ReadonlyMap<string, string> = new Map();

/**
 * What the calls on one `StreamsBuilder` have added so far, in order. The only mutable part of the DSL.
 *
 * One counter numbers nodes and stores, as in Kafka Streams, so the same calls in the same order give the same names.
 */
export class Graph {
  private index = 0;
  private order = 0;
  private readonly nodes = new Map<GraphNode, number>();
  private readonly sources = new Map<string, SourceNode>();
  private readonly stores = new Map<string, StoreSpec>();
  private readonly sharedStores = new Set<StoreSpec>();
  private readonly groups: (readonly string[])[] = [];
  private readonly globals: GlobalStore[] = [];
  /** The sinks of internal topics. */
  private readonly writers = new Map<string, string[]>();
  private readonly nullKeyTakers = new Set<string>();
  /** By name: a stream that is repartitioned twice under one name goes through one topic. */
  readonly repartitions = new Map<string, AddedRepartition>();

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
    const parents = node.topics.flatMap((topic) => (topic.internal ? (this.writers.get(topic.name) ?? []) : []));
    this.add({ name: node.name, parents, write: () => [node] });
    return node.name;
  }

  addSink(node: SinkNode): void {
    const { name, parents, topic } = node;
    this.add({ name, parents, write: (at) => [{ ...node, parents: at.parents }] });
    if (isChoice(topic) || !topic.internal) return;
    this.writers.set(topic.name, [...(this.writers.get(topic.name) ?? []), name]);
  }

  addProcessor({ name, parents, resolve, ...place }: PendingProcessor): void {
    const write: GraphNode["write"] = (at) => {
      const resolved = resolve(at.build);
      if (resolved === undefined) return [];
      const { operator, store, reads = [], clocks = store?.name ?? name } = resolved;
      if (store !== undefined) this.keepStore(store, `${name} uses`);
      const stores = store === undefined ? reads : [store.name, ...reads];
      return [{ kind: "processor", name, parents: resolved.parents ?? at.parents, operator, stores, clocks }];
    };
    this.add({ ...place, name, parents, write });
  }

  /** Adds a node, which may write several. */
  add(node: Parameters<typeof graphNode>[0]): void {
    this.nodes.set(graphNode(node), this.order++);
  }

  /** Moves nodes behind those that were added since: as Kafka Streams does with what is used again. */
  addAgain(...names: readonly string[]): void {
    for (const node of this.nodes.keys()) if (names.includes(node.name)) this.nodes.set(node, this.order++);
  }

  /** A node that has a result for records without a key: they are not dropped anywhere on their way to it. */
  takesNullKeys(node: string): void {
    this.nullKeyTakers.add(node);
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
    const plan = new BuildPlan([...this.nodes].map(([node, order]) => ({ node, order })));
    const { autoOffsetReset = "earliest", topologyOptimization } = options;
    const optimizations = optimizationsOf(topologyOptimization);
    const merged = optimizations.has("merge.repartition.topics") ? mergeRepartitionTopics(plan) : none;
    const build = { optimizations, autoOffsetReset, parentsOf: (node: string) => parentNames(plan.place(node)) };
    const nodes = withClocks(
      plan.inOrder().flatMap((place) => {
        const nullKeysAreTakenBelow = (): boolean => this.nullKeysAreTakenBelow(plan, place);
        return place.node.write({ parents: parentNames(place), build, nullKeysAreTakenBelow });
      }),
    );
    const groups = this.groups.map((sources) => [...new Set(sources.map((source) => merged.get(source) ?? source))]);
    const topology = Object.freeze<Topology>({
      nodes: Object.freeze(nodes),
      stores: new Map(this.stores),
      copartitionGroups: groups.filter((sources) => topicCount(sources, nodes) > 1),
      globalStores: [...this.globals],
    });
    validate(topology);
    return topology;
  }

  /** @source Kafka Streams `NodesWithRelaxedNullKeyJoinDownstream` */
  private nullKeysAreTakenBelow(plan: BuildPlan, place: Place): boolean {
    const below = new Set(plan.childrenOf(place));
    for (const each of below) {
      if (this.nullKeyTakers.has(each.node.name)) return true;
      for (const next of plan.childrenOf(each)) below.add(next);
    }
    return false;
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

function parentNames({ parents }: Place): readonly string[] {
  return parents.map(({ node }) => node.name);
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
