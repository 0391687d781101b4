/**
 * Replays what Kafka Streams did. `VECTORS=DIR` takes another tree, `CASE=name` and `SEED=n` one part of it.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { caseTopologies } from "./topologies/index.ts";
import { firstDifference, rowSet } from "./vectors/compare.ts";
import { replay } from "./vectors/replay.ts";
import { listVectors, readVector } from "./vectors/vector-file.ts";

const { VECTORS, CASE, SEED } = process.env;
const tree = VECTORS ?? fileURLToPath(new URL("recorded/vectors", import.meta.url));

test.for(listVectors(tree, { case: CASE, seed: SEED }))(
  "%s with seed %s does what Kafka Streams did",
  ([name, seed]) => {
    const define = caseTopologies.get(name);
    if (define === undefined) throw new Error(`case ${name} is not implemented`);
    const vector = readVector(tree, name, seed);
    const { outputs, stores } = replay(vector, define);
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
  },
);

if (VECTORS === undefined) {
  test("every topology of a case is replayed, and all 189 cases are", () => {
    const recorded = new Set(listVectors(tree, {}).map(([name]) => name));
    expect([...caseTopologies.keys()].toSorted()).toEqual([...recorded].toSorted());
    expect(recorded.size).toBe(189);
  });
}
