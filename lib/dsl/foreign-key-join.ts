import { StreamError } from "../core/errors.ts";
import { foreignKeyAnnounce } from "../operators/foreign-key-announce.ts";
import { foreignKeyAnswer } from "../operators/foreign-key-answer.ts";
import { foreignKeyReceive } from "../operators/foreign-key-receive.ts";
import { foreignKeyResolve } from "../operators/foreign-key-resolve.ts";
import { foreignKeySubscribe } from "../operators/foreign-key-subscribe.ts";
import type { AnyJoiner } from "../operators/value-joiner.ts";
import { keyFromText } from "../operators/waiting-change.ts";
import type { ForeignAnswer } from "../serde/foreign-key.ts";
import { foreignAnswer, keyText, subscription } from "../serde/foreign-key.ts";
import type { Serde } from "../serde/serde.ts";
import type { TopicRef } from "../topology/node.ts";
import type { StreamPartitioner } from "../topology/routing.ts";
import type { Graph } from "./graph.ts";
import type { ResolvedProcessor } from "./graph-node.ts";
import { prefixes } from "./prefixes.ts";
import { given, needed, replaced, withoutValue } from "./serdes.ts";
import { sourcedTable } from "./sourced-table.ts";
import { checkSameGraph } from "./stream-table-join.ts";
import type { KTable, TableProps } from "./table.ts";
import type { TablesJoin } from "./table-table-join.ts";

/** Names of everything that a join by foreign key adds, in the order in which Kafka Streams numbers them. */
function namesOf(graph: Graph, name: string | undefined) {
  const next = (suffix: string, prefix: string): string => graph.nodeName(prefix, name && `${name}-${suffix}`);
  return {
    registrationTopic: `${next("subscription-registration", prefixes.foreignRegistration)}-topic`,
    subscribe: next("subscription-registration-processor", prefixes.foreignRegistration),
    registrationSink: next("subscription-registration-sink", prefixes.foreignSink),
    registrationSource: next("subscription-registration-source", prefixes.tableSource),
    store: next("subscription-store", prefixes.foreignStore),
    receive: next("subscription-receive", prefixes.foreignProcessor),
    answer: next("subscription-join-foreign", prefixes.foreignProcessor),
    announce: next("foreign-join-subscription", prefixes.foreignProcessor),
    responseTopic: `${next("subscription-response", prefixes.foreignResponse)}-topic`,
    responseSink: next("subscription-response-sink", prefixes.foreignSink),
    responseSource: next("subscription-response-source", prefixes.tableSource),
    resolve: next("subscription-response-resolver", prefixes.foreignResolver),
    result: next("result", prefixes.foreignOutput),
  };
}

/** One join by foreign key while it is added. */
class ForeignKeyJoin<K, R> {
  private readonly graph: Graph;
  private readonly names: ReturnType<typeof namesOf>;
  private readonly left: TableProps;
  private readonly right: TableProps;
  private readonly join: TablesJoin;
  private readonly keySerde: Serde<unknown>;
  private readonly valueSerde: Serde<unknown>;
  private readonly foreignKeySerde: Serde<unknown>;
  private readonly answers: Serde<unknown>;

  constructor(left: TableProps, join: TablesJoin) {
    const { graph } = left;
    const right = join.other;
    checkSameGraph(left, right, join.call);
    this.names = namesOf(graph, join.options.name);
    this.graph = graph;
    this.left = left;
    this.right = right;
    this.join = join;
    const { subscribe, responseSink } = this.names;
    this.keySerde = needed(left.serdes, "key", { node: subscribe, fix: "a key serde to the table that is joined" });
    this.valueSerde = needed(left.serdes, "value", { node: subscribe, fix: "{ value } to the table that is joined" });
    this.foreignKeySerde = needed(right.serdes, "key", { node: subscribe, fix: "a key serde to the other table" });
    const foreignValue = needed(right.serdes, "value", { node: responseSink, fix: "{ value } to the other table" });
    this.answers = foreignAnswer(foreignValue) as Serde<unknown>;
    for (const side of [left, right]) side.oldValues.ask(true);
  }

  /** Where rows subscribe: below the left table, to the topic of the foreign keys. */
  addSubscribers(foreignKey: (value: unknown, key: unknown) => unknown): void {
    const { graph, names, keySerde, valueSerde, foreignKeySerde } = this;
    const left = this.join.call === "leftJoin";
    const newestOnly = this.left.historyRetentionMs !== undefined;
    const operator = foreignKeySubscribe({ foreignKey, keySerde, valueSerde, foreignKeySerde, left, newestOnly });
    this.add(names.subscribe, this.left.node, { operator });
    const serdes = { keySerde: foreignKeySerde, valueSerde: subscription as Serde<unknown> };
    const topic = internal(names.registrationTopic);
    const { otherPartitioner } = this.partitioners;
    graph.addSink({
      kind: "sink",
      name: names.registrationSink,
      parents: [names.subscribe],
      topic,
      ...serdes,
      ...(otherPartitioner && { partitioner: onePartition(otherPartitioner, (key) => key) }),
    });
    graph.addSource({ kind: "source", name: names.registrationSource, topics: [topic], ...serdes });
    graph.addCopartitionGroup([...this.right.sources, names.registrationSource]);
  }

