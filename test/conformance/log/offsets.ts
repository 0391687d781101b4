import { describe, expect, test } from "vitest";
import { partitionKey } from "../../../lib/core/ids.ts";
import { failureOf, ROW_TIME_MS, type Scene } from "./scene.ts";

/** The four kinds of offsets, and deleteRecords, which moves one of them. */
export function offsetCases(s: Scene): void {
  describe("offsets", () => {
    test.for(["earliest", "lso", "hw", { timestampMs: 0 }] as const)("%j of an empty partition is 0", async (at) => {
      expect(await s.offset(await s.topic(), at)).toBe(0);
    });

    test("the marker of a transaction takes an offset: three records end at 4", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a", "b", "c"]);
      expect(await s.settled(topic)).toBe(4);
    });

    test("an open transaction holds the last stable offset while the high watermark moves", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a"]);
      await s.settled(topic);
      const open = await s.open(topic, ["b", "c"]);
      expect(await s.offset(topic, "lso")).toBe(2);
      expect(await s.offset(topic, "hw")).toBe(4);
      await open.abort();
    });

    test("a timestamp answers the first record at or after it", async () => {
      const topic = await s.topic();
      const rows = [10, 20, 30].map((ms) => ({ value: `${ms}`, timestampMs: ROW_TIME_MS + ms }));
      await s.write(topic, rows);
      await s.settled(topic);
      expect(await s.offset(topic, { timestampMs: ROW_TIME_MS })).toBe(0);
      expect(await s.offset(topic, { timestampMs: ROW_TIME_MS + 11 })).toBe(1);
      expect(await s.offset(topic, { timestampMs: ROW_TIME_MS + 30 })).toBe(2);
    });

    test("a timestamp finds the first record in log order when times go back", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      transactor.begin();
      for (const ms of [50, 10, 70]) {
        await s.send(transactor, topic, [{ value: `${ms}`, timestampMs: ROW_TIME_MS + ms }]);
      }
      await transactor.commit();
      await s.settled(topic);
      expect(await s.offset(topic, { timestampMs: ROW_TIME_MS + 20 })).toBe(0);
      expect(await s.offset(topic, { timestampMs: ROW_TIME_MS + 60 })).toBe(2);
    });

    test("a timestamp after everything answers the high watermark", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a"]);
      const end = await s.settled(topic);
      // Markers carry the broker's clock, so look well beyond it.
      expect(await s.offset(topic, { timestampMs: ROW_TIME_MS * 3 })).toBe(end);
    });

    test("many partitions are answered at once, each with its own offset", async () => {
      const topic = await s.topic({ partitions: 3 });
      await s.write(topic, ["a"], 0);
      await s.write(topic, ["a", "b"], 2);
      for (const partition of [0, 2]) await s.settled(topic, partition);
      const partitions = [0, 1, 2].map((partition) => ({ topic, partition }));
      const offsets = await s.log.offsets(partitions, "lso");
      expect([0, 1, 2].map((partition) => offsets.get(partitionKey(topic, partition)))).toEqual([2, 0, 3]);
    });

    test("a missing topic is TOPIC_MISSING", async () => {
      const error = await failureOf(s.log.offsets([{ topic: s.name("missing"), partition: 0 }], "hw"));
      expect(error).toMatchObject({ name: "StreamError", code: "TOPIC_MISSING" });
    });

    test("no partitions, no answer", async () => {
      expect((await s.log.offsets([], "hw")).size).toBe(0);
    });
  });

  describe("deleteRecords", () => {
    test("moves the earliest offset, and a fetch below it says so", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a", "b", "c"]);
      await s.settled(topic);
      await s.log.deleteRecords(new Map([[partitionKey(topic, 0), 2]]));
      expect(await s.offset(topic, "earliest")).toBe(2);
      const answer = (await s.fetch({ [`${topic}:0`]: 1 })).get(partitionKey(topic, 0));
      expect(answer).toMatchObject({ kind: "error", error: { kafkaError: "OFFSET_OUT_OF_RANGE" } });
    });

    test("leaves the records above, at their offsets", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a", "b", "c"]);
      await s.settled(topic);
      await s.log.deleteRecords(new Map([[partitionKey(topic, 0), 1]]));
      const { rows } = await s.read(topic, 1);
      expect(rows.map(({ offset, value }) => [offset, value?.toString()])).toEqual([
        [1, "b"],
        [2, "c"],
      ]);
    });

    test("never moves the earliest offset back", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a", "b", "c"]);
      await s.settled(topic);
      await s.log.deleteRecords(new Map([[partitionKey(topic, 0), 3]]));
      await s.log.deleteRecords(new Map([[partitionKey(topic, 0), 1]]));
      expect(await s.offset(topic, "earliest")).toBe(3);
    });

    test("refuses to delete beyond the end", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a"]);
      await s.settled(topic);
      const error = await failureOf(s.log.deleteRecords(new Map([[partitionKey(topic, 0), 99]])));
      expect(error).toMatchObject({ code: "OFFSET_OUT_OF_RANGE", details: { kafkaError: "OFFSET_OUT_OF_RANGE" } });
    });

    test("is refused for a topic that is compacted only", async () => {
      const topic = await s.topic({ configs: { "cleanup.policy": "compact" } });
      await s.write(topic, [{ key: "k", value: "a" }]);
      await s.settled(topic);
      const error = await failureOf(s.log.deleteRecords(new Map([[partitionKey(topic, 0), 1]])));
      expect(error).toMatchObject({ code: "CONFIG_INVALID", details: { kafkaError: "POLICY_VIOLATION" } });
    });
  });
}
