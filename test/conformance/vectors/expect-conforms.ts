import { expect } from "vitest";
import { caseTopologies } from "../topologies/index.ts";
import { firstDifference, rowSet } from "./compare.ts";
import { type ReplayOptions, replay } from "./replay.ts";
import { readVector, vectorTree } from "./vector-file.ts";

/** Replays one file, and fails with the first step that is not what was recorded. */
export async function expectConforms(name: string, seed: string, options: ReplayOptions = {}): Promise<void> {
  const define = caseTopologies.get(name);
  if (define === undefined) throw new Error(`case ${name} is not implemented`);
  const vector = readVector(vectorTree, name, seed);
  const { outputs, stores } = await replay(vector, define, options);
  const difference = firstDifference(vector, outputs);
  if (difference !== undefined) {
    const { step, topic, expected, actual } = difference;
    const input = step === undefined ? "all steps" : `step ${step}, ${JSON.stringify(vector.steps[step])}`;
    expect.soft(actual, `${topic} after ${input}`).toEqual(expected);
    throw new Error(`${name} with seed ${seed} differs from Kafka Streams at ${input} in topic ${topic}`);
  }
  for (const [store, { entries }] of Object.entries(vector.stores)) {
    expect(rowSet(stores[store] ?? []), `store ${store}`).toEqual(rowSet(entries));
  }
}
