/** Makes compositions from seeds: only topologies that both sides accept, and whose results do not depend on chance. */
import type { VectorStep, VectorTopic } from "../../conformance/vectors/vector-file.ts";
import { SeededRandom } from "../../support/virtual-clock.ts";
import type { Composition, CompositionNode, JoinKind, Operation, Windows } from "./language.ts";
import { mappers, predicates, selectors } from "./language.ts";

/** What is known of a node beside its operation. */
interface Shape {
  readonly kind: "stream" | "table" | "global" | "none";
  readonly value: "string" | "int64";
  readonly windowed: boolean;
  /** A stream whose key was changed: what needs partitions sends it through a topic first. */
  readonly rekeyed: boolean;
  /** The serdes of a table are known. */
  readonly known: boolean;
  /** Windows of a table that can be suppressed until they close. */
  readonly closes: boolean;
  /** Topics that records come from directly, and the input topics behind each internal one. */
  readonly origins: ReadonlyMap<string, ReadonlySet<string>>;
}

const words = ["apple", "ant", "bee", "berry", "cat", "cherry", "dog", "date", "eel", "fig"];
const keys = ["A", "B", "C", "D"];
const joins: readonly JoinKind[] = ["inner", "left", "outer"];
const STEPS = 36;
/** Kafka Streams' driver starts faster with them, and only joins of a stream with what comes from itself differ from RocksDB. */
const inMemory = {
  "dsl.store.suppliers.class": "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$InMemoryDslStoreSuppliers",
};

/** The composition of a seed. */
export function generateComposition(seed: number): Composition {
  return new Generator(seed).composition();
}

