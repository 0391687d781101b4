import { describe, expect, test } from "vitest";
import { partitionKey } from "../../../lib/core/ids.ts";
import { batchOf, failureOf, rowsOf, type Scene, texts } from "./scene.ts";

/** Transactions: visible all or none, and what the last stable offset does meanwhile. */
export function transactionCases(s: Scene): void {
  describe("transactions", () => {
    test("nothing is visible before the commit, everything after it", async () => {
      const topic = await s.topic();
      const open = await s.open(topic, ["a", "b"]);
      expect((await s.read(topic)).rows).toEqual([]);
      await open.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["a", "b"]);
    });

    test("aborted records are never visible, and the position goes past them", async () => {
      const topic = await s.topic();
      await s.writeAborted(topic, ["a", "b"]);
      const end = await s.settled(topic);
      const { rows, next } = await s.read(topic);
      expect(rows).toEqual([]);
      expect([next, end]).toEqual([3, 3]);
    });

    test("a transaction over many partitions and topics is visible as a whole", async () => {
      const first = await s.topic({ partitions: 3 });
      const second = await s.topic();
      const transactor = await s.transactor();
      transactor.begin();
      const partitions = [0, 1, 2].map((partition) => ({
        topic: first,
        partition,
        records: batchOf([`${partition}`]),
      }));
      await transactor.send([...partitions, { topic: second, partition: 0, records: batchOf(["other"]) }]);
      await transactor.commit();
      for (const partition of [0, 1, 2]) {
        await s.settled(first, partition);
        expect(texts((await s.read(first, 0, { partition })).rows)).toEqual([`${partition}`]);
      }
      await s.settled(second);
      expect(texts((await s.read(second)).rows)).toEqual(["other"]);
    });

    test("an empty transaction writes nothing, not even a marker", async () => {
      const topic = await s.topic();
      const transactor = await s.write(topic, ["a"]);
      const end = await s.settled(topic);
      transactor.begin();
      await transactor.commit();
      transactor.begin();
      await transactor.abort();
      expect(await s.offset(topic, "hw")).toBe(end);
    });

    test("a transaction after an empty one works", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      transactor.begin();
      await transactor.commit();
      transactor.begin();
      await s.send(transactor, topic, ["a"]);
      await transactor.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["a"]);
    });

    test("forty transactions back to back: that the last one is still ending is no concern of the caller", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      const committed: string[] = [];
      for (let i = 0; i < 40; i++) {
        transactor.begin();
        await s.send(transactor, topic, [`${i}`]);
        if (i % 4 === 3) await transactor.abort();
        else {
          await transactor.commit();
          committed.push(`${i}`);
        }
      }
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(committed);
    });

    test("a transaction per partition in turn, back to back", async () => {
      const topic = await s.topic({ partitions: 2 });
      const transactor = await s.transactor();
      for (let i = 0; i < 10; i++) {
        transactor.begin();
        await s.send(transactor, topic, [`${i}`], i % 2);
        await transactor.commit();
      }
      for (const partition of [0, 1]) {
        await s.settled(topic, partition);
        expect((await s.read(topic, 0, { partition })).rows).toHaveLength(5);
      }
    });

    test("two producers write at once: each commit counts by itself", async () => {
      const topic = await s.topic();
      const [one, two] = [await s.open(topic, ["1a"]), await s.open(topic, ["2a"])];
      await s.send(one, topic, ["1b"]);
      await s.send(two, topic, ["2b"]);
      await one.commit();
      await two.abort();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["1a", "1b"]);
    });

    test("the oldest open transaction holds the last stable offset, and its end releases it", async () => {
      const topic = await s.topic();
      const oldest = await s.open(topic, ["old"]);
      await s.write(topic, ["young"]);
      expect(await s.offset(topic, "lso")).toBe(0);
      expect((await s.read(topic)).rows).toEqual([]);
      await oldest.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["old", "young"]);
    });

    test("an open transaction of a neighbour on another partition hides nothing here", async () => {
      const topic = await s.topic({ partitions: 2 });
      const neighbour = await s.open(topic, ["neighbour"], { partition: 1 });
      const id = s.name("txn");
      const owner = await s.open(topic, ["position"], { id });
      await owner.commit();
      await s.transactor({ id }); // a takeover
      const answer = (await s.fetch({ [`${topic}:0`]: 0 })).get(partitionKey(topic, 0));
      expect(texts(rowsOf(answer))).toEqual(["position"]);
      await neighbour.abort();
    });

    test("an open transaction of a neighbour on the same partition hides newer commits: one writer per positions partition", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      const first = await s.open(topic, ["position 100"], { id });
      await first.commit();
      await s.settled(topic);
      const neighbour = await s.open(topic, ["neighbour"]);
      first.begin();
      await s.send(first, topic, ["position 200"]);
      await first.commit();
      await s.transactor({ id }); // a takeover: it would read the old position
      expect(texts((await s.read(topic)).rows)).toEqual(["position 100"]);
      await neighbour.abort();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["position 100", "position 200"]);
    });

    test("calls out of order are refused and change nothing", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      expect(await failureOf(transactor.send([{ topic, partition: 0, records: batchOf(["a"]) }]))).toBeInstanceOf(
        Error,
      );
      transactor.begin();
      expect(() => transactor.begin()).toThrow();
      await transactor.abort();
      expect(await s.offset(topic, "hw")).toBe(0);
    });
  });
}
