import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import { streamTableGraceJoin } from "../operators/stream-table-grace-join.ts";
import type { StreamTableJoinProps } from "../operators/stream-table-join.ts";
import { streamTableJoin } from "../operators/stream-table-join.ts";
import type { AnyJoiner } from "../operators/value-joiner.ts";
import type { SerdeLike } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import { bufferedChange } from "../state/buffered-change.ts";
import type { StoreSpec } from "../state/store.ts";
import type { ResolvedProcessor } from "./graph-node.ts";
import { prefixes } from "./prefixes.ts";
import { repartition } from "./repartition.ts";
import type { KnownSerdes } from "./serdes.ts";
import { given, needed, replaced, withoutValue } from "./serdes.ts";
import type { Named, StreamProps } from "./stream.ts";
import type { TableProps } from "./table.ts";

/**
 * Serdes of a stream that goes on by its key. They are needed only where it has to be repartitioned and does not know them any
 * more: after `map`, `selectKey` and the like.
 */
export interface KeyedOptions<K, V> extends Named {
  readonly key?: Serde<NonNullable<K>>;
  readonly value?: SerdeLike<NonNullable<V>>;
}

/** How a stream is joined with a table. */
export interface JoinedOptions<K, V> extends KeyedOptions<K, V> {
  /**
   * Lets records wait for rows that come later than they: so long, in stream time. Only with a table with history, which must go back
   * at least as far. Needs the stream's value serde.
   */
  readonly gracePeriod?: Duration;
}

/** What the two joins of a stream with a table share. */
export interface TableJoin {
  readonly table: TableProps;
  readonly joiner: unknown;
  readonly left: boolean;
  readonly options: JoinedOptions<unknown, unknown>;
}

/**
 * Adds the join of a stream with a table, behind a repartition topic where the key has changed.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a table of another builder, or without a serde that is needed
 * @source Kafka Streams `KStreamImpl.doStreamTableJoin`
 */
export function joinWithTable(stream: StreamProps, { table, joiner, left, options }: TableJoin): StreamProps {
  const call = left ? "leftJoin" : "join";
  checkSameGraph(stream, table, call);
  const { graph } = stream;
  const keyed = keyedStream(stream, options, { topicName: options.name ?? stream.node, call });
  const name = graph.nodeName(left ? prefixes.leftJoin : prefixes.join, options.name);
  const keySerde = needed(table.serdes, "key", { node: name, fix: "a key serde to the table it reads" });
  const rows = table.rows("record-time");
  const sourceKeyed = keyed.sourceKeyed && keyed.serdes.key?.id === keySerde.id;
  const props = { rows, keySerde, joiner: joiner as AnyJoiner, left, sourceKeyed };
  const graceMs = checkedGrace(name, options.gracePeriod, table);
  const resolved =
    graceMs === undefined
      ? { operator: streamTableJoin(props) }
      : graceJoin({ name, call, serdes: keyed.serdes, graceMs }, props);
  const sources = [...new Set([...keyed.sources, ...table.sources])];
  graph.addProcessor({ name, parents: [keyed.node], resolve: () => ({ ...resolved, reads: rows.stores }) });
  if (left) graph.takesNullKeys(name);
  graph.addCopartitionGroup(sources);
  return { ...keyed, node: name, serdes: withoutValue(keyed.serdes, name), sources };
}

/** How long records wait, in ms. @throws {StreamError} `TOPOLOGY_INVALID` for a table that does not know its rows of then */
function checkedGrace(node: string, gracePeriod: Duration | undefined, table: TableProps): number | undefined {
  if (gracePeriod === undefined) return undefined;
  const graceMs = durationMs(gracePeriod, "gracePeriod");
  const { historyRetentionMs = -1 } = table;
  if (historyRetentionMs >= graceMs) return graceMs;
  const what = historyRetentionMs < 0 ? "has no history" : `keeps its history for ${historyRetentionMs} ms`;
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${node} waits ${graceMs} ms for rows of a table that ${what}: make the table with { store: versionedKeyValue(name, historyRetention) } and a retention of at least the gracePeriod`,
    { details: { node, graceMs } },
  );
}

/** A join whose records wait, and the buffer in which they do. */
function graceJoin(
  { name, call, serdes, graceMs }: { name: string; call: string; serdes: KnownSerdes; graceMs: number },
  props: StreamTableJoinProps,
): ResolvedProcessor {
  const streamKeySerde = needed(serdes, "key", { node: name, fix: `${call}({ key })` });
  const streamValueSerde = needed(serdes, "value", { node: name, fix: `${call}({ value })` });
  const store: StoreSpec = {
    name: `${name}-Buffer`,
    type: "timeOrderedBuffer",
    keySerde: streamKeySerde,
    valueSerde: bufferedChange(streamValueSerde) as Serde<unknown>,
    logged: true,
  };
  const operator = streamTableGraceJoin({ ...props, buffer: store.name, graceMs, streamKeySerde, streamValueSerde });
  return { operator, store };
}

/** A stream with the serdes that a call gives, behind a repartition topic where its key has changed. */
export function keyedStream(
  stream: StreamProps,
  options: object,
  topic: Parameters<typeof repartitioned>[1],
): StreamProps {
  const serdes = replaced(stream.serdes, given(options));
  const sourceKeyed = stream.sourceKeyed && serdes.key?.id === stream.serdes.key?.id;
  const known = { ...stream, serdes, sourceKeyed };
  return stream.rekeyed ? repartitioned(known, topic) : known;
}

/** A stream behind a repartition topic. */
export function repartitioned(
  stream: StreamProps,
  options: { readonly topicName: string; readonly call: string },
): StreamProps {
  const { graph, node, serdes } = stream;
  const source = repartition(graph, { ...options, parent: node, serdes });
  return { ...stream, node: source, sources: [source], rekeyed: false, sourceKeyed: true };
}

/**
 * Checks that two things that are joined belong to one builder.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID`
 */
export function checkSameGraph(one: Pick<StreamProps, "graph">, other: Pick<StreamProps, "graph">, call: string): void {
  if (one.graph === other.graph) return;
  throw new StreamError("TOPOLOGY_INVALID", `${call} takes something of the same StreamsBuilder`);
}
