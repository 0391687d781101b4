import { isDeepStrictEqual } from "node:util";
import type { VectorFile, VectorOutput } from "./vector-file.ts";

/** The first place where a replay is not what was recorded. */
export interface Difference {
  /** Index of the step; undefined where steps do not count. */
  readonly step: number | undefined;
  readonly topic: string;
  readonly expected: readonly (readonly unknown[])[];
  readonly actual: readonly (readonly unknown[])[];
}

/** Compares outputs at the level that the file asks for. @returns undefined when they conform */
export function firstDifference(
  vector: Pick<VectorFile, "compare" | "steps" | "outputTopics" | "outputs">,
  outputs: readonly VectorOutput[],
): Difference | undefined {
  const order = vector.compare === "strict" ? asWritten : vector.compare === "perKey" ? byKey : byContent;
  const expected = order(vector.outputs);
  const actual = order(outputs);
  const steps = vector.compare === "multiset" ? [undefined] : vector.steps.keys();
  for (const step of steps) {
    for (const topic of Object.keys(vector.outputTopics)) {
      const difference = {
        step,
        topic,
        expected: recordsOf(expected, topic, step),
        actual: recordsOf(actual, topic, step),
      };
      if (!isDeepStrictEqual(difference.expected, difference.actual)) return difference;
    }
  }
  return undefined;
}

function recordsOf(outputs: readonly VectorOutput[], topic: string, step: number | undefined): readonly unknown[][] {
  return outputs
    .filter((output) => output[1] === topic && (step === undefined || output[0] === step))
    .map(([, , ...record]) => record);
}

function asWritten(outputs: readonly VectorOutput[]): readonly VectorOutput[] {
  return outputs;
}

/** Records of different keys may change places, those of one key may not. */
function byKey(outputs: readonly VectorOutput[]): readonly VectorOutput[] {
  return sorted(outputs, ([, , key]) => JSON.stringify(key));
}

function byContent(outputs: readonly VectorOutput[]): readonly VectorOutput[] {
  return sorted(outputs, ([, , ...record]) => JSON.stringify(record));
}

function sorted(outputs: readonly VectorOutput[], text: (output: VectorOutput) => string): readonly VectorOutput[] {
  return [...outputs].sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
}

/** Rows of a store as a set. */
export function rowSet(rows: readonly (readonly unknown[])[]): ReadonlySet<string> {
  return new Set(rows.map((row) => JSON.stringify(row)));
}
