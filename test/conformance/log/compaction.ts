import { describe, expect, test } from "vitest";
import { partitionKey } from "../../../lib/core/ids.ts";
import { BatchCursor } from "../../../lib/records/batch.ts";
import { compactSoon } from "./harness.ts";
import { type ReadRow, type Scene, texts } from "./scene.ts";

/** Batches without records in what the fetches of a whole read hold. */
async function emptyBatches(s: Scene, topic: string): Promise<number> {
  const key = partitionKey(topic, 0);
  const end = (await s.offset(topic, "lso")) ?? 0;
  let count = 0;
  for (let next = 0; next < end; ) {
    const answer = (await s.fetch({ [key]: next }, { maxWaitMs: 100 })).get(key);
    if (answer?.kind !== "records") throw new Error(`${key} cannot be read at ${next}`);
    const batches = new BatchCursor(answer.records.bytes); // nothing is compressed: the reader holds the answer itself
    while (batches.advance()) if (batches.recordCount === 0) count++;
    next = answer.next;
  }
  return count;
}

/** Reading what the log cleaner leaves behind. */
export function compactionCases(s: Scene): void {
  const { compaction, raisesEpochs } = s.subject.capabilities;
  const reason = compaction === true ? "" : ` (skipped: ${compaction})`;

  describe.skipIf(compaction !== true)(`compaction${reason}`, () => {
    test("leaves the newest committed value of a key, at its offset", async () => {
      const topic = await s.topic({ configs: compactSoon });
      const transactor = await s.transactor();
      for (const value of ["1", "2", "3"]) {
        transactor.begin();
        await s.send(transactor, topic, [
          { key: "k", value },
          { key: `only ${value}`, value },
        ]);
        await transactor.commit();
      }
      await s.writeAborted(topic, [{ key: "k", value: "aborted" }]);
      await s.settled(topic);
      const before = await s.offset(topic, "lso");
      await s.harness.compact(topic);
      await s.settled(topic);
      const { rows, next } = await s.read(topic);
      const kept = rows.filter(({ key }) => key?.toString() === "k" || key?.toString().startsWith("only"));
      expect(texts(kept)).toEqual(["1", "2", "3", "3"]);
      expect(kept.map(({ offset }) => offset)).toEqual([1, 4, 6, 7]);
      expect(next).toBeGreaterThanOrEqual(before ?? 0);
    });

    test("leaves empty batches where a sequence is still needed, and a read goes past what is gone", async () => {
      const topic = await s.topic({ configs: compactSoon });
      // The last batch of a producer keeps its header, because of its sequence, when another one overwrites every record.
      for (let writer = 0; writer < 3; writer++) await s.write(topic, [{ key: "k", value: `${writer}` }]);
      await s.settled(topic);
      await s.harness.compact(topic);
      await s.settled(topic);
      expect((await emptyBatches(s, topic)) > 0).toBe(!raisesEpochs);
      const { rows, next } = await s.read(topic);
      expect(texts(rows.filter(({ key }) => key?.toString() === "k"))).toEqual(["2"]);
      expect(next).toBe(await s.offset(topic, "lso"));
    });

    test("leaves every position below the end readable", async () => {
      const topic = await s.topic({ configs: compactSoon });
      for (let i = 0; i < 4; i++) await s.write(topic, [{ key: "k", value: `${i}` }]);
      const end = await s.settled(topic);
      await s.harness.compact(topic);
      await s.settled(topic);
      const isKept = (row: ReadRow) => row.value?.toString() === "3";
      const keptAt = (await s.read(topic)).rows.find(isKept)?.offset ?? -1;
      for (let from = 0; from < end; from++) {
        const { rows } = await s.read(topic, from);
        expect(rows.filter(isKept).map(({ offset }) => offset)).toEqual(from <= keptAt ? [keptAt] : []);
      }
      expect(keptAt).toBeGreaterThan(0);
    });
  });
}
