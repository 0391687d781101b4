/** Makes compositions from seeds: only topologies that both sides accept, and whose results do not depend on chance. */
import type { VectorTopic } from "../../conformance/vectors/vector-file.ts";
import { steps } from "./choices.ts";
import { Draft } from "./draft.ts";
import type { Composition, JoinKind, Operation, Windows } from "./language.ts";
import { mappers, predicates, selectors } from "./language.ts";
import { both, internal, plain, type Shape, storeType, tableOf } from "./shapes.ts";

const joins: readonly JoinKind[] = ["inner", "left", "outer"];
/**
 * Kafka Streams' driver starts faster with them. They differ from RocksDB only in joins of a stream with what comes from itself, in the
 * order of sessions that close at one time, and in when windows expire behind a record cache.
 */
const inMemory = {
  "dsl.store.suppliers.class": "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$InMemoryDslStoreSuppliers",
};

/** The composition of a seed. */
export function generateComposition(seed: number): Composition {
  return new Generator(seed).composition();
}

class Generator extends Draft {
  private readonly seed: number;
  private readonly inputs: Record<string, VectorTopic> = {};
  private readonly outputs: Record<string, VectorTopic> = {};

  constructor(seed: number) {
    super(seed);
    this.seed = seed;
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
    const differs =
      this.cached || nodes.some((node) => node.op === "joinStream" || (node.op === "fold" && node.windows?.final));
    const config = {
      "statestore.cache.max.bytes": this.cached ? 10_485_760 : 0,
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
    else if (kind === "table") this.table(topic, shape);
    else {
      const store = `global-${topic}`;
      this.stores[store] = "timestampedKeyValue";
      this.add({ op: "globalTable", topic, store }, shape);
    }
  }

  private table(topic: string, shape: Shape): void {
    if (this.chance(0.65)) {
      this.add({ op: "table", topic, store: this.store("timestampedKeyValue") }, shape);
      return;
    }
    const history = this.pick([700, 5000, 60_000]);
    this.add({ op: "table", topic, store: this.store("versionedLatest", 0), history }, { ...shape, history });
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
        this.add(
          { op: this.pick(["filterTable", "filterNotTable"] as const), of, predicate, store },
          derived(shape, store),
        );
      },
      () => {
        const store = shape.windowed ? null : this.store("timestampedKeyValue");
        const op = this.pick(["mapTable", "mapTable", "transformTable"] as const);
        this.add({ op, of, mapper, store }, { ...derived(shape, store), value, known: store !== null });
      },
      () => this.groupTable(of, { selector, mapper, value }),
      () => this.groupTable(of, { selector, mapper, value }),
      () =>
        this.add(
          { op: "toStream", of },
          {
            ...derived(shape, ""),
            kind: "stream",
            windowed: false,
            rekeyed: shape.windowed,
            known: false,
            closes: false,
          },
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
    // Kafka Streams' driver runs all sub-topologies as one task, with one stream time.
    const sources = this.nodes.filter(({ op }) => op === "stream" || op === "table").length;
    const ticks = sources === 1 && internal(this.shape(of)).length === 0;
    const every = ticks && this.chance(0.6) && { every: this.pick([500, 1300]) };
    this.add({ op: "process", of, name, ...every }, { ...this.shape(of), value: "string", rekeyed: true });
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
    // Versions are not held back.
    if (!shape.known || shape.history !== undefined) return;
    const until = shape.closes && this.chance(0.7) ? "close" : "limit";
    const maxRecords = until === "limit" && this.chance(0.4) ? 1 + this.below(4) : null;
    this.add(
      { op: "suppress", of, until, ms: this.pick([0, 300, 1000]), maxRecords },
      { ...derived(shape, ""), closes: false },
    );
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
      // Behind a record cache it depends on the time of the other stream which windows have an old value.
      const windows = !this.cached && this.chance(0.6) ? this.windows(false) : null;
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
    // A left join that waits fails in Kafka Streams for a record without a key.
    const waits = second.history !== undefined && second.history >= 700 && kind === "inner" && this.chance(0.6);
    const grace = waits && { grace: this.pick([0, 300, 700]) };
    this.add(
      { op: "joinTable", kind, of, with: other, ...grace },
      { ...shape, origins: shape.origins, value: "string" },
    );
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
      ...derived(shape, ""),
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
    const joined = this.through({ ...derived(shape, ""), origins: both(shape, second) }, true);
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

  private windows(mayBeFinal: boolean): Windows {
    const grace = this.pick([0, 300, 1000]);
    const final = mayBeFinal && this.chance(0.25);
    const size = this.pick([500, 1000, 2000]);
    const time = { kind: "time", size, advance: this.chance(0.6) ? size : size / 2, grace, final } as const;
    const unlimited = { kind: "unlimited", start: this.pick([0, 101_000]), final: false } as const;
    // Ours have record caches for time windows only.
    if (this.cached) return this.pick<Windows>([time, time, unlimited]);
    return this.pick<Windows>([
      time,
      { kind: "sliding", difference: this.pick([300, 800]), grace, final },
      { kind: "session", gap: this.pick([200, 400]), grace, final },
      ...(this.chance(0.3) ? [unlimited] : []),
    ]);
  }
}

/** What a table is computed from keeps its history for it, a store of its own does not. */
function derived(shape: Shape, store: string | null): Shape {
  return store === null ? shape : { ...shape, history: undefined };
}
