import { StreamError } from "../core/errors.ts";
import type { Serde } from "../serde/serde.ts";
import { readOnly } from "../state/read-only.ts";
import type { StoreHandle } from "../state/store.ts";
import type { Cursor } from "./cursor.ts";
import { CursorRegisters } from "./cursor.ts";
import type { ProcessorNode, SinkNode, SourceNode, SubTopology, TimestampExtractor, TopologyNode } from "./node.ts";
import type {
  AheadNode,
  LifecycleHooks,
  Operator,
  OperatorClock,
  OperatorContext,
  Process,
  TaskFacts,
  TouchedRange,
} from "./operator.ts";
import type { Cancellable, ScheduleOptions } from "./punctuation.ts";
import type { RecordCache } from "./record-cache.ts";
import { topicsOf } from "./routing.ts";
import { physicalTopic } from "./sub-topologies.ts";
import { topicChooser } from "./topic-chooser.ts";

/** What a task gives to its operators. */
export interface TaskHost {
  readonly task: TaskFacts;
  /** Writes the cursor's record to a topic of a sink, by its name on the broker; may not keep the cursor. */
  emit(sink: SinkNode, topic: string, cursor: Cursor): void;
  store<S extends StoreHandle>(name: string): S;
  globalStore<S extends StoreHandle>(name: string): S;
  hasGlobalStore(name: string): boolean;
  /** @param owner What the node keeps its clocks under: `ProcessorNode.clocks`. */
  clock(owner: string, name: string, initial: number): OperatorClock;
  dropped(node: string, reason: DropReason): void;
  schedule(owner: string, options: ScheduleOptions, fire: (timestampMs: number) => void): Cancellable;
  lifecycle(hooks: LifecycleHooks): void;
  /** See `OperatorContext`. @throws {StreamError} `error` */
  readonly takeAgain?: ((error: StreamError) => never) | undefined;
  /** What the call of a node has answered for the record in process; only where calls are made. @throws what it failed with */
  answer?(node: string): unknown;
  /** A record cache for a node that forwards rows to `next`; undefined when they go on at once. */
  cache?(next: Process): RecordCache | undefined;
  /**
   * A node failed on the cursor's record. Returns when processing goes on without the record below this node.
   *
   * @throws {StreamError} `error`, when it does not
   */
  failed(node: ProcessorNode | SinkNode, error: StreamError): void;
}

/** Why an operator dropped a record on purpose. */
export type DropReason = Parameters<OperatorContext["dropped"]>[0];

/** The entrance of one source topic. */
export interface TaskSource {
  readonly node: SourceNode;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestampExtractor: TimestampExtractor | undefined;
  /** Nodes below whose calls are made before a record is taken. */
  readonly ahead: readonly AheadNode[];
  /** Runs a record of this topic through everything below, to completion. */
  readonly process: Process;
}

/** The operators of one task, wired. */
export interface TaskGraph {
  /** In the order in which they are to be flushed: what one lets go may be held back by the next. */
  readonly caches: readonly RecordCache[];
  /** @param topic Physical name. @throws {StreamError} `INVARIANT_BROKEN` for a topic that the sub-topology does not read */
  source(topic: string): TaskSource;
  /** Which rows a record of this topic can make the operators read; only an optimisation. */
  touches(topic: string, keyText: string, timestampMs: number): readonly TouchedRange[];
}

/**
 * Creates one instance of every operator of a sub-topology and links them: a single child is called directly, several
 * children see the cursor as it was, one after the other, in the order in which they were connected.
 *
 * Whatever a user's function throws becomes a `StreamError` that names node and record: `PROCESSING_FAILED`, and
 * `SERIALIZATION_FAILED` for sinks. The host decides whether the node's siblings and the nodes above it go on.
 */
