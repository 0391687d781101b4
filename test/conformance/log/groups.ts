import { describe, expect, test } from "vitest";
import { partitionKey } from "../../../lib/core/ids.ts";
import type { Scene } from "./scene.ts";

/** Offsets of groups that never have a member. */
export function groupCases(s: Scene): void {
  const committed = async (group: string, topic: string, partition = 0) =>
    (await s.log.committed(group, [{ topic, partition }])).get(partitionKey(topic, partition));
  const at = (topic: string, offset: number, partition = 0) => new Map([[partitionKey(topic, partition), offset]]);

  describe("group offsets", () => {
    test("of an unknown group are absent", async () => {
      const topic = await s.topic();
      expect(await committed(s.name("group"), topic)).toBeUndefined();
    });

    test("are written outside of transactions by anyone, and read back: the mirror", async () => {
      const topic = await s.topic({ partitions: 2 });
      const group = s.name("group");
      await s.log.commitOffsets(group, at(topic, 7, 1));
      expect(await committed(group, topic, 1)).toBe(7);
      expect(await committed(group, topic, 0)).toBeUndefined();
    });

    test("may go back", async () => {
      const topic = await s.topic();
      const group = s.name("group");
      await s.log.commitOffsets(group, at(topic, 7));
      await s.log.commitOffsets(group, at(topic, 3));
      expect(await committed(group, topic)).toBe(3);
    });

    test("of two groups are apart", async () => {
      const topic = await s.topic();
      const [one, two] = [s.name("group"), s.name("group")];
      await s.log.commitOffsets(one, at(topic, 1));
      await s.log.commitOffsets(two, at(topic, 2));
      expect([await committed(one, topic), await committed(two, topic)]).toEqual([1, 2]);
    });

    test("in a transaction count when it commits, without any member in the group", async () => {
      const topic = await s.topic();
      const group = s.name("group");
      const transactor = await s.open(topic, ["a"]);
      await transactor.sendOffsets(group, at(topic, 5));
      await transactor.commit();
      expect(await committed(group, topic)).toBe(5);
    });

    test("in a transaction with offsets alone count as well", async () => {
      const topic = await s.topic();
      const group = s.name("group");
      const transactor = await s.transactor();
      transactor.begin();
      await transactor.sendOffsets(group, at(topic, 5));
      await transactor.commit();
      expect(await committed(group, topic)).toBe(5);
    });

    test("in an aborted transaction are dropped", async () => {
      const topic = await s.topic();
      const group = s.name("group");
      await s.log.commitOffsets(group, at(topic, 1));
      const transactor = await s.open(topic, ["a"]);
      await transactor.sendOffsets(group, at(topic, 5));
      await transactor.abort();
      expect(await committed(group, topic)).toBe(1);
    });

    test("of a transaction that a takeover ended are dropped", async () => {
      const topic = await s.topic();
      const group = s.name("group");
      const id = s.name("txn");
      const zombie = await s.open(topic, ["a"], { id });
      await zombie.sendOffsets(group, at(topic, 5));
      await s.transactor({ id });
      expect(await committed(group, topic)).toBeUndefined();
    });

    test("read right after the commit are never the old ones, fifty times", async () => {
      const topic = await s.topic({ partitions: 2 });
      const group = s.name("group");
      const transactor = await s.transactor();
      for (let offset = 1; offset <= 50; offset++) {
        transactor.begin();
        await transactor.sendOffsets(group, new Map([...at(topic, offset), ...at(topic, offset * 2, 1)]));
        await transactor.commit();
        const read = await s.log.committed(group, [
          { topic, partition: 0 },
          { topic, partition: 1 },
        ]);
        expect([read.get(partitionKey(topic, 0)), read.get(partitionKey(topic, 1))]).toEqual([offset, offset * 2]);
      }
    });

    test("that a transaction holds are waited for", async () => {
      const topic = await s.topic();
      const group = s.name("group");
      const reader = await s.connect();
      await s.log.commitOffsets(group, at(topic, 1));
      const transactor = await s.transactor();
      transactor.begin();
      await transactor.sendOffsets(group, at(topic, 2));
      const waiting = reader.committed(group, [{ topic, partition: 0 }]);
      await s.harness.pass(50);
      await transactor.commit();
      expect((await waiting).get(partitionKey(topic, 0))).toBe(2);
    });

    test("of no partitions are nothing", async () => {
      expect((await s.log.committed(s.name("group"), [])).size).toBe(0);
    });
  });
}
