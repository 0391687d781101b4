/** Makes compositions from seeds: only topologies that both sides accept, and whose results do not depend on chance. */
import type { VectorTopic } from "../../conformance/vectors/vector-file.ts";
import { Choices, steps } from "./choices.ts";
import type { Composition, CompositionNode, JoinKind, Operation, Windows } from "./language.ts";
import { mappers, predicates, selectors } from "./language.ts";
import { both, internal, plain, type Shape, storeType, tableOf } from "./shapes.ts";

const joins: readonly JoinKind[] = ["inner", "left", "outer"];
const optimizations = [
  "all",
  "merge.repartition.topics",
  "reuse.ktable.source.topics",
  "single.store.self.join",
  "single.store.self.join, merge.repartition.topics",
];
/**
 * Kafka Streams' driver starts faster with them. They differ from RocksDB only in joins of a stream with what comes from itself, and in
 * the order of sessions that close at one time.
 */
const inMemory = {
  "dsl.store.suppliers.class": "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$InMemoryDslStoreSuppliers",
};

/** The composition of a seed. */
export function generateComposition(seed: number): Composition {
  return new Generator(seed).composition();
}

class Generator extends Choices {
  private readonly seed: number;
  private readonly nodes: CompositionNode[] = [];
  private readonly shapes: Shape[] = [];
  private readonly used = new Set<number>();
  private readonly inputs: Record<string, VectorTopic> = {};
  private readonly outputs: Record<string, VectorTopic> = {};
  private readonly stores: Record<string, string> = {};
  private readonly optimization: string;
  /** Children of nodes that changed the key, below which there is a topic. */
  private readonly sent = new Set<number>();
  private hops = 0;

  constructor(seed: number) {
    super(seed);
    this.seed = seed;
    this.optimization = this.chance(0.5) ? this.pick(optimizations) : "none";
  }

  composition(): Composition {
    this.source();
    if (this.chance(0.75)) this.source();
    if (this.chance(0.2)) this.source();
    if (this.optimizes("merge.repartition.topics")) this.rekey();
    const wanted = this.nodes.length + 2 + this.below(8);
    for (let tries = 0; this.nodes.length < wanted && tries < 200; tries++) this.step();
    this.sinks();
    const { seed, nodes, inputs, outputs: outputTopics, stores, optimization } = this;
    const differs = nodes.some((node) => node.op === "joinStream" || (node.op === "fold" && node.windows?.final));
    const config = {
      "statestore.cache.max.bytes": 0,
      ...(!differs && inMemory),
      ...(optimization !== "none" && { "topology.optimization": optimization }),
    };
    return {
      case: `composition-${seed}`,
      seed,
      config,
      inputs,
      outputTopics,
      stores,
      nodes,
      steps: steps(this, Object.keys(inputs)),
    };
  }

  private source(): void {
    const topic = `in${Object.keys(this.inputs).length}`;
    this.inputs[topic] = { key: "string", value: "string" };
    const origins = new Map([[topic, new Set([topic])]]);
    const kinds = ["stream", "stream", "table", ...(topic === "in0" ? [] : (["global"] as const))] as const;
    const kind = this.pick<"stream" | "table" | "global">(kinds);
    const shape: Shape = { ...plain, kind, known: true, origins };
    if (kind === "stream") this.add({ op: "stream", topic }, shape);
    else if (kind === "table") this.add({ op: "table", topic, store: this.store("timestampedKeyValue") }, shape);
    else {
      const store = `global-${topic}`;
      this.stores[store] = "timestampedKeyValue";
      this.add({ op: "globalTable", topic, store }, shape);
    }
  }

  /** A new key for the first stream: there are topics to merge below. */
  private rekey(): void {
    const of = this.shapes.findIndex(({ kind }) => kind === "stream");
    if (of < 0) return;
    this.add({ op: "selectKey", of, selector: this.pick(selectors) }, { ...this.shape(of), rekeyed: true });
  }

  private step(): void {
    const places = [...this.nodes.keys()].filter(
      (place) => this.shape(place).kind !== "none" && this.shape(place).kind !== "global",
    );
    const rekeyed = places.filter((place) => this.shape(place).rekeyed);
    const merges = rekeyed.length > 0 && this.optimizes("merge.repartition.topics") && this.chance(0.7);
    const of = this.pick(merges ? rekeyed : places);
    // What nobody reads yet goes on first: topologies become deep.
    if (!merges && this.used.has(of) && this.chance(0.6)) return;
    if (this.shape(of).kind === "stream") this.streamStep(of);
    else this.tableStep(of);
  }

