import type { BuildOptions, TopologyOptimization } from "../../../lib/dsl/optimization.ts";
import type { VectorFile } from "./vector-file.ts";

/** How the topology of a recorded run is built. */
export function buildOptions({ config }: Pick<VectorFile, "config">): BuildOptions {
  const optimization = config["topology.optimization"];
  return optimization === undefined ? {} : { topologyOptimization: String(optimization) as TopologyOptimization };
}
