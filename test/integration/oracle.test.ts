/**
 * Fresh inputs for every recorded case, and random compositions, through Kafka Streams and through Millrace.
 * `DIFFERENTIAL_SEED=N` repeats a run; `npm run differential` does more and makes failures smaller.
 */
import { describe, expect, inject, test } from "vitest";
import { caseTopologies } from "../conformance/topologies/index.ts";
import { Oracle } from "../oracle/oracle.ts";
import { compareAll, type Wanted } from "../oracle/run.ts";

const counts = process.env["CI"] ? { seeds: 3, compositions: 200 } : { seeds: 1, compositions: 20 };
const firstSeed = Number(process.env["DIFFERENTIAL_SEED"] ?? Math.floor(Math.random() * 1_000_000_000));
const servers = inject("servers");

describe.skipIf(servers.kind === "missing")(`beside Kafka Streams (seed ${firstSeed})`, () => {
  async function differences(wanted: Partial<Wanted>): Promise<readonly string[]> {
    const oracle = await Oracle.start();
    const found: string[] = [];
    try {
      for await (const compared of compareAll(oracle, { cases: [], seeds: 0, compositions: 0, firstSeed, ...wanted })) {
        if (compared.difference !== undefined)
          found.push(`${compared.case}, seed ${compared.seed}: ${compared.difference.where}`);
      }
    } finally {
      await oracle.close();
    }
    return found;
  }

  test(`every case gives the same on ${counts.seeds} fresh inputs`, { timeout: 900_000 }, async () => {
    expect(await differences({ cases: [...caseTopologies.keys()], seeds: counts.seeds })).toEqual([]);
  });

  test(`${counts.compositions} random compositions give the same, restarted too`, { timeout: 900_000 }, async () => {
    expect(await differences({ compositions: counts.compositions })).toEqual([]);
  });
});