  private streamStep(of: number): void {
    const shape = this.shape(of);
    const [predicate, selector, mapper] = [this.pick(predicates), this.pick(selectors), this.pick(mappers)];
    const value = mapper === "length" ? "int64" : "string";
    const rekeyed = { ...shape, rekeyed: true, way: undefined };
    const same = { ...shape, way: shape.way ?? this.nodes.length };
    const choices: (() => void)[] = [
      () => this.add({ op: this.pick(["filter", "filterNot"] as const), of, predicate }, same),
      () => this.add({ op: this.pick(["mapValues", "flatMapValues"] as const), of, mapper }, { ...shape, value }),
      () => this.add({ op: "selectKey", of, selector }, rekeyed),
      () => this.add({ op: this.pick(["map", "flatMap"] as const), of, selector, mapper }, { ...rekeyed, value }),
      () =>
        this.add(
          { op: "branch", of, predicate, name: `split${this.nodes.length}-`, take: this.pick(["a", "b"] as const) },
          same,
        ),
      () => this.add({ op: "repartition", of }, this.through(shape, true)),
      () => this.add({ op: "peek", of }, same),
      () => this.process(of),
      () => this.toTable(of),
      () => this.fold(of),
      () => this.fold(of),
      () => this.fold(of),
      () => this.two(of, "stream", (other) => this.withStream(of, other)),
      () => this.two(of, "stream", (other) => this.withStream(of, other)),
      () => this.two(of, "stream", (other) => this.withStream(of, other)),
      () => this.two(of, "table", (other) => this.withTable(of, other)),
      () => this.two(of, "table", (other) => this.withTable(of, other)),
      () => this.two(of, "global", (other) => this.withGlobal(of, other)),
    ];
    this.pick(choices)();
  }

  private tableStep(of: number): void {
    const shape = this.shape(of);
    const [predicate, selector, mapper] = [this.pick(predicates), this.pick(selectors), this.pick(mappers)];
    const value = mapper === "length" ? "int64" : "string";
    const choices: (() => void)[] = [
      () => {
        // A filter takes its serdes from above.
        const store = shape.windowed || !shape.known ? null : this.store("timestampedKeyValue");
        this.add({ op: this.pick(["filterTable", "filterNotTable"] as const), of, predicate, store }, shape);
      },
      () => {
        const store = shape.windowed ? null : this.store("timestampedKeyValue");
        this.add({ op: "mapTable", of, mapper, store }, { ...shape, value, known: store !== null });
      },
      () => this.groupTable(of, { selector, mapper, value }),
      () => this.groupTable(of, { selector, mapper, value }),
      () =>
        this.add(
          { op: "toStream", of },
          { ...shape, kind: "stream", windowed: false, rekeyed: shape.windowed, known: false, closes: false },
        ),
      () => this.suppress(of),
      () => this.suppress(of),
      () => this.two(of, "table", (other) => this.withOtherTable(of, other)),
      () => this.two(of, "table", (other) => this.withOtherTable(of, other)),
      () => this.two(of, "table", (other) => this.foreign(of, other)),
      () => this.two(of, "table", (other) => this.foreign(of, other)),
    ];
    this.pick(choices)();
  }

  private toTable(of: number): void {
    if (!this.maySend(of)) return;
    const store = this.store("timestampedKeyValue");
    this.add({ op: "toTable", of, store }, { ...this.through(this.shape(of)), kind: "table", known: true });
  }

  private process(of: number): void {
    // With merged topics Kafka Streams takes a processor for something that changes nothing.
    if (this.optimizes("merge.repartition.topics")) return;
    const name = `counts${this.nodes.length}`;
    this.stores[name] = "keyValue";
    this.add({ op: "process", of, name }, { ...this.shape(of), value: "string", rekeyed: true });
  }

  private fold(of: number): void {
    const shape = this.shape(of);
    const by = this.chance(0.35) ? this.pick(selectors) : null;
    if (by === null && !this.maySend(of)) return;
    const fold = this.pick(["count", "reduce", "aggregate"] as const);
    const windows = this.chance(0.65) ? this.windows(true) : null;
    const value = fold === "count" ? "int64" : fold === "reduce" ? shape.value : "string";
    // With a retention of its own Kafka Streams uses up a number for a store that has no name; ours does not.
    const store = this.store(storeType(windows), windows?.final === true ? 0 : 0.4);
    const folded = by === null ? this.through(shape) : this.through(shape, true);
    this.add({ op: "fold", of, fold, by, windows, store }, { ...folded, ...tableOf(windows), value });
  }

