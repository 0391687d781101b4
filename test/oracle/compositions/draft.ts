import { Choices } from "./choices.ts";
import type { CompositionNode, Operation } from "./language.ts";
import { both, internal, type Shape } from "./shapes.ts";

const optimizations = [
  "all",
  "merge.repartition.topics",
  "reuse.ktable.source.topics",
  "single.store.self.join",
  "single.store.self.join, merge.repartition.topics",
];

/** A composition that is being made: its nodes so far, what is known of them, and what may still be added. */
export abstract class Draft extends Choices {
  protected readonly nodes: CompositionNode[] = [];
  protected readonly shapes: Shape[] = [];
  protected readonly used = new Set<number>();
  protected readonly stores: Record<string, string> = {};
  protected readonly optimization: string;
  protected readonly cached: boolean;
  /** Children of nodes that changed the key, below which there is a topic. */
  private readonly sent = new Set<number>();
  private hops = 0;

  constructor(seed: number) {
    super(seed);
    this.optimization = this.chance(0.5) ? this.pick(optimizations) : "none";
    this.cached = this.chance(0.2);
  }

  protected add(operation: Operation, shape: Shape): number {
    if ("of" in operation) this.used.add(operation.of);
    if ("with" in operation) this.used.add(operation.with);
    this.nodes.push({ ...operation, value: shape.value, windowed: shape.windowed });
    this.shapes.push(shape);
    return this.nodes.length - 1;
  }

  /** Behind a topic of its own, where the key was changed or it is asked for. */
  protected through(shape: Shape, always = false): Shape {
    if (!shape.rekeyed && !always) return shape;
    if (!always && shape.way !== undefined) this.sent.add(shape.way);
    const roots = new Set([...shape.origins.values()].flatMap((each) => [...each]));
    return { ...shape, rekeyed: false, way: undefined, origins: new Map([[`#${this.hops++}`, roots]]) };
  }

  /** Whether streams may go through topics: to merge two below one child of the node that changed the key, Kafka Streams fails. */
  protected maySend(...places: readonly number[]): boolean {
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
  protected combines(a: Shape, b: Shape): boolean {
    const hops = internal({ origins: both(a, b) });
    return hops.every(([, roots], place) =>
      hops.slice(place + 1).every(([, others]) => ![...roots].some((root) => others.has(root))),
    );
  }

  /** A name for a store, or none. */
  protected store(type: string, unnamed = 0.4): string | null {
    // A record cache shows windows that have expired for as long as it has room.
    if (this.chance(unnamed) || (this.cached && type === "timestampedWindow")) return null;
    const name = `store${Object.keys(this.stores).length}`;
    this.stores[name] = type;
    return name;
  }

  protected shape(place: number): Shape {
    return this.shapes[place] as Shape;
  }

  protected optimizes(what: string): boolean {
    return this.optimization === "all" || this.optimization.includes(what);
  }
}
