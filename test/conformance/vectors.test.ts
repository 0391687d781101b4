/**
 * Replays what Kafka Streams did. `VECTORS=DIR` takes another tree, `CASE=name` and `SEED=n` one part of it.
 */
import { expect, test } from "vitest";
import { caseTopologies } from "./topologies/index.ts";
import { expectConforms } from "./vectors/expect-conforms.ts";
import { listVectors } from "./vectors/vector-file.ts";

const { VECTORS } = process.env;

test.for(listVectors())("%s with seed %s does what Kafka Streams did", ([name, seed]) => expectConforms(name, seed));

if (VECTORS === undefined) {
  test("every topology of a case is replayed, and all 203 cases are", () => {
    const recorded = new Set(listVectors({}).map(([name]) => name));
    expect([...caseTopologies.keys()].toSorted()).toEqual([...recorded].toSorted());
    expect(recorded.size).toBe(203);
  });
}