  private groupTable(
    of: number,
    by: Pick<Operation & { op: "groupTable" }, "selector" | "mapper"> & { value: "string" | "int64" },
  ): void {
    const fold = this.pick(["count", "reduce", "aggregate"] as const);
    const value = fold === "count" ? "int64" : fold === "reduce" ? by.value : "string";
    const { selector, mapper } = by;
    const shape = { ...this.through(this.shape(of), true), ...tableOf(null), value } as const;
    this.add({ op: "groupTable", of, fold, selector, mapper, store: this.store("timestampedKeyValue") }, shape);
  }

  private suppress(of: number): void {
    const shape = this.shape(of);
    if (!shape.known) return;
    const until = shape.closes && this.chance(0.7) ? "close" : "limit";
    const maxRecords = until === "limit" && this.chance(0.4) ? 1 + this.below(4) : null;
    this.add({ op: "suppress", of, until, ms: this.pick([0, 300, 1000]), maxRecords }, { ...shape, closes: false });
  }

  private withStream(of: number, other: number): void {
    const [shape, second] = [this.shape(of), this.shape(other)];
    const kind = this.below(3);
    if (kind === 0 && shape.value === second.value) {
      if (!this.combines(shape, second)) return;
      // Kafka Streams may let records of one stream pass by the merged topic, or fail.
      if (this.optimizes("merge.repartition.topics") && (shape.rekeyed || second.rekeyed)) return;
      this.add(
        { op: "merge", of, with: other },
        { ...shape, rekeyed: shape.rekeyed || second.rekeyed, origins: both(shape, second) },
      );
      return;
    }
    if (!this.maySend(of, other)) return;
    const [left, right] = [this.through(shape), this.through(second)];
    if (!this.combines(left, right)) return;
    const origins = both(left, right);
    if (kind === 1) {
      // Kafka Streams gives both repartition topics one name, and refuses.
      if (shape.rekeyed && second.rekeyed) return;
      const windows = this.chance(0.6) ? this.windows(false) : null;
      const store = this.store(storeType(windows));
      this.add(
        { op: "cogroup", of, with: other, windows, store },
        { ...left, ...tableOf(windows), origins, value: "string" },
      );
      return;
    }
    const [before, after, grace] = [this.pick([0, 300, 700]), this.pick([300, 700]), this.pick([0, 300, 2000])];
    // Kafka Streams makes an inner join of a left or outer one of a stream with itself.
    const kinds = of === other && this.optimizes("single.store.self.join") ? (["inner"] as const) : joins;
    const join = { op: "joinStream", kind: this.pick(kinds), of, with: other, before, after, grace } as const;
    this.add(join, { ...left, origins, value: "string" });
  }

  private withTable(of: number, other: number): void {
    if (!this.maySend(of)) return;
    const [shape, second] = [this.through(this.shape(of)), this.shape(other)];
    if (second.windowed || !this.combines(shape, second)) return;
    const kind = this.pick(["inner", "left"] as const);
    this.add({ op: "joinTable", kind, of, with: other }, { ...shape, origins: shape.origins, value: "string" });
  }

  private withGlobal(of: number, other: number): void {
    const [kind, selector] = [this.pick(["inner", "left"] as const), this.pick(selectors)];
    const shape = this.shape(of);
    // Kafka Streams would write values from before the join with the serde of those behind it.
    if (shape.rekeyed && this.optimizes("merge.repartition.topics")) return;
    this.add({ op: "joinGlobal", kind, of, with: other, selector }, { ...shape, value: "string" });
  }

  private withOtherTable(of: number, other: number): void {
    const [shape, second] = [this.shape(of), this.shape(other)];
    if (shape.windowed || second.windowed || !this.combines(shape, second)) return;
    const store = this.store("timestampedKeyValue");
    const joined = {
      ...shape,
      value: "string",
      known: store !== null,
      closes: false,
      origins: both(shape, second),
    } as const;
    this.add({ op: "joinTables", kind: this.pick(joins), of, with: other, store }, joined);
  }

