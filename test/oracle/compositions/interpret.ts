/** Builds the topology that a composition describes with our DSL; `Composition.java` does so with Kafka Streams'. */
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { GlobalKTable } from "../../../lib/dsl/global-table.ts";
import { joinWindows } from "../../../lib/dsl/join-windows.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { Suppressed } from "../../../lib/dsl/suppressed.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { sessionWindows, slidingWindows, timeWindows, unlimitedWindows } from "../../../lib/dsl/windows.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import {
  added,
  aggregated,
  cut,
  joined,
  type Key,
  keyText,
  mapped,
  merged,
  passes,
  reduced,
  select,
  str,
  subtracted,
  taken,
  twice,
  type Value,
} from "./functions.ts";
import type { Composition, CompositionNode, Operation, Windows } from "./language.ts";

type Stream = KStream<string, Value>;
type Table = KTable<Key, Value>;
/** A table whose keys are not windowed. */
type TextTable = KTable<string, Value>;
/** What a node has built; a sink builds nothing. */
type Built = Stream | Table | TextTable | GlobalKTable<string, Value> | undefined;
type Node<Op extends Operation["op"]> = Extract<Operation, { readonly op: Op }> & CompositionNode;
type Builders = { readonly [Op in Operation["op"]]: (node: Node<Op>, at: Interpreter) => Built };

const key = string();
const serdes = { string: string() as Serde<unknown> as Serde<Value>, int64: int64() as Serde<unknown> as Serde<Value> };

/** Adds the nodes of a composition to a builder. */
export function interpret({ nodes }: Pick<Composition, "nodes">, builder: StreamsBuilder): void {
  const interpreter = new Interpreter(builder, nodes);
  for (const node of nodes) interpreter.add(node);
}

class Interpreter {
  readonly builder: StreamsBuilder;
  readonly nodes: readonly CompositionNode[];
  private readonly built: Built[] = [];

  constructor(builder: StreamsBuilder, nodes: readonly CompositionNode[]) {
    this.builder = builder;
    this.nodes = nodes;
  }

  add(node: CompositionNode): void {
    const build = builders[node.op] as (node: CompositionNode, at: Interpreter) => Built;
    this.built.push(build(node, this));
  }

  stream(place: number): Stream {
    return this.built[place] as Stream;
  }

  table(place: number): Table {
    return this.built[place] as Table;
  }

  textTable(place: number): TextTable {
    return this.built[place] as TextTable;
  }

  global(place: number): GlobalKTable<string, Value> {
    return this.built[place] as GlobalKTable<string, Value>;
  }

  /** Serde of a node's values. */
  valueOf(place: number): Serde<Value> {
    return serdes[this.nodes[place]?.value ?? "string"];
  }
}

