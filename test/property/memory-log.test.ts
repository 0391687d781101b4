import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Transactor } from "../../lib/ports/log.ts";
import { batchOf, rowsOf } from "../conformance/log/scene.ts";
import { Rig } from "../unit/adapters/memory/log/rig.ts";

/** What one of three producers does next. */
type Step =
  | { readonly kind: "send"; readonly producer: number; readonly count: number }
  | { readonly kind: "commit" | "abort" | "takeover"; readonly producer: number };

const producer = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("send" as const), producer, count: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("commit" as const, "abort" as const, "takeover" as const), producer }),
  },
);

/** The three producers and what they have promised so far. */
class Play {
  readonly rig: Rig;
  /** Values of committed records by offset, as acknowledged. */
  readonly committed = new Map<number, string>();
  private readonly transactors: (Transactor | undefined)[] = [];
  private readonly pending: Map<number, string>[] = [new Map(), new Map(), new Map()];
  private count = 0;

  constructor(rig: Rig) {
    this.rig = rig;
  }

  async run(next: Step): Promise<void> {
    const id = next.producer;
    const pending = this.pending[id] ?? new Map<number, string>();
    if (next.kind === "takeover") {
      pending.clear();
      this.transactors[id] = await this.rig.transactor(`app-${id}`);
      return;
    }
    const transactor = this.transactors[id] ?? (await this.rig.transactor(`app-${id}`));
    this.transactors[id] = transactor;
    if (pending.size === 0) transactor.begin();
    if (next.kind === "send") {
      const values = Array.from({ length: next.count }, () => `${this.count++}`);
      const ends = await transactor.send([{ topic: "t", partition: 0, records: batchOf(values) }]);
      const end = ends.get("t:0") ?? -1;
      for (const [index, value] of values.entries()) pending.set(end - values.length + index, value);
    } else if (next.kind === "commit") {
      await transactor.commit();
      for (const [offset, value] of pending) this.committed.set(offset, value);
      pending.clear();
    } else {
      await transactor.abort();
      pending.clear();
    }
  }

  async endAll(): Promise<void> {
    for (const id of [0, 1, 2]) await this.rig.transactor(`app-${id}`);
  }
}

describe("the memory log", () => {
  test("read in pieces of any size gives exactly what was committed, at its offsets", async () => {
    const settings = fc.record({
      transactionVersion: fc.constantFrom(1 as const, 2 as const),
      markerDelayMs: fc.constantFrom(0, 7),
    });
    const pieceBytes = fc.integer({ min: 1, max: 600 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), settings, pieceBytes, async (steps, chosen, maxBytes) => {
        const rig = new Rig({ settings: chosen });
        await rig.topic();
        const play = new Play(rig);
        for (const next of steps) await play.run(next);
        await play.endAll();
        const end = await rig.offset("lso");
        expect(end).toBe(await rig.offset("hw"));
        const read = new Map<number, string>();
        for (let from = 0; from < end; ) {
          const request = {
            positions: new Map([["t:0", from] as const]),
            maxWaitMs: 0,
            maxBytes,
            maxPartitionBytes: maxBytes,
          };
          const answer = (await rig.log.fetch(request)).get("t:0");
          for (const row of rowsOf(answer)) read.set(row.offset, row.value?.toString() ?? "");
          const next = answer?.kind === "records" ? answer.next : -1;
          expect(next).toBeGreaterThan(from);
          from = next;
        }
        expect([...read]).toEqual([...play.committed].sort(([a], [b]) => a - b));
      }),
      { numRuns: 150 },
    );
  });
});
