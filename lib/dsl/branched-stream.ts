import { type BranchTarget, branch } from "../operators/branch.ts";
import { passThrough } from "../operators/pass-through.ts";
import { prefixes } from "./prefixes.ts";
import type { KStream, Named, StreamProps } from "./stream.ts";

/** Any branch's; undefined for the default branch. */
type Predicate = BranchTarget<unknown, unknown>["predicate"];

/** What becomes of a branch. */
export interface Branched<K, V> {
  /** Name of the branch, behind that of the split; its number without it, 0 for the default branch. */
  readonly name?: string;
  /** Goes on with the branch; what it answers is in the result instead of the branch. */
  readonly withFunction?: (branch: KStream<K, V>) => KStream<K, V>;
  /** Goes on with the branch, which is then not in the result. */
  readonly withConsumer?: (branch: KStream<K, V>) => void;
}

/**
 * A stream that is being split. A record goes to the first branch whose predicate is true, and only there.
 *
 * @source Kafka Streams `BranchedKStreamImpl`
 * @example
 * const branches = words.split().branch((key, word) => word.length > 3).noDefaultBranch();
 * branches.size; // 1
 */
export class BranchedKStream<K, V> {
  private readonly props: StreamProps;
  private readonly follow: (props: StreamProps) => KStream<K, V>;
  private readonly name: string;
  private readonly targets: BranchTarget<unknown, unknown>[] = [];
  private readonly branches = new Map<string, KStream<K, V>>();

  /** @internal Made by `KStream.split`. */
  constructor(props: StreamProps, options: Named, follow: (props: StreamProps) => KStream<K, V>) {
    const { graph, node } = props;
    this.props = props;
    this.follow = follow;
    this.name = graph.nodeName(prefixes.branch, options.name);
    const resolve = () => ({ operator: branch(this.targets) });
    graph.addProcessor({ name: this.name, parents: [node], effect: "none", resolve });
  }

  /**
   * Adds a branch.
   *
   * @example
   * words.split().branch((key, word) => word === "the", { withConsumer: (articles) => articles.to("articles") });
   */
  branch(predicate: (key: K, value: V) => boolean, branched: Branched<K, V> = {}): this {
    this.add(predicate as Predicate, this.targets.length + 1, branched);
    return this;
  }

  /**
   * Adds a branch of the records that no other takes.
   *
   * @returns the branches by the names of their nodes
   * @example
   * const branches = words.split({ name: "by-length-" }).branch((key, word) => word.length > 3, { name: "long" }).defaultBranch();
   * [...branches.keys()]; // ["by-length-long", "by-length-0"]
   */
  defaultBranch(branched: Branched<K, V> = {}): ReadonlyMap<string, KStream<K, V>> {
    this.add(undefined, 0, branched);
    return this.branches;
  }

  /**
   * Drops the records that no branch takes.
   *
   * @returns the branches by the names of their nodes
   * @example
   * const branches = words.split({ name: "by-length-" }).branch((key, word) => word.length > 3).noDefaultBranch();
   * [...branches.keys()]; // ["by-length-1"]
   */
  noDefaultBranch(): ReadonlyMap<string, KStream<K, V>> {
    return this.branches;
  }

  private add(predicate: Predicate, index: number, branched: Branched<K, V>): void {
    const { graph } = this.props;
    const node = this.name + (branched.name ?? String(index));
    graph.nodeName(prefixes.branch); // as Kafka Streams does: a number is used up, the name is made from the split's
    this.targets.push({ node, predicate });
    graph.addProcessor({
      name: node,
      parents: [this.name],
      effect: "none",
      resolve: () => ({ operator: passThrough }),
    });
    const stream = this.follow({ ...this.props, node });
    if (branched.withFunction !== undefined) this.branches.set(node, branched.withFunction(stream));
    else if (branched.withConsumer !== undefined) branched.withConsumer(stream);
    else this.branches.set(node, stream);
  }
}