const builders: Builders = {
  stream: ({ topic }, { builder }) => builder.stream(topic, { key, value: serdes.string }),
  table: ({ topic, store, history }, { builder }) => {
    const kept = history === undefined ? named(store) : { store: versionedKeyValue(String(store), history) };
    return builder.table(topic, { key, value: serdes.string, ...kept });
  },
  globalTable: ({ topic, store }, { builder }) =>
    builder.globalTable(topic, { key, value: serdes.string, ...named(store) }),
  filter: ({ of, predicate }, at) => at.stream(of).filter((k, v) => passes(predicate, k, v)),
  filterNot: ({ of, predicate }, at) => at.stream(of).filterNot((k, v) => passes(predicate, k, v)),
  branch: ({ of, predicate, name, take }, at) =>
    at
      .stream(of)
      .split({ name })
      .branch((k, v) => passes(predicate, k, v), { name: "a" })
      .defaultBranch({ name: "b" })
      .get(name + take),
  mapValues: ({ of, mapper }, at) => at.stream(of).mapValues((v, k) => mapped(mapper, k, v)),
  flatMapValues: ({ of, mapper }, at) => at.stream(of).flatMapValues((v, k) => twice(v, mapped(mapper, k, v))),
  selectKey: ({ of, selector }, at) => at.stream(of).selectKey((k, v) => select(selector, k, v)),
  map: ({ of, selector, mapper }, at) => at.stream(of).map((k, v) => [select(selector, k, v), mapped(mapper, k, v)]),
  flatMap: ({ of, selector, mapper }, at) =>
    at
      .stream(of)
      .flatMap((k, v) => [[select(selector, k, v), mapped(mapper, k, v)] as const, [k, mapped(mapper, k, v)] as const]),
  repartition: ({ of }, at) => at.stream(of).repartition({ key, value: at.valueOf(of) }),
  peek: ({ of }, at) => at.stream(of).peek(() => {}),
  merge: (node, at) => at.stream(node.of).merge(at.stream(node.with)),
  process: ({ of, name, every }, at) => {
    const counts = Stores.keyValue(name, { key, value: int64() });
    at.builder.addStateStore(counts);
    return at.stream(of).process(
      (context: ProcessorContext<string, Value>) => {
        const store = context.getStateStore(counts);
        if (every !== undefined) {
          context.schedule({ interval: every, type: "streamTime" }, (timestampMs) => {
            for (const [each, count] of store.all())
              context.forward({ key: each, value: cut(`${count}@${timestampMs}`), timestampMs });
          });
        }
        return {
          process: (record) => {
            const count = (store.get(str(record.key)) ?? 0) + 1;
            store.put(str(record.key), count % 4 === 0 ? null : count);
            context.forward(record.withValue(cut(`${record.value}#${count}`)));
          },
        };
      },
      { stores: [name] },
    );
  },
  toTable: ({ of, store }, at) => at.stream(of).toTable({ key, value: at.valueOf(of), ...named(store) }),
  fold,
  cogroup,
  joinStream,
  joinTable: (node, at) => {
    const table = at.textTable(node.with);
    const waits = node.grace !== undefined && { gracePeriod: node.grace };
    const options = { key, value: at.valueOf(node.of), ...waits };
    return node.kind === "inner"
      ? at.stream(node.of).join(table, joined, options)
      : at.stream(node.of).leftJoin(table, joined, options);
  },
  joinGlobal: (node, at) => {
    const global = at.global(node.with);
    const rowKey = (k: string, v: Value): string => select(node.selector, k, v);
    return node.kind === "inner"
      ? at.stream(node.of).join(global, rowKey, joined)
      : at.stream(node.of).leftJoin(global, rowKey, joined);
  },
  filterTable: ({ of, predicate, store }, at) => at.table(of).filter((k, v) => passes(predicate, k, v), named(store)),
  filterNotTable: ({ of, predicate, store }, at) =>
    at.table(of).filterNot((k, v) => passes(predicate, k, v), named(store)),
  mapTable: ({ of, mapper, store, value }, at) =>
    at.table(of).mapValues((v, k) => mapped(mapper, k, v), kept(store, value)),
  transformTable: ({ of, mapper, store, value }, at) =>
    at.table(of).transformValues(() => ({ transform: (k, v) => mapped(mapper, k, v as Value) }), kept(store, value)),
  groupTable,
  joinTables: (node, at) => {
    const [left, right] = [at.textTable(node.of), at.textTable(node.with)];
    const options = kept(node.store, node.value);
    if (node.kind === "inner") return left.join(right, joined, options);
    return node.kind === "left" ? left.leftJoin(right, joined, options) : left.outerJoin(right, joined, options);
  },
  joinForeign: (node, at) => {
    const [left, right] = [at.textTable(node.of), at.textTable(node.with)];
    const foreignKey = (v: Value): string => select(node.selector, null as never, v);
    const options = { foreignKey, value: serdes[node.value], ...named(node.store) };
    return node.kind === "inner" ? left.join(right, joined, options) : left.leftJoin(right, joined, options);
  },
  suppress: ({ of, until, ms, maxRecords }, at) =>
    at
      .table(of)
      .suppress(
        until === "close"
          ? (Suppressed.untilWindowCloses() as never)
          : Suppressed.untilTimeLimit(ms, maxRecords === null ? {} : { maxRecords }),
      ),
  toStream: ({ of }, at) => {
    const windowed = at.nodes[of]?.windowed === true;
    return windowed
      ? at
          .table(of)
          .toStream()
          .selectKey((k) => keyText(k))
      : at.textTable(of).toStream();
  },
  to: ({ of, topic }, at) => {
    at.stream(of).to(topic, { key, value: at.valueOf(of) });
    return undefined;
  },
};

