import { type FixedKeyProcessorSupplier, fixedKeyProcessor } from "../operators/fixed-key-processor.ts";
import { peek } from "../operators/peek.ts";
import { type ProcessorSupplier, processor } from "../operators/processor.ts";
import type { Operator } from "../topology/operator.ts";
import type { StreamPartitioner, TopicNameExtractor } from "../topology/routing.ts";
import { BranchedKStream } from "./branched-stream.ts";
import type { Connected } from "./connected-stores.ts";
import { connectedStores } from "./connected-stores.ts";
import type { Effect } from "./graph-node.ts";
import { sinkTopic } from "./low-level.ts";
import { prefixes } from "./prefixes.ts";
import { checkedPartitions, repartition } from "./repartition.ts";
import type { SchemaFor, Writes } from "./serdes.ts";
import { given, needed, replaced, withoutKey, withoutValue } from "./serdes.ts";
import type { GroupedOptions, KStream, Named, StreamProps } from "./stream.ts";

/** Where records go. What is not given is what the stream knows. */
export interface ToOptions<K, V, T> extends Named {
  readonly key?: Writes<NonNullable<K>>;
  readonly value?: Writes<NonNullable<V>> | SchemaFor<NonNullable<V>, T>;
  /** Chooses a record's partition, or several; Kafka's default partitioner without it. */
  readonly partitioner?: StreamPartitioner<K, V>;
}

/** Where records go when the topic is chosen for each. */
export interface DynamicToOptions<K, V, T> extends ToOptions<K, V, T> {
  /** Every topic that may be chosen: they are checked before the application starts. */
  readonly topics: readonly string[];
}

/** How a repartition topic is written and read. What is not given is what the stream knows. */
export interface RepartitionedOptions<K, V, G, W> extends GroupedOptions<K, V, G, W> {
  /** Without it as many as what feeds the topic has. */
  readonly numberOfPartitions?: number;
  readonly partitioner?: StreamPartitioner<K, V>;
}

/** How records are printed. */
export interface PrintOptions<K, V> extends Named {
  /** Takes a line, without its end: `console.log`, for example. */
  readonly write: (line: string) => void;
  /** Stands in front of every line. */
  readonly label?: string;
  /** Text of a record; `key, value` without it. */
  readonly mapper?: (key: K, value: V) => string;
}

/** How a processor stands in the topology. */
export interface ProcessOptions extends Named, Connected {}

/** A node that follows a stream, and which parts of a record it replaces. */
export interface Step {
  readonly prefix: string;
  readonly operator: Operator;
  readonly options: Named | undefined;
  readonly changes?: { readonly key?: boolean; readonly value?: boolean };
}

/** Where the records of a stream can go: the part of `KStream` that ends in topics, branches and processors. */
export abstract class StreamRoutes<K, V> {
  /** @internal */
  abstract readonly props: StreamProps;

  /** A stream that goes on from this one. */
  protected abstract follow<K2, V2>(props: StreamProps): KStream<K2, V2>;

  /**
   * Splits the stream: every record goes to the first branch whose predicate is true.
   *
   * @example
   * const branches = words.split({ name: "by-length-" })
   *   .branch((key, word) => word.length > 3, { name: "long" })
   *   .defaultBranch({ name: "short" });
   * branches.get("by-length-long")?.to("long-words");
   */
  split(options: Named = {}): BranchedKStream<K, V> {
    return new BranchedKStream<K, V>(this.props, options, (props) => this.follow(props));
  }

  /**
   * Sends the records through a topic that is partitioned by the key. Null keys are dropped unless
   * a left or outer join of the stream follows somewhere below, null values stay.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` when a serde is neither given nor known, or for a number of partitions below 1
   * @example
   * const byCity = orders.selectKey((id, order) => order.city).repartition({ name: "by-city", key: string(), numberOfPartitions: 4 });
   */
  repartition<G = K, W = V>(options: RepartitionedOptions<K, V, G, W> = {}): KStream<G, W> {
    const { graph, node, serdes } = this.props;
    const { numberOfPartitions, partitioner } = options;
    const known = replaced(serdes, given(options));
    const source = repartition(graph, {
      parent: node,
      topicName: options.name ?? graph.nodeName(prefixes.repartition),
      serdes: known,
      call: "repartition",
      partitions: checkedPartitions(numberOfPartitions),
      partitioner: partitioner as StreamPartitioner | undefined,
    });
    return this.follow<G, W>({
      ...this.props,
      node: source,
      serdes: known,
      sources: [source],
      rekeyed: false,
      sourceKeyed: true,
    });
  }

  /**
   * Runs a processor: it sees records one by one, forwards what it wants, uses stores and punctuators. Both serdes are
   * dropped, and grouping goes through a repartition topic; `processValues` keeps the key.
   *
   * @param options `stores`: those that the processor uses, declared here or by their names.
   * @example
   * const counted = Stores.keyValue("seen", { key: string(), value: int64() });
   * words.process((context: ProcessorContext<string, number>) => {
   *   const seen = context.getStateStore(counted);
   *   return {
   *     process: (record) => {
   *       const count = (seen.get(record.value) ?? 0) + 1;
   *       seen.put(record.value, count);
   *       context.forward(record.withValue(count));
   *     },
   *   };
   * }, { stores: [counted] });
   */
  process<K2, V2>(supplier: ProcessorSupplier<K, V, K2, V2>, options: ProcessOptions = {}): KStream<K2, V2> {
    const changes = { key: true, value: true };
    return this.addProcessor({ prefix: prefixes.process, operator: processor(supplier), options, changes });
  }

