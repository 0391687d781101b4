import { describe, expect, test } from "vitest";
import { type Scene, texts } from "./scene.ts";

const INT32_ZERO = Buffer.alloc(4);

/** Logs that make naive abort filters deliver what was never committed. */
export function abortedCases(s: Scene): void {
  describe("aborted ranges", () => {
    test("of two producers, interleaved and ended in the other order", async () => {
      const topic = await s.topic();
      const one = await s.open(topic, ["1a"]);
      const two = await s.open(topic, ["2a"]);
      await s.send(one, topic, ["1b"]);
      await two.abort();
      await one.abort();
      await s.write(topic, ["kept"]);
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["kept"]);
    });

    test("two in a row of one producer", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      for (const value of ["x", "y"]) {
        transactor.begin();
        await s.send(transactor, topic, [value]);
        await transactor.abort();
      }
      transactor.begin();
      await s.send(transactor, topic, ["kept"]);
      await transactor.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["kept"]);
    });

    test("with keys that look like an abort marker (int32 0)", async () => {
      const topic = await s.topic();
      const rows = [0, 1, 2].map((i) => ({ key: INT32_ZERO, value: `aborted ${i}` }));
      await s.writeAborted(topic, rows);
      await s.write(topic, [{ key: INT32_ZERO, value: "kept" }]);
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["kept"]);
    });

    test("a fetch that starts inside one", async () => {
      const topic = await s.topic();
      const open = await s.open(topic, ["a", "b"]);
      await s.send(open, topic, ["c"]);
      await open.abort();
      await s.write(topic, ["kept"]);
      await s.settled(topic);
      for (const from of [0, 1, 2, 3]) expect(texts((await s.read(topic, from)).rows)).toEqual(["kept"]);
    });

    test("a fetch that starts inside two at once", async () => {
      const topic = await s.topic();
      const one = await s.open(topic, ["1a"]);
      const two = await s.open(topic, ["2a"]);
      await s.send(one, topic, ["1b"]);
      await s.send(two, topic, ["2b"]);
      await one.abort();
      await two.abort();
      await s.settled(topic);
      for (const from of [0, 1, 2, 3, 4]) expect((await s.read(topic, from)).rows).toEqual([]);
    });

    test("an abort followed by a commit of the same producer", async () => {
      const topic = await s.topic();
      const transactor = await s.open(topic, ["gone"]);
      await transactor.abort();
      transactor.begin();
      await s.send(transactor, topic, ["kept"]);
      await transactor.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["kept"]);
    });

    test("a commit that lies inside the aborted range of another", async () => {
      const topic = await s.topic();
      const aborted = await s.open(topic, ["gone 1"]);
      await s.write(topic, ["kept"]);
      await s.send(aborted, topic, ["gone 2"]);
      await aborted.abort();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["kept"]);
    });

    test("read in pieces, with the marker outside the piece", async () => {
      const topic = await s.topic();
      const aborted = await s.open(topic, [{ value: Buffer.alloc(2_000, "x") }]);
      for (let i = 0; i < 4; i++) {
        await s.send(aborted, topic, [{ value: Buffer.alloc(2_000, "x") }]);
        await s.write(topic, [`kept ${i}`]);
      }
      await aborted.abort();
      await s.settled(topic);
      const { rows } = await s.read(topic, 0, { maxBytes: 500, maxPartitionBytes: 500 });
      expect(texts(rows)).toEqual(["kept 0", "kept 1", "kept 2", "kept 3"]);
    });

    test("ended by a takeover instead of their producer", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      await s.open(topic, ["gone"], { id });
      const successor = await s.transactor({ id });
      successor.begin();
      await s.send(successor, topic, ["kept"]);
      await successor.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["kept"]);
    });
  });
}
