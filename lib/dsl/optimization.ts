import { StreamError } from "../core/errors.ts";
import type { AutoOffsetReset } from "../topology/offset-reset.ts";

const optimizations = ["merge.repartition.topics", "reuse.ktable.source.topics", "single.store.self.join"] as const;

/** A change of the topology that Kafka Streams' `topology.optimization` allows. */
export type Optimization = (typeof optimizations)[number];

/** What is asked for, in Kafka Streams' words, which may have commas between; or a list. */
export type TopologyOptimization =
  | "none"
  | "all"
  | Optimization
  | `${Optimization},${string}`
  | readonly Optimization[];

/** How a topology is built. */
export interface BuildOptions {
  /**
   * Kafka Streams' `topology.optimization`: `"none"` by default, `"all"`, or some. `merge.repartition.topics` sends what has one new key
   * through one topic, not one for each aggregation and join below. `reuse.ktable.source.topics` restores a table from the topic that it
   * is read from, instead of a changelog of its own. `single.store.self.join` keeps one store instead of two for a stream that is joined
   * with itself. A change needs a new generation: topics and stores come or go.
   */
  readonly topologyOptimization?: TopologyOptimization;
  /** Where sources without an `offsetReset` of their own start that were never read; `"earliest"` without it. */
  readonly autoOffsetReset?: AutoOffsetReset;
}

/**
 * The optimizations that a setting asks for.
 *
 * @throws {StreamError} `CONFIG_INVALID` for an unknown one, or for `none` or `all` beside others
 * @source Kafka Streams `StreamsConfig.verifyTopologyOptimizationConfigs`
 */
export function optimizationsOf(setting: TopologyOptimization = "none"): ReadonlySet<Optimization> {
  if (setting === "none") return new Set();
  if (setting === "all") return new Set(optimizations);
  const names: readonly string[] = typeof setting === "string" ? setting.split(/\s*,\s*/) : setting;
  for (const name of names) {
    if (optimizations.some((each) => each === name)) continue;
    throw new StreamError(
      "CONFIG_INVALID",
      `topologyOptimization has ${JSON.stringify(name)}: write "none" or "all" alone, or some of ${optimizations.join(", ")}`,
      { details: { name } },
    );
  }
  return new Set(names as readonly Optimization[]);
}