  /**
   * Runs a processor that cannot change the key: the partition stays.
   *
   * @example
   * const lengths = words.processValues((context: FixedKeyProcessorContext<string, number>) => ({
   *   process: (record) => context.forward(record.withValue(record.value.length)),
   * }));
   */
  processValues<V2>(supplier: FixedKeyProcessorSupplier<K, V, V2>, options: ProcessOptions = {}): KStream<K, V2> {
    const changes = { value: true };
    return this.addProcessor({
      prefix: prefixes.processValues,
      operator: fixedKeyProcessor(supplier),
      options,
      changes,
    });
  }

  /**
   * Calls an action with every record. The action runs again when a transaction is tried again.
   *
   * @example
   * words.foreach((key, word) => seen.push(word));
   */
  foreach(action: (key: K, value: V) => void, options?: Named): void {
    this.add({ prefix: prefixes.foreach, operator: peek(action), options });
  }

  /**
   * Writes every record as a line of text, `[label]: key, value`: to look at a stream.
   *
   * @example
   * words.print({ write: (line) => seen.push(line), label: "words" });
   */
  print({ write, label, mapper, name }: PrintOptions<K, V>): void {
    const text = mapper ?? ((key, value) => `${String(key)}, ${String(value)}`);
    const prefix = `[${label ?? this.props.node}]: `;
    const operator = peek((key: K, value: V) => write(prefix + text(key, value)));
    this.add({ prefix: prefixes.print, operator, options: name === undefined ? {} : { name } });
  }

  /**
   * Writes the records to a topic, or each to a topic that is chosen for it.
   *
   * @param options `topics`: all that may be chosen.
   * @throws {StreamError} `TOPOLOGY_INVALID` when a serde is neither given nor known
   * @example
   * counts.toStream().to("counts", { key: string(), value: int64() });
   * words.to((key, word) => (word.length > 3 ? "long" : "short"), { topics: ["long", "short"] });
   */
  to<T = V>(topic: string, options?: ToOptions<K, V, T>): void;
  to<T = V>(topic: TopicNameExtractor<K, V>, options: DynamicToOptions<K, V, T>): void;
  to<T = V>(
    topic: string | TopicNameExtractor<K, V>,
    options: ToOptions<K, V, T> & Partial<Pick<DynamicToOptions<K, V, T>, "topics">> = {},
  ): void {
    const { graph, node } = this.props;
    const name = graph.nodeName(prefixes.sink, options.name);
    const serdes = replaced(this.props.serdes, given(options));
    const call = typeof topic === "string" ? `to(${JSON.stringify(topic)}, ` : "to(…, ";
    const partitioner = options.partitioner as StreamPartitioner | undefined;
    graph.addSink({
      kind: "sink",
      name,
      parents: [node],
      topic: sinkTopic(topic as string | TopicNameExtractor, options.topics),
      keySerde: needed(serdes, "key", { node: name, fix: `${call}{ key })` }),
      valueSerde: needed(serdes, "value", { node: name, fix: `${call}{ value })` }),
      ...(partitioner !== undefined && { partitioner }),
    });
  }

  /** Adds a node below this stream. */
  protected add<K2, V2>(step: Step): KStream<K2, V2> {
    const { changes = {} } = step;
    const effect = changes.key ? "key" : changes.value ? "value" : "none";
    return this.addNode({ ...step, effect, name: this.props.graph.nodeName(step.prefix, step.options?.name) });
  }

  /** A name that is given to a processor uses up no number, as in Kafka Streams. */
  private addProcessor<K2, V2>(step: Step & { readonly options: ProcessOptions }): KStream<K2, V2> {
    const { graph } = this.props;
    const { name = graph.nodeName(step.prefix), stores } = step.options;
    return this.addNode({ ...step, name, stores: connectedStores(graph, stores) });
  }

  private addNode<K2, V2>(node: NamedStep): KStream<K2, V2> {
    const { name, operator, stores = [], changes = {}, effect } = node;
    const { graph, node: parent, rekeyed, sourceKeyed } = this.props;
    graph.addProcessor({
      name,
      parents: [parent],
      ...(effect !== undefined && { effect }),
      resolve: () => ({ operator, reads: stores }),
    });
    let serdes = this.props.serdes;
    if (changes.key) serdes = withoutKey(serdes, name);
    if (changes.value) serdes = withoutValue(serdes, name);
    const moved = changes.key === true;
    return this.follow({
      ...this.props,
      node: name,
      serdes,
      rekeyed: rekeyed || moved,
      sourceKeyed: sourceKeyed && !moved,
    });
  }
}

/** A step whose name is decided. */
interface NamedStep extends Step {
  readonly name: string;
  readonly stores?: readonly string[];
  /** What a processor does is not known. */
  readonly effect?: Effect;
}