function fold({ of, by, fold: kind, windows, store, value }: Node<"fold">, at: Interpreter): Built {
  const given = { key, value: at.valueOf(of) };
  const grouped =
    by === null ? at.stream(of).groupByKey(given) : at.stream(of).groupBy((k, v) => select(by, k, v), given);
  const keep = { ...named(store), ...(windows?.final === true && ({ retention: "1h" } as const)) };
  const aggregate = { ...keep, value: serdes[value], merger: merge };
  if (windows === null) {
    if (kind === "count") return grouped.count(keep);
    return kind === "reduce" ? grouped.reduce(reduced, keep) : grouped.aggregate(begin, add, aggregate);
  }
  const emit = windows.final ? "onWindowClose" : "onWindowUpdate";
  const windowed =
    windows.kind === "session"
      ? grouped.windowedBy(sessionWindows(windows)).emitStrategy(emit)
      : grouped.windowedBy(overTime(windows)).emitStrategy(emit);
  if (kind === "count") return windowed.count(keep);
  return kind === "reduce" ? windowed.reduce(reduced, keep) : windowed.aggregate(begin, add, aggregate);
}

function cogroup({ of, with: other, windows, store, value }: Node<"cogroup">, at: Interpreter): Built {
  const second = at.stream(other).groupByKey({ key, value: at.valueOf(other) });
  const cogrouped = at
    .stream(of)
    .groupByKey({ key, value: at.valueOf(of) })
    .cogroup<Value>(add)
    .cogroup(second, (_key, v, a) => added(v, a));
  const options = { value: serdes[value], merger: merge, ...named(store) };
  if (windows === null) return cogrouped.aggregate(begin, options);
  return windows.kind === "session"
    ? cogrouped.windowedBy(sessionWindows(windows)).aggregate(begin, options)
    : cogrouped.windowedBy(overTime(windows)).aggregate(begin, options);
}

function joinStream(node: Node<"joinStream">, at: Interpreter): Stream {
  const { kind, before, after, grace } = node;
  const [left, right] = [at.stream(node.of), at.stream(node.with)];
  const windows = joinWindows({ before, after, grace });
  const options = { key, value: at.valueOf(node.of), otherValue: at.valueOf(node.with) };
  if (kind === "inner") return left.join(right, joined, windows, options);
  return kind === "left"
    ? left.leftJoin(right, joined, windows, options)
    : left.outerJoin(right, joined, windows, options);
}

function groupTable({ of, fold: kind, selector, mapper, store, value }: Node<"groupTable">, at: Interpreter): Built {
  const group = { key, value: mapper === "length" ? serdes.int64 : serdes.string };
  const grouped = at.table(of).groupBy((k, v) => [select(selector, k, v), mapped(mapper, k, v)], group);
  if (kind === "count") return grouped.count(named(store));
  if (kind === "reduce") return grouped.reduce(reduced, subtracted, named(store));
  const subtractor = (_key: string, v: Value, a: Value): Value => taken(v, a);
  return grouped.aggregate(begin, add, { subtractor, value: serdes[value], ...named(store) });
}

const begin = (): Value => "";
const add = (_key: string, value: Value, aggregate: Value): Value => aggregated(value, aggregate);
const merge = (_key: string, a: Value, b: Value): Value => merged(a, b);

function overTime(windows: Exclude<Windows, { readonly kind: "session" }>) {
  if (windows.kind === "time") return timeWindows(windows);
  if (windows.kind === "unlimited") return unlimitedWindows({ startMs: windows.start });
  return slidingWindows({ timeDifference: windows.difference, grace: windows.grace });
}

function named(store: string | null): { readonly store?: string } {
  return store === null ? {} : { store };
}

function kept(
  store: string | null,
  value: keyof typeof serdes,
): { readonly store?: string; readonly value?: Serde<Value> } {
  return store === null ? {} : { store, value: serdes[value] };
}