class Generator {
  private readonly seed: number;
  private readonly random: SeededRandom;
  private readonly nodes: CompositionNode[] = [];
  private readonly shapes: Shape[] = [];
  private readonly used = new Set<number>();
  private readonly inputs: Record<string, VectorTopic> = {};
  private readonly outputs: Record<string, VectorTopic> = {};
  private readonly stores: Record<string, string> = {};
  private hops = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    for (let skipped = 0; skipped < 5; skipped++) this.random.next(); // seeds that follow each other begin alike
  }

  composition(): Composition {
    this.source();
    if (this.chance(0.75)) this.source();
    if (this.chance(0.2)) this.source();
    const wanted = this.nodes.length + 2 + this.below(8);
    for (let tries = 0; this.nodes.length < wanted && tries < 200; tries++) this.step();
    this.sinks();
    const { seed, nodes, inputs, outputs: outputTopics, stores } = this;
    const joins = nodes.some(({ op }) => op === "joinStream");
    const config = { "statestore.cache.max.bytes": 0, ...(!joins && inMemory) };
    return { case: `composition-${seed}`, seed, config, inputs, outputTopics, stores, nodes, steps: this.steps() };
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

  private step(): void {
    const of = this.pick(
      [...this.nodes.keys()].filter(
        (place) => this.shape(place).kind !== "none" && this.shape(place).kind !== "global",
      ),
    );
    // What nobody reads yet goes on first: topologies become deep.
    if (this.used.has(of) && this.chance(0.6)) return;
    if (this.shape(of).kind === "stream") this.streamStep(of);
    else this.tableStep(of);
  }

  private streamStep(of: number): void {
    const shape = this.shape(of);
    const [predicate, selector, mapper] = [this.pick(predicates), this.pick(selectors), this.pick(mappers)];
    const value = mapper === "length" ? "int64" : "string";
    const rekeyed = { ...shape, rekeyed: true };
    const choices: (() => void)[] = [
      () => this.add({ op: this.pick(["filter", "filterNot"] as const), of, predicate }, shape),
      () => this.add({ op: this.pick(["mapValues", "flatMapValues"] as const), of, mapper }, { ...shape, value }),
      () => this.add({ op: "selectKey", of, selector }, rekeyed),
      () => this.add({ op: this.pick(["map", "flatMap"] as const), of, selector, mapper }, { ...rekeyed, value }),
      () =>
        this.add(
          { op: "branch", of, predicate, name: `split${this.nodes.length}-`, take: this.pick(["a", "b"] as const) },
          shape,
        ),
      () => this.add({ op: "repartition", of }, this.through(shape, true)),
      () => this.add({ op: "peek", of }, shape),
      () => this.process(of),
      () =>
        this.add(
          { op: "toTable", of, store: this.store("timestampedKeyValue") },
          { ...this.through(shape), kind: "table", known: true },
        ),
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

  private process(of: number): void {
    const name = `counts${this.nodes.length}`;
    this.stores[name] = "keyValue";
    this.add({ op: "process", of, name }, { ...this.shape(of), value: "string", rekeyed: true });
  }

  private fold(of: number): void {
    const shape = this.shape(of);
    const by = this.chance(0.35) ? this.pick(selectors) : null;
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
      this.add(
        { op: "merge", of, with: other },
        { ...shape, rekeyed: shape.rekeyed || second.rekeyed, origins: both(shape, second) },
      );
      return;
    }
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
    const join = { op: "joinStream", kind: this.pick(joins), of, with: other, before, after, grace } as const;
    this.add(join, { ...left, origins, value: "string" });
  }

  private withTable(of: number, other: number): void {
    const [shape, second] = [this.through(this.shape(of)), this.shape(other)];
    if (second.windowed || !this.combines(shape, second)) return;
    const kind = this.pick(["inner", "left"] as const);
    this.add({ op: "joinTable", kind, of, with: other }, { ...shape, origins: shape.origins, value: "string" });
  }

  private withGlobal(of: number, other: number): void {
    const [kind, selector] = [this.pick(["inner", "left"] as const), this.pick(selectors)];
    this.add({ op: "joinGlobal", kind, of, with: other, selector }, { ...this.shape(of), value: "string" });
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

  private steps(): readonly VectorStep[] {
    const topics = Object.keys(this.inputs);
    const steps: VectorStep[] = [];
    let now = this.chance(0.3) ? 0 : 100_000;
    const late = this.pick([0, 0, 4000]);
    for (let step = 0; step < STEPS; step++) {
      now += this.below(401);
      const behind = this.chance(0.06) ? this.below(late + 1) : this.chance(0.25) ? this.below(600) : 0;
      const key = this.chance(0.05) ? null : this.pick(keys);
      const value = this.chance(0.12) ? null : this.pick(words);
      steps.push({ op: "pipe", topic: this.pick(topics), key, value, timestamp: Math.max(0, now - behind) });
    }
    for (const round of [1, 2]) {
      for (const topic of topics) {
        now += 1_000_000;
        steps.push({ op: "pipe", topic, key: "flush", value: `end${round}`, timestamp: now });
      }
    }
    return steps;
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
    const roots = new Set([...shape.origins.values()].flatMap((each) => [...each]));
    return { ...shape, rekeyed: false, origins: new Map([[`#${this.hops++}`, roots]]) };
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

  private chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  private below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const plain = { value: "string", windowed: false, rekeyed: false, known: false, closes: false } as const;

function tableOf(windows: Windows | null) {
  return {
    kind: "table",
    windowed: windows !== null,
    known: true,
    closes: windows !== null && !windows.final,
  } as const;
}

function storeType(windows: Windows | null): string {
  if (windows === null) return "timestampedKeyValue";
  return windows.kind === "session" ? "session" : "timestampedWindow";
}

function internal({ origins }: Pick<Shape, "origins">): readonly (readonly [string, ReadonlySet<string>])[] {
  return [...origins].filter(([topic]) => topic.startsWith("#"));
}

function both(a: Pick<Shape, "origins">, b: Pick<Shape, "origins">): Shape["origins"] {
  return new Map([...a.origins, ...b.origins]);
}
