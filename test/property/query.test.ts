import fc from "fast-check";
import { expect, test } from "vitest";
import { openTables } from "../../lib/query/tables.ts";
import { PinScene, type RunningPin } from "../support/pin-scene.ts";
import { countApp } from "../support/test-apps.ts";

/** What happens to an application with one partition: records come, its pin sleeps and wakes, somebody asks. */
type Step =
  | { readonly kind: "write"; readonly keys: readonly string[] }
  | { readonly kind: "sleep" }
  | { readonly kind: "hand-over" }
  | { readonly kind: "ask" };

const keys = ["a", "b", "c", "d"];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      keys: fc.array(fc.constantFrom(...keys), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "sleep" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "hand-over" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "ask" }) },
);

class Run {
  readonly written: string[] = [];
  private readonly scene: PinScene;
  private readonly tables: Awaited<ReturnType<typeof openTables>>;
  private pin: RunningPin | undefined;
  private workers = 0;
  private askedUpTo = 0;

  private constructor(scene: PinScene, tables: Run["tables"]) {
    this.scene = scene;
    this.tables = tables;
  }

  static async begin(): Promise<Run> {
    const scene = await PinScene.open({ app: countApp, partitions: 1 });
    return new Run(scene, await scene.run(() => openTables(countApp, scene)));
  }

  async step(next: Step): Promise<void> {
    if (next.kind === "write") await this.write(next.keys);
    else if (next.kind === "ask") await this.ask();
    else await this.end(next.kind === "sleep" ? "sleep" : "handover");
  }

  async end(reason: "sleep" | "handover" = "sleep"): Promise<void> {
    await this.pin?.drained(reason);
    this.pin = undefined;
  }

  private async write(wanted: readonly string[]): Promise<void> {
    const { scene } = this;
    // A transaction per record: one record and one marker, so an offset says how many records lie below it.
    for (const key of wanted) await scene.write("in", 0, [{ key, value: "v" }]);
    this.written.push(...wanted);
    const { environment } = scene.environment(`w${this.workers++}`, {
      snapshotMaxTailRecords: 5,
      snapshotMaxAgeMs: 1e9,
    });
    this.pin ??= await scene.startPin(0, environment).untilRunning();
    await this.pin.untilCaughtUp();
  }

  /** Every answer is the fold of exactly the input below its position, and positions never go back. */
  private async ask(): Promise<void> {
    const table = this.tables.get<string, number>("counts");
    for (const freshness of ["committed", "snapshot"] as const) {
      const { rows, partitions } = await this.scene.run(table.range({ freshness }));
      const upTo = (partitions[0]?.position["in:0"] ?? 0) / 2;
      const expected = fold(this.written.slice(0, upTo));
      expect(Object.fromEntries(rows.map(({ key, value }) => [key, value]))).toEqual(expected);
      if (freshness === "committed") {
        expect(upTo).toBe(this.written.length);
        expect(upTo).toBeGreaterThanOrEqual(this.askedUpTo);
        this.askedUpTo = upTo;
      }
      for (const key of keys) {
        const { row } = await this.scene.run(table.get(key, { freshness }));
        expect(row?.value).toBe(expected[key]);
      }
    }
  }
}

function fold(written: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of written) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

test("an answer is the fold of exactly the input below its position, whatever happened before (I7)", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const run = await Run.begin();
      for (const next of [...steps, { kind: "ask" } as const]) await run.step(next);
      await run.end();
    }),
    { numRuns: 25 },
  );
});