export function instantiate(subTopology: SubTopology, host: TaskHost): TaskGraph {
  const children = childrenByName(subTopology);
  const built = new Map<string, Process>();
  const sources = new Map<string, TaskSource>();
  const caches = new Map<string, RecordCache>();
  const hooks = new Map<string, LifecycleHooks[]>();
  const childrenOf = (name: string): readonly TopologyNode[] => children.get(name) ?? [];
  const processBelow = (name: string): Process => fanOut(childrenOf(name).map(processOf));
  // Recursive: a node's process needs those below it first. A node that is reached twice has one instance.
  function processOf(node: TopologyNode): Process {
    let process = built.get(node.name);
    if (process === undefined) {
      const below = childrenOf(node.name).map((child) => [child.name, processOf(child)] as const);
      process = create(node, host, { below, caches, hooks, applicationId: subTopology.applicationId });
      built.set(node.name, process);
    }
    return process;
  }
  for (const node of subTopology.nodes) {
    if (node.kind !== "source") continue;
    const source: TaskSource = {
      node,
      keySerde: node.keySerde,
      valueSerde: node.valueSerde,
      timestampExtractor: node.timestampExtractor,
      ahead: childrenOf(node.name).flatMap(aheadOf),
      process: processBelow(node.name),
    };
    for (const topic of node.topics) sources.set(physicalTopic(topic, subTopology.applicationId), source);
  }
  // As in Kafka Streams, user code starts in the order of the nodes, whatever order they were created in.
  for (const { name } of subTopology.nodes) for (const each of hooks.get(name) ?? []) host.lifecycle(each);
  const readers = new Map([...sources].map(([topic, source]) => [topic, touching(below(source.node.name, children))]));
  const find = (topic: string): TaskSource => {
    const source = sources.get(topic);
    if (source !== undefined) return source;
    throw new StreamError("INVARIANT_BROKEN", `sub-topology ${subTopology.number} does not read topic ${topic}`);
  };
  return {
    caches: inStoreOrder(caches, subTopology),
    source: find,
    touches: (topic, keyText, timestampMs) =>
      (readers.get(topic) ?? []).flatMap((touches) => touches(keyText, timestampMs)),
  };
}

/**
 * Caches in the order in which the nodes of the topology name their stores: a node comes behind those above it.
 *
 * @source Kafka Streams `InternalTopologyBuilder.build`, `ProcessorStateManager.flushCache`
 */
function inStoreOrder(
  caches: ReadonlyMap<string, RecordCache>,
  { nodes }: Pick<SubTopology, "nodes">,
): readonly RecordCache[] {
  const stores = nodes.flatMap((node) => (node.kind === "processor" ? node.stores : []));
  return [...new Set(stores)].flatMap((store) => caches.get(store) ?? []);
}

function aheadOf(node: TopologyNode): readonly AheadNode[] {
  if (node.kind !== "processor" || node.operator.ahead === undefined) return [];
  return [{ node: node.name, call: node.operator.ahead }];
}

function childrenByName(subTopology: SubTopology): ReadonlyMap<string, readonly TopologyNode[]> {
  const children = new Map<string, TopologyNode[]>();
  for (const node of subTopology.nodes) {
    if (node.kind === "source") continue;
    for (const parent of node.parents) {
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [node]);
      else siblings.push(node);
    }
  }
  return children;
}

/** Where a node stands. */
interface Place {
  readonly applicationId: string;
  /** By store: nodes that aggregate into one table have one cache. */
  readonly caches: Map<string, RecordCache>;
  /** By node. */
  readonly hooks: Map<string, LifecycleHooks[]>;
  /** A node that is connected twice is here twice. */
  readonly below: readonly (readonly [name: string, process: Process])[];
}

function create(node: TopologyNode, host: TaskHost, place: Place): Process {
  if (node.kind === "source") throw new StreamError("INVARIANT_BROKEN", `source ${node.name} has a parent`);
  if (node.kind === "sink") {
    const topicFor = topicChooser(node, place.applicationId);
    return guarded(node, host, (cursor) => host.emit(node, topicFor(cursor), cursor));
  }
  const context = contextOf(node, host, place);
  return guarded(node, host, node.operator.create(cachedContext(node, host, { context, caches: place.caches })));
}

/** With a record cache, where one is wanted, between a node that forwards rows and what is below it. */
function cachedContext(
  node: ProcessorNode,
  host: TaskHost,
  { context, caches }: Pick<Place, "caches"> & { readonly context: OperatorContext },
): OperatorContext {
  // Others are of its user code: what that puts there is not forwarded.
  const [own] = node.stores;
  if (node.operator.forwardsRows !== true || own === undefined) return context;
  const cache = caches.get(own) ?? host.cache?.(context.next);
  if (cache === undefined) return context;
  caches.set(own, cache);
  return {
    ...context,
    next: cache.absorb,
    store: <S extends StoreHandle>(name: string): S => {
      const store = context.store<S>(name);
      return name === own ? cache.watch(store) : store;
    },
  };
}

function contextOf(node: ProcessorNode, host: TaskHost, { below, hooks }: Place): OperatorContext {
  const children = new Map(below);
  const { aside } = node.operator;
  const { takeAgain } = host;
  return {
    next: fanOut(below.filter(([name]) => name !== aside).map(([, process]) => process)),
    child: (name) => children.get(name) ?? noChild(node, name, children),
    task: host.task,
    answer: () => host.answer?.(node.name),
    globalStore: (name) => host.globalStore(name),
    store: (name) => {
      if (node.stores.includes(name)) return host.store(name);
      return host.hasGlobalStore(name) ? readOnly(host.globalStore(name)) : noStore(node, name);
    },
    clock: (name, initial) => host.clock(node.clocks, name, initial),
    dropped: (reason) => host.dropped(node.name, reason),
    takeAgain: takeAgain && ((reason) => takeAgain(notedTooLate(node, reason))),
    schedule: (options, fire) => host.schedule(node.clocks, options, saying(node, "failed in a punctuator", fire)),
    lifecycle: ({ start, close }) => {
      hooks.set(node.name, [...(hooks.get(node.name) ?? []), { start: saying(node, "could not start", start), close }]);
    },
  };
}

