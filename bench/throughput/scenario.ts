import { join } from "node:path";
import { type Bench, withBench } from "../bench.ts";
import type { Scenario } from "../scenario.ts";
import { formatFigure } from "../table.ts";
import { loadInput } from "./load.ts";
import { runOnce, warmBroker } from "./one-run.ts";
import { reportOf } from "./report.ts";
import type { RunFigures } from "./result.ts";
import { shapes } from "./shapes.ts";
import { kafkaStreamsSide, millraceSide, type RunPlace, type Side } from "./sides.ts";
import { type Workload, workloadOf } from "./workload.ts";

/** Millrace against Kafka Streams on one broker, in turns: one scenario per shape. */
export const comparisons: readonly Scenario[] = shapes.map((shape) => ({
  name: shape.name,
  summary: shape.summary,
  run: (options, say) =>
    withBench({ options, say }, async (bench) => {
      const workload = workloadOf(shape, options);
      return reportOf(await compare(bench, workload), { name: shape.name, workload, bench });
    }),
}));

async function compare(bench: Bench, workload: Workload): Promise<readonly RunFigures[]> {
  const { peer, bootstrap, folder, id, options, say } = bench;
  const input = await loadInput(bench, workload, `bench-input-${id}`);
  const sides: readonly Side[] = [
    millraceSide(bench.worker, workload),
    kafkaStreamsSide(peer, workload),
    ...(options.tuned ? [kafkaStreamsSide(peer, workload, { profile: "tuned" })] : []),
  ];
  const placeOf = (name: string): RunPlace => ({
    bootstrap,
    application: name,
    input: input.topic,
    other: input.other,
    output: `${name}-out`,
    folder: join(folder, name),
  });
  for (const side of workload.warmMs > 0 ? sides : []) {
    say(`the broker warms up with ${side.name}`);
    await warmBroker({ bench, workload }, side, placeOf(`bench-broker-${side.name}-${id}`));
  }
  const runs: RunFigures[] = [];
  for (let round = 1; round <= workload.rounds; round++) {
    for (const side of sides) {
      const run = await runOnce({ bench, workload }, side, placeOf(`bench-${side.name}-${id}-${round}`));
      say(
        `round ${round}: ${side.name} ${formatFigure(run.recordsPerSecond)} records/s in ${formatFigure(run.seconds)} s`,
      );
      runs.push(run);
    }
  }
  return runs;
}
