import { StreamError } from "../core/errors.ts";
import type { JoinSideProps } from "../operators/join-side.ts";
import { joinWindow } from "../operators/join-window.ts";
import { outerStreamJoin } from "../operators/outer-stream-join.ts";
import { passThrough } from "../operators/pass-through.ts";
import { selfJoin } from "../operators/self-join.ts";
import { streamJoin } from "../operators/stream-join.ts";
import type { AnyJoiner } from "../operators/value-joiner.ts";
import { joinSideKey, joinSideList } from "../serde/join-side.ts";
import type { SerdeLike } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { StoreSpec } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import type { Graph } from "./graph.ts";
import type { Build, ResolvedProcessor } from "./graph-node.ts";
import type { JoinWindows } from "./join-windows.ts";
import type { LateOptions } from "./late-stream.ts";
import { addLateStream, lateNode } from "./late-stream.ts";
import { prefixes } from "./prefixes.ts";
import { bothKnown, needed, withoutValue } from "./serdes.ts";
import type { KStream, Named, StreamProps } from "./stream.ts";
import { checkSameGraph, keyedStream } from "./stream-table-join.ts";

/**
 * How two streams are joined. Both sides are kept, so their serdes must be known: what a stream does not know any more, after
 * `mapValues` and the like, is given here.
 */
export interface StreamJoinedOptions<K, V, V2> extends Named {
  readonly key?: Serde<NonNullable<K>>;
  /** Serde of this stream's values. */
  readonly value?: SerdeLike<NonNullable<V>>;
  /** Serde of the other stream's values. */
  readonly otherValue?: SerdeLike<NonNullable<V2>>;
  /** Names the stores, and so keeps their state when operators are added in front. */
  readonly store?: string;
  /**
   * Gets the stream of this stream's records that come too late to be kept: they have met what was there, and no later record
   * meets them.
   */
  onLate?(late: KStream<K, V>): void;
  /** As `onLate`, of the other stream's records. */
  otherOnLate?(late: KStream<K, V2>): void;
}

/** What the three joins of two streams share. */
export interface StreamJoin {
  readonly kind: "join" | "leftJoin" | "outerJoin";
  readonly other: StreamProps;
  readonly joiner: unknown;
  readonly windows: JoinWindows;
  readonly options: StreamJoinedOptions<unknown, unknown, unknown>;
}

/** The nodes and stores of a join. */
interface JoinNames {
  readonly windowed: Sides<string>;
  readonly join: Sides<string>;
  readonly merge: string;
  readonly store: Sides<string>;
  readonly waiting: string;
  readonly late: Sides<string | undefined>;
}

interface Sides<T> {
  readonly left: T;
  readonly right: T;
}

/**
 * Adds the join of two streams: a node that keeps the records of each side, a node that looks on the other side, and one
 * where the results come together. Sides with a new key go through repartition topics first.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a stream of another builder, without a serde that is needed, or for late records of
 *   both sides of a stream that is joined with itself: they are the same
 * @source Kafka Streams `KStreamImplJoin`
 */
export function joinStreams(left: StreamProps, join: StreamJoin): StreamProps {
  const { kind, other, options } = join;
  checkSameGraph(left, other, kind);
  const { graph } = left;
  if (left.node === other.node && options.otherOnLate !== undefined) {
    const what = `${left.node} is joined with itself, so late records of both sides are the same: pass onLate only`;
    throw new StreamError("TOPOLOGY_INVALID", what, { details: { node: left.node } });
  }
  const sides = {
    left: keyed(left, { ...join, side: "left", value: options.value }),
    right: keyed(other, { ...join, side: "right", value: options.otherValue }),
  };
  const names = joinNames(graph, join);
  const serdes = joinSerdes(sides, names, kind);
  addNodes(graph, { join, sides, names, serdes });
  if (kind !== "join") graph.takesNullKeys(names.merge);
  const lateOf = { left: options, right: otherLate(options) };
  for (const side of ["left", "right"] as const) {
    addLateStream(sides[side], { late: names.late[side], parents: [names.windowed[side]] }, lateOf[side]);
  }
  const sources = [...new Set([...sides.left.sources, ...sides.right.sources])];
  graph.addCopartitionGroup(sources);
  return {
    graph,
    node: names.merge,
    sources,
    serdes: withoutValue(bothKnown(serdes.key, serdes.left), names.merge),
    rekeyed: false,
    sourceKeyed: sides.left.sourceKeyed && sides.right.sourceKeyed,
  };
}

function keyed(
  stream: StreamProps,
  { kind, options, side, value }: StreamJoin & { side: "left" | "right"; value: SerdeLike<unknown> | undefined },
): StreamProps {
  const topicName = options.name === undefined ? stream.node : `${options.name}-${side}`;
  return keyedStream(stream, { key: options.key, value }, { topicName, call: kind });
}

/** What becomes of late records of the other side. */
function otherLate({ otherOnLate }: StreamJoin["options"]): LateOptions<unknown, unknown> {
  return otherOnLate === undefined ? {} : { onLate: otherOnLate };
}

