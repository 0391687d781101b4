import { describe, expect, test } from "vitest";
import { runSeed } from "./scenario.ts";

const SEEDS = process.env["CI"] === "true" ? 300 : 60;
const PER_CASE = 20;

/** Kinds of things that must have happened somewhere in the run: what never happens is not tested. */
const rareKinds = [
  /^pin-fenced/,
  /^late [A-Z]/,
  /^lost answer EndTxn/,
  /^frozen at InitProducerId/,
  /^frozen at EndTxn/,
  /^steal pin/,
  /^pin-retries/,
  /^snapshot-published.*"delta":#/,
  /^kill /,
  /^pin-released/,
];

describe("the protocol under faults, on virtual time", () => {
  const counts = new Map<string, number>();
  const ranges = Array.from({ length: Math.ceil(SEEDS / PER_CASE) }, (_, index) => ({ from: 1 + index * PER_CASE }));

  test.for(ranges)(`loses, doubles and tears nothing from seed $from on (${PER_CASE} seeds)`, async ({ from }) => {
    for (let seed = from; seed < from + PER_CASE; seed++) {
      const result = await runSeed(seed);
      for (const [kind, times] of result.counts) counts.set(kind, (counts.get(kind) ?? 0) + times);
      expect(result.violations, `seed ${seed}: npm run sim -- --from ${seed} --seeds 1 --story`).toEqual([]);
    }
  });

  test("meets every rare kind of fault and answer", () => {
    const missing = rareKinds.filter((kind) => ![...counts.keys()].some((name) => kind.test(name)));
    expect(missing).toEqual([]);
  });

  test.for([3, 28, 55])("does the same twice with seed %i", async (seed) => {
    const [first, second] = [await runSeed(seed), await runSeed(seed)];
    expect(second.fingerprint).toBe(first.fingerprint);
  });
});
