import type { AutoOffsetReset } from "../topology/offset-reset.ts";

/** A change of the topology that Kafka Streams' `topology.optimization` allows. */
export type Optimization = "single.store.self.join" | "reuse.ktable.source.topics";

/** How a topology is built. */
export interface BuildOptions {
  /**
   * Kafka Streams' `topology.optimization`: none by default. `single.store.self.join` keeps one store instead of two for a stream that is
   * joined with itself. `reuse.ktable.source.topics` restores a table from the topic that it is read from, instead of a changelog of its
   * own. A change needs a new generation: stores come or go.
   */
  readonly topologyOptimization?: readonly Optimization[];
  /** Where sources without an `offsetReset` of their own start that were never read; `"earliest"` without it. */
  readonly autoOffsetReset?: AutoOffsetReset;
}
