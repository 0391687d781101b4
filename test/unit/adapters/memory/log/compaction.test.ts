import { describe, expect, test } from "vitest";
import { BatchCursor } from "../../../../../lib/records/batch.ts";
import { batchOf } from "../../../../conformance/log/scene.ts";
import { Rig } from "./rig.ts";

/** Offsets and record counts of the batches that a fetch from 0 gets. */
async function batches(rig: Rig): Promise<string[]> {
  const request = {
    positions: new Map([["t:0", 0] as const]),
    maxWaitMs: 0,
    maxBytes: 1 << 20,
    maxPartitionBytes: 1 << 20,
  };
  const answer = rig.broker.fetch(request).get("t:0");
  if (answer?.error !== "NONE" || answer.bytes === undefined) return [];
  const cursor = new BatchCursor(answer.bytes);
  const found: string[] = [];
  while (cursor.advance()) {
    cursor.verifyCrc();
    found.push(`${cursor.baseOffset}-${cursor.lastOffset}${cursor.isControl ? " marker" : `: ${cursor.recordCount}`}`);
  }
  return found;
}

describe("compaction", () => {
  test("keeps the newest value of a key and empties the last batch of a producer", async () => {
    const rig = new Rig();
    await rig.topic();
    await rig.write("one", [{ key: "k", value: "1" }]);
    await rig.write("two", [{ key: "k", value: "2" }]);
    rig.broker.compact("t");
    expect(await batches(rig)).toEqual(["0-0: 0", "1-1 marker", "2-2: 1", "3-3 marker"]);
    expect(await rig.values()).toEqual(["2"]);
  });

  test("needs no empty batch for a sequence where the marker raised the epoch", async () => {
    const rig = new Rig({ settings: { transactionVersion: 2 } });
    await rig.topic();
    await rig.write("one", [{ key: "k", value: "1" }]);
    await rig.write("two", [{ key: "k", value: "2" }]);
    rig.broker.compact("t");
    expect(await batches(rig)).toEqual(["1-1 marker", "2-2: 1", "3-3 marker"]);
  });

  test("removes batches that are not needed for anything", async () => {
    const rig = new Rig();
    await rig.topic();
    const transactor = await rig.write("one", [{ key: "k", value: "1" }]);
    transactor.begin();
    await transactor.send([
      {
        topic: "t",
        partition: 0,
        records: batchOf([
          { key: "k", value: "2" },
          { key: "l", value: "3" },
        ]),
      },
    ]);
    await transactor.commit();
    rig.broker.compact("t");
    expect(await batches(rig)).toEqual(["1-1 marker", "2-3: 2", "4-4 marker"]);
    expect((await rig.rows()).map(({ offset }) => offset)).toEqual([2, 3]);
  });

  test("an aborted record does not push out the committed one before it", async () => {
    const rig = new Rig();
    await rig.topic();
    await rig.write("one", [{ key: "k", value: "kept" }]);
    await (await rig.open("two", [{ key: "k", value: "aborted" }])).abort();
    rig.broker.compact("t");
    expect(await rig.values()).toEqual(["kept"]);
  });

  test("stops at an open transaction", async () => {
    const rig = new Rig();
    await rig.topic();
    await rig.write("one", [{ key: "k", value: "1" }]);
    const open = await rig.open("two", [{ key: "k", value: "2" }]);
    rig.broker.compact("t");
    expect(await rig.values()).toEqual(["1"]);
    await open.commit();
    expect(await rig.values()).toEqual(["1", "2"]);
  });

  test("a producer whose aborted data is gone is read again when it commits later", async () => {
    const rig = new Rig();
    await rig.topic({ "delete.retention.ms": "1000" });
    const transactor = await rig.open("one", [{ key: "a", value: "aborted" }]);
    await transactor.abort();
    await rig.write("two", [{ key: "b", value: "b" }]);
    for (let cleaning = 0; cleaning < 3; cleaning++) {
      await rig.clock.sleep(2_000);
      rig.broker.compact("t");
    }
    transactor.begin();
    await transactor.send([{ topic: "t", partition: 0, records: batchOf([{ key: "c", value: "c" }]) }]);
    await transactor.commit();
    expect(await rig.values()).toEqual(["b", "c"]);
  });

  test("purges tombstones when they are older than delete.retention.ms", async () => {
    const rig = new Rig();
    await rig.topic({ "delete.retention.ms": "1000" });
    const timestampMs = rig.clock.nowMs();
    await rig.write("one", [{ key: "k", value: "1", timestampMs }]);
    await rig.write("two", [{ key: "k", value: null, timestampMs }]);
    await rig.write("three", [{ key: "other", value: "x", timestampMs }]);
    rig.broker.compact("t");
    expect((await rig.rows()).map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual([
      ["k", undefined],
      ["other", "x"],
    ]);
    await rig.clock.sleep(1_001);
    rig.broker.compact("t");
    expect((await rig.rows()).map(({ key }) => key?.toString())).toEqual(["other"]);
  });

  test("twice in a row changes nothing more", async () => {
    const rig = new Rig();
    await rig.topic();
    for (const value of ["1", "2", "3"]) await rig.write(`p${value}`, [{ key: "k", value }]);
    rig.broker.compact("t");
    const once = await batches(rig);
    rig.broker.compact("t");
    expect(await batches(rig)).toEqual(once);
  });
});
