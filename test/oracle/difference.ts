import { isDeepStrictEqual } from "node:util";
import { StreamsBuilder } from "../../lib/dsl/builder.ts";
import { describe } from "../../lib/topology/describe.ts";
import type { CaseTopology } from "../conformance/topologies/words.ts";
import { buildOptions } from "../conformance/vectors/build-options.ts";
import { firstDifference, rowSet } from "../conformance/vectors/compare.ts";
import { type ReplayOptions, replay } from "../conformance/vectors/replay.ts";
import type { VectorFile } from "../conformance/vectors/vector-file.ts";

/** The first thing that Millrace does otherwise. */
export interface Difference {
  /** The step with its input, a store, the description. */
  readonly where: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Runs what Kafka Streams did, and compares at the level of the file. */
export async function differenceTo(
  vector: VectorFile,
  define: CaseTopology,
  options: ReplayOptions = {},
): Promise<Difference | undefined> {
  const where = options.restartEvery === undefined ? "" : `restarted every ${options.restartEvery} steps: `;
  try {
    const { outputs, stores } = await replay(vector, define, options);
    const found = firstDifference(vector, outputs);
    if (found !== undefined) {
      const { step, topic, expected, actual } = found;
      const input = step === undefined ? "all steps" : `step ${step}, ${JSON.stringify(vector.steps[step])}`;
      return { where: `${where}${topic} after ${input}`, expected, actual };
    }
    for (const [store, { entries }] of Object.entries(vector.stores)) {
      const rows = stores[store] ?? [];
      if (!isDeepStrictEqual(rowSet(rows), rowSet(entries))) {
        return { where: `${where}store ${store}`, expected: entries, actual: rows };
      }
    }
    return undefined;
  } catch (error) {
    return failure(where, error);
  }
}

/** Compares the texts of `describe()`. */
export function differenceInDescription(
  vector: VectorFile,
  define: CaseTopology,
  expected: string,
): Difference | undefined {
  try {
    const builder = new StreamsBuilder();
    define(builder);
    const actual = describe(builder.build(buildOptions(vector)));
    return actual === expected ? undefined : { where: "the description", expected, actual };
  } catch (error) {
    return failure("", error);
  }
}

function failure(when: string, error: unknown): Difference {
  return { where: `${when}an error`, expected: "none", actual: (error as Error).stack };
}