  /** Rows go through two topics of their own: what else comes through a topic might come before or after. */
  private foreign(of: number, other: number): void {
    const [shape, second] = [this.shape(of), this.shape(other)];
    if (shape.windowed || second.windowed || !shape.known || !second.known) return;
    if (internal(shape).length > 0 || internal(second).length > 0) return;
    const kind = this.pick(["inner", "left"] as const);
    const joined = this.through({ ...shape, origins: both(shape, second) }, true);
    const node = {
      op: "joinForeign",
      kind,
      of,
      with: other,
      selector: this.pick(["initial", "parity", "sometimesNull", "value"] as const),
    } as const;
    const store = this.store("timestampedKeyValue");
    this.add({ ...node, store }, { ...joined, value: "string", known: store !== null, closes: false });
  }

  private two(of: number, kind: Shape["kind"], combine: (other: number) => void): void {
    if (kind === "stream" && this.optimizes("single.store.self.join") && this.chance(0.3)) {
      combine(of);
      return;
    }
    const others = [...this.nodes.keys()].filter(
      (place) => this.shape(place).kind === kind && (place !== of || this.chance(0.3)),
    );
    if (others.length > 0) combine(this.pick(others));
  }

  /** A sink for all that nobody reads. */
  private sinks(): void {
    for (const place of [...this.nodes.keys()]) {
      const { kind } = this.shape(place);
      if (kind === "none" || kind === "global" || (this.used.has(place) && this.chance(0.8))) continue;
      const of =
        kind === "stream"
          ? place
          : this.add({ op: "toStream", of: place }, { ...this.shape(place), kind: "stream", windowed: false });
      const topic = `out${Object.keys(this.outputs).length}`;
      this.outputs[topic] = { key: "string", value: this.shape(of).value };
      this.add({ op: "to", of, topic }, { ...this.shape(of), kind: "none" });
    }
  }

  private add(operation: Operation, shape: Shape): number {
    if ("of" in operation) this.used.add(operation.of);
    if ("with" in operation) this.used.add(operation.with);
    this.nodes.push({ ...operation, value: shape.value, windowed: shape.windowed });
    this.shapes.push(shape);
    return this.nodes.length - 1;
  }

  /** Behind a topic of its own, where the key was changed or it is asked for. */
  private through(shape: Shape, always = false): Shape {
    if (!shape.rekeyed && !always) return shape;
    if (!always && shape.way !== undefined) this.sent.add(shape.way);
    const roots = new Set([...shape.origins.values()].flatMap((each) => [...each]));
    return { ...shape, rekeyed: false, way: undefined, origins: new Map([[`#${this.hops++}`, roots]]) };
  }

  /** Whether streams may go through topics: to merge two below one child of the node that changed the key, Kafka Streams fails. */
  private maySend(...places: readonly number[]): boolean {
    if (!this.optimizes("merge.repartition.topics")) return true;
    const ways = [...new Set(places)]
      .map((place) => this.shape(place))
      .flatMap(({ rekeyed, way }) => (rekeyed && way !== undefined ? [way] : []));
    return new Set(ways).size === ways.length && !ways.some((way) => this.sent.has(way));
  }

  /**
   * Whether two nodes may meet: records of one step that lie in two internal topics at once are processed in an order that is
   * nobody's promise.
   */
  private combines(a: Shape, b: Shape): boolean {
    const hops = internal({ origins: both(a, b) });
    return hops.every(([, roots], place) =>
      hops.slice(place + 1).every(([, others]) => ![...roots].some((root) => others.has(root))),
    );
  }

  private windows(mayBeFinal: boolean): Windows {
    const grace = this.pick([0, 300, 1000]);
    const final = mayBeFinal && this.chance(0.25);
    const size = this.pick([500, 1000, 2000]);
    return this.pick<Windows>([
      { kind: "time", size, advance: this.chance(0.6) ? size : size / 2, grace, final },
      { kind: "sliding", difference: this.pick([300, 800]), grace, final },
      { kind: "session", gap: this.pick([200, 400]), grace, final },
    ]);
  }

  /** A name for a store, or none. */
  private store(type: string, unnamed = 0.4): string | null {
    if (this.chance(unnamed)) return null;
    const name = `store${Object.keys(this.stores).length}`;
    this.stores[name] = type;
    return name;
  }

  private shape(place: number): Shape {
    return this.shapes[place] as Shape;
  }

  private optimizes(what: string): boolean {
    return this.optimization === "all" || this.optimization.includes(what);
  }
}
