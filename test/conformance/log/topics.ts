import { describe, expect, test } from "vitest";
import { failureOf, type Scene } from "./scene.ts";

/** Topics: describe, createTopics, ids. */
export function topicCases(s: Scene): void {
  describe("topics", () => {
    test("describe answers name, partition count and a topic id of 32 hex digits", async () => {
      const topic = await s.topic({ partitions: 3 });
      const description = (await s.log.describe([topic])).get(topic);
      expect(description).toMatchObject({ name: topic, partitions: 3 });
      expect(description?.topicId).toMatch(/^[0-9a-f]{32}$/);
    });

    test("describe omits a missing topic and still answers the others", async () => {
      const topic = await s.topic();
      const missing = s.name("missing");
      const found = await s.log.describe([missing, topic]);
      expect([...found.keys()]).toEqual([topic]);
    });

    test("describe of no topics answers nothing", async () => {
      expect((await s.log.describe([])).size).toBe(0);
    });

    test("topicNames has every topic, but none that the log keeps for itself", async () => {
      const [one, other] = [await s.topic(), await s.topic({ partitions: 3 })];
      await s.log.commitOffsets(s.name("group"), new Map([[`${one}:0` as const, 0]]));
      const names = await s.log.topicNames();
      expect(names).toEqual(expect.arrayContaining([one, other]));
      expect(names.filter((name) => name.startsWith("__"))).toEqual([]);
    });

    test("a topic keeps its id, for every client", async () => {
      const topic = await s.topic();
      const other = await s.connect();
      const mine = (await s.log.describe([topic])).get(topic)?.topicId;
      expect((await other.describe([topic])).get(topic)?.topicId).toBe(mine);
    });

    test("a topic that is deleted and created again has another id", async () => {
      const topic = await s.topic();
      const before = (await s.log.describe([topic])).get(topic)?.topicId;
      await s.harness.deleteTopic(topic);
      await s.until("the topic is gone", async () => !(await s.log.describe([topic])).has(topic));
      await s.log.createTopics([{ name: topic, partitions: 1, replicas: -1, configs: {} }]);
      const after = (await s.log.describe([topic])).get(topic)?.topicId;
      expect(after).toMatch(/^[0-9a-f]{32}$/);
      expect(after).not.toBe(before);
    });

    test("createTopics says which topics it created and which existed", async () => {
      const old = await s.topic();
      const fresh = s.name("topic");
      const spec = { partitions: 1, replicas: -1, configs: {} };
      const outcomes = await s.log.createTopics([
        { name: old, ...spec },
        { name: fresh, ...spec },
      ]);
      expect(outcomes.get(old)).toBe("exists");
      expect(outcomes.get(fresh)).toBe("created");
    });

    test("createTopics leaves an existing topic as it is", async () => {
      const topic = await s.topic({ partitions: 2 });
      await s.log.createTopics([{ name: topic, partitions: 5, replicas: -1, configs: {} }]);
      expect((await s.log.describe([topic])).get(topic)?.partitions).toBe(2);
    });

    test("createTopics refuses a topic without partitions", async () => {
      const spec = { name: s.name("topic"), partitions: 0, replicas: -1, configs: {} };
      const error = await failureOf(s.log.createTopics([spec]));
      expect(error).toMatchObject({ code: "CONFIG_INVALID", details: { kafkaError: "INVALID_PARTITIONS" } });
    });

    test("a topic can be written and read as soon as createTopics has answered", async () => {
      for (let round = 0; round < 5; round++) {
        const topic = await s.topic({ partitions: 4 });
        await s.write(topic, ["first"], 3);
        await s.settled(topic, 3);
        expect((await s.read(topic, 0, { partition: 3 })).rows).toHaveLength(1);
      }
    });
  });
}