/** Names in the order in which Kafka Streams uses up numbers. */
function joinNames(graph: Graph, { kind, options }: StreamJoin): JoinNames {
  const { name, store } = options;
  const named = (prefix: string, suffix: string): string =>
    graph.nodeName(prefix, name === undefined ? undefined : name + suffix);
  const windowed = {
    left: named(prefixes.windowed, "-this-windowed"),
    right: named(prefixes.windowed, "-other-windowed"),
  };
  const leftPrefix = kind === "outerJoin" ? prefixes.outerThis : prefixes.streamJoinThis;
  const leftSuffix = kind === "outerJoin" ? "-outer-this-join" : "-this-join";
  const rightPrefix = kind === "join" ? prefixes.streamJoinOther : prefixes.outerOther;
  const rightSuffix = kind === "join" ? "-other-join" : "-outer-other-join";
  const generated = { left: graph.nodeName(leftPrefix), right: graph.nodeName(rightPrefix) };
  const shared = kind === "outerJoin" ? "-outer-shared-join" : "-left-shared-join";
  return {
    windowed,
    join: {
      left: name === undefined ? generated.left : name + leftSuffix,
      right: name === undefined ? generated.right : name + rightSuffix,
    },
    merge: named(prefixes.merge, "-merge"),
    store: {
      left: `${store === undefined ? generated.left : store + leftSuffix}-store`,
      right: `${store === undefined ? generated.right : store + rightSuffix}-store`,
    },
    late: {
      left: lateNode(graph, options, name && `${name}-this`),
      right: lateNode(graph, otherLate(options), name && `${name}-other`),
    },
    waiting: `${store === undefined ? prefixes.outerShared + generated.left.slice(leftPrefix.length) : store + shared}-store`,
  };
}

interface JoinSerdes extends Sides<Serde<unknown>> {
  readonly key: Serde<unknown>;
}

function joinSerdes(sides: Sides<StreamProps>, names: JoinNames, call: string): JoinSerdes {
  const { left, right } = sides;
  const key = left.serdes.key === undefined ? right.serdes : left.serdes;
  return {
    key: needed(key, "key", { node: names.windowed.left, fix: `${call}({ key })` }),
    left: needed(left.serdes, "value", { node: names.windowed.left, fix: `${call}({ value })` }),
    right: needed(right.serdes, "value", { node: names.windowed.right, fix: `${call}({ otherValue })` }),
  };
}

interface JoinParts {
  readonly join: StreamJoin;
  readonly sides: Sides<StreamProps>;
  readonly names: JoinNames;
  readonly serdes: JoinSerdes;
}

function addNodes(graph: Graph, parts: JoinParts): void {
  const { join, sides, names } = parts;
  // Topics of both sides may have been merged.
  const inOneStore = ({ optimizations, parentsOf }: Build): boolean =>
    join.kind === "join" &&
    optimizations.has("single.store.self.join") &&
    parentsOf(names.windowed.left)[0] === parentsOf(names.windowed.right)[0];
  for (const side of ["left", "right"] as const) {
    graph.addProcessor({
      name: names.windowed[side],
      parents: [sides[side].node],
      resolve: (build) => (side === "right" && inOneStore(build) ? undefined : windowedNode(parts, side)),
    });
  }
  for (const side of ["left", "right"] as const) {
    graph.addProcessor({
      name: names.join[side],
      parents: [names.windowed[side]],
      after: [names.windowed.left, names.windowed.right],
      resolve: (build) => (inOneStore(build) ? undefined : joinNode(parts, side)),
    });
  }
  graph.addProcessor({
    name: names.merge,
    parents: [names.join.left, names.join.right],
    resolve: (build) => (inOneStore(build) ? selfJoinNode(parts) : { operator: passThrough }),
  });
}

function windowedNode({ join, names, serdes }: JoinParts, side: "left" | "right"): ResolvedProcessor {
  const { beforeMs, afterMs, graceMs } = join.windows;
  const store: StoreSpec = {
    name: names.store[side],
    type: "joinWindow",
    keySerde: serdes.key,
    valueSerde: serdes[side],
    logged: true,
    retentionMs: beforeMs + afterMs + graceMs,
  };
  return { operator: joinWindow({ store: store.name, keySerde: serdes.key, late: names.late[side] }), store };
}

function sideProps({ join, sides, names, serdes }: JoinParts, side: "left" | "right"): JoinSideProps {
  const { windows, joiner } = join;
  const { sourceKeyed, serdes: known } = sides[side];
  return {
    side,
    other: names.store[side === "left" ? "right" : "left"],
    keySerde: serdes.key,
    windows,
    joiner: joiner as AnyJoiner,
    sourceKeyed: sourceKeyed && known.key?.id === serdes.key.id,
  };
}

function joinNode(parts: JoinParts, side: "left" | "right"): ResolvedProcessor {
  const { join, names, serdes } = parts;
  const props = sideProps(parts, side);
  if (join.kind === "join") return { operator: streamJoin(props), reads: [props.other] };
  const { waiting } = names;
  const outer = side === "left" || join.kind === "outerJoin";
  const operator = outerStreamJoin({ ...props, waiting, outer });
  if (side === "right") return { operator, reads: [props.other, waiting], clocks: waiting };
  const store: StoreSpec = {
    name: waiting,
    type: "joinSideList",
    keySerde: joinSideKey(serdes.key),
    valueSerde: joinSideList(serdes.left, serdes.right),
    logged: true,
  };
  return { operator, store, reads: [props.other] };
}

function selfJoinNode(parts: JoinParts): ResolvedProcessor {
  const { names } = parts;
  const operator: Operator = selfJoin({ ...sideProps(parts, "left"), other: names.store.left });
  return { operator, reads: [names.store.left], parents: [names.windowed.left] };
}