  /** Where subscriptions are kept and answered: beside the right table, to the partitions of the rows. */
  addAnswers(): void {
    const { graph, names, keySerde, foreignKeySerde, answers: valueSerde } = this;
    const subscriptions = { store: names.store, foreignKeySerde };
    this.add(names.receive, names.registrationSource, {
      operator: foreignKeyReceive(subscriptions),
      store: {
        name: names.store,
        type: "fkSubscriptions",
        keySerde: keyText,
        valueSerde: subscription as Serde<unknown>,
        logged: true,
      },
    });
    const rows = this.right.rows("newest");
    const answer = foreignKeyAnswer({ rows, foreignKeySerde });
    this.add(names.answer, names.receive, { operator: answer, reads: rows.stores });
    const newestOnly = this.right.historyRetentionMs !== undefined;
    const announce = foreignKeyAnnounce({ ...subscriptions, newestOnly });
    this.add(names.announce, this.right.node, { operator: announce, reads: [names.store] });
    const topic = internal(names.responseTopic);
    const { partitioner } = this.partitioners;
    graph.addSink({
      kind: "sink",
      name: names.responseSink,
      parents: [names.answer, names.announce],
      topic,
      keySerde: keyText,
      valueSerde,
      partitioner:
        partitioner === undefined
          ? (_key, answer) => (answer as ForeignAnswer).primaryPartition
          : onePartition(partitioner, (text) => keyFromText(keySerde, text as string)),
    });
    graph.addSource({ kind: "source", name: names.responseSource, topics: [topic], keySerde, valueSerde });
    graph.addCopartitionGroup([...this.left.sources, names.responseSource]);
  }

  /** Where answers and rows become results: beside the left table. */
  addResult(): KTable<K, R> {
    const { graph, names, left, keySerde, valueSerde } = this;
    const { call, options } = this.join;
    const rows = left.rows("newest");
    const joiner = this.join.joiner as AnyJoiner;
    const operator = foreignKeyResolve({ rows, keySerde, valueSerde, joiner, left: call === "leftJoin" });
    this.add(names.resolve, names.responseSource, { operator, reads: rows.stores });
    const { store, logged } = options;
    return sourcedTable<K, R>({
      graph,
      node: names.result,
      parent: names.resolve,
      sources: [...new Set([...left.sources, names.responseSource])],
      serdes: replaced(withoutValue(left.serdes, names.result), { value: given(options).value }),
      storeName: store ?? graph.storeName(prefixes.foreignOutput),
      ttl: undefined,
      store,
      logged,
      sourceKeyed: true,
    });
  }

  private get partitioners(): TablePartitioners {
    return this.join.options as TablePartitioners;
  }

  private add(name: string, parent: string, resolved: ResolvedProcessor): void {
    this.graph.addProcessor({ name, parents: [parent], resolve: () => resolved });
  }
}

/** How the topics of the two tables are partitioned, where it is not Kafka's default. */
interface TablePartitioners {
  readonly partitioner?: StreamPartitioner;
  readonly otherPartitioner?: StreamPartitioner;
}

/**
 * The partition of a key, as its table is partitioned.
 *
 * @throws {StreamError} `PROCESSING_FAILED` for several partitions, or none: a row is in one
 */
function onePartition(partitioner: StreamPartitioner, keyOf: (key: unknown) => unknown): StreamPartitioner {
  return (key, _value, context) => {
    const answer = partitioner(keyOf(key), null, context);
    if (answer === undefined || typeof answer === "number" || answer.length === 1) return answer;
    const partitions = answer.join(", ") || "none";
    throw new StreamError("PROCESSING_FAILED", `it answered ${partitions}: a row of a table is in one partition`);
  };
}

function internal(name: string): TopicRef {
  return Object.freeze({ name, internal: true });
}

/**
 * Adds the join of two tables by a key in the rows of the left one: its rows subscribe to foreign keys through one internal
 * topic, and the right table answers through another.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a table of another builder, or without a serde that is needed
 * @source Kafka Streams `KTableImpl.doJoinOnForeignKey` (KIP-213)
 */
export function joinByForeignKey<K, R>(left: TableProps, join: TablesJoin): KTable<K, R> {
  const { foreignKey } = join.options as { readonly foreignKey?: (value: unknown, key: unknown) => unknown };
  const added = new ForeignKeyJoin<K, R>(left, join);
  added.addSubscribers(foreignKey as (value: unknown, key: unknown) => unknown);
  added.addAnswers();
  return added.addResult();
}
