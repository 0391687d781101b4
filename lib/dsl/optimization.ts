/** A change of the topology that Kafka Streams' `topology.optimization` allows. */
export type Optimization = "single.store.self.join";

/** How a topology is built. */
export interface BuildOptions {
  /**
   * Kafka Streams' `topology.optimization`: none by default. `single.store.self.join` keeps one store instead of two for a
   * stream that is joined with itself. A change needs a new generation: stores come or go.
   */
  readonly topologyOptimization?: readonly Optimization[];
}