function notedTooLate({ name }: ProcessorNode, reason: string): StreamError {
  const message = `${name}: ${reason}: the records of the transaction are taken again`;
  return new StreamError("TRANSACTION_ABORTED", message, { details: { node: name } });
}

function noChild(node: ProcessorNode, name: string, below: ReadonlyMap<string, Process>): never {
  const children = [...below.keys()].join(", ") || "none";
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${node.name} forwards to ${name}, which is not below it: it has ${children}`,
    {
      details: { node: node.name, child: name },
    },
  );
}

function noStore(node: ProcessorNode, store: string): never {
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${node.name} asks for store ${store}, which it is not connected to: name it in the stores of the node`,
    { details: { node: node.name, store } },
  );
}

/** Says which node failed where there is no record, as `guarded` does where there is one. */
function saying<A extends readonly number[]>(
  { name }: ProcessorNode,
  what: string,
  run: (...at: A) => void,
): (...at: A) => void {
  return (...at) => {
    try {
      run(...at);
    } catch (cause) {
      if (hasPlace(cause)) throw cause;
      const reason = reasonOf(cause);
      const code = cause instanceof StreamError ? cause.code : "PROCESSING_FAILED";
      throw new StreamError(code, `${name} ${what}: ${reason}`, { details: { node: name }, cause });
    }
  };
}

/** Says which node failed on which record. What failed below has a place already and goes up as it is. */
function guarded(node: ProcessorNode | SinkNode, host: TaskHost, process: Process): Process {
  return (cursor) => {
    try {
      process(cursor);
    } catch (cause) {
      if (hasPlace(cause)) throw cause;
      host.failed(node, failure(node, cursor, cause));
    }
  };
}

/** Serdes and user code do not know where they are, everything else that throws a `StreamError` does. */
function hasPlace(cause: unknown): boolean {
  if (!(cause instanceof StreamError)) return false;
  const isPlaceless = cause.code === "SERIALIZATION_FAILED" || cause.code === "PROCESSING_FAILED";
  return !isPlaceless || cause.details["node"] !== undefined;
}

function failure(node: ProcessorNode | SinkNode, cursor: Cursor, cause: unknown): StreamError {
  const { topic, partition, offset } = cursor;
  const reason = reasonOf(cause);
  const place = topic === "" ? "what a punctuator forwarded" : `${topic}-${partition}@${offset}`;
  const details = { node: node.name, topic, partition, offset };
  const code = cause instanceof StreamError ? cause.code : "PROCESSING_FAILED";
  if (node.kind === "sink" && !isFromChoice(cause)) {
    const serdes = `key ${node.keySerde.id}, value ${node.valueSerde.id}`;
    const topics = topicsOf(node).map(({ name }) => name);
    const what = `${node.name} could not write what came from ${place} to ${topics.join(" or ")} (${serdes})`;
    return new StreamError("SERIALIZATION_FAILED", `${what}: ${reason}`, { details, cause });
  }
  return new StreamError(code, `${node.name} failed on ${place}: ${reason}`, { details, cause });
}

/** What went wrong, without a code that the outer error has anyway. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause instanceof StreamError ? cause.message.replace(`${cause.code}: `, "") : cause.message;
}

/** The user's choice of topic or partition failed, not the serdes. */
function isFromChoice(cause: unknown): boolean {
  return cause instanceof StreamError && cause.code === "PROCESSING_FAILED";
}

/** One process that calls several, each with the same record. */
function fanOut(targets: readonly Process[]): Process {
  const [first, ...others] = targets;
  if (first === undefined) return () => {};
  if (others.length === 0) return first;
  const registers = new CursorRegisters();
  return (cursor) => {
    registers.save(cursor);
    first(cursor);
    for (const target of others) {
      registers.restore(cursor);
      target(cursor);
    }
  };
}

function touching(nodes: readonly TopologyNode[]): readonly NonNullable<Operator["touches"]>[] {
  return nodes.flatMap((node) =>
    node.kind === "processor" && node.operator.touches !== undefined ? [node.operator.touches] : [],
  );
}

/** Every node below a source, each once. */
function below(name: string, children: ReadonlyMap<string, readonly TopologyNode[]>): readonly TopologyNode[] {
  const found = new Set<TopologyNode>();
  const visit = (parent: string): void => {
    for (const child of children.get(parent) ?? []) {
      if (found.has(child)) continue;
      found.add(child);
      visit(child.name);
    }
  };
  visit(name);
  return [...found];
}
