import { describe, expect, test } from "vitest";
import { partitionKey } from "../../../lib/core/ids.ts";
import type { FetchedPartition } from "../../../lib/ports/log.ts";
import { rowsOf, type Scene, texts } from "./scene.ts";

/** Fetch: many partitions, limits, waiting. */
export function fetchCases(s: Scene): void {
  describe("fetch", () => {
    test("answers every partition that was asked for", async () => {
      const topic = await s.topic({ partitions: 3 });
      for (const partition of [0, 1, 2]) {
        await s.write(topic, [`${partition}`], partition);
        await s.settled(topic, partition);
      }
      const answers = await s.fetch({ [`${topic}:0`]: 0, [`${topic}:1`]: 0, [`${topic}:2`]: 0 });
      expect([0, 1, 2].map((p) => texts(rowsOf(answers.get(partitionKey(topic, p)))))).toEqual([["0"], ["1"], ["2"]]);
    });

    test("an unknown partition and an offset out of range do not hide the good ones", async () => {
      const topic = await s.topic({ partitions: 2 });
      await s.write(topic, ["good"]);
      await s.settled(topic);
      const missing = partitionKey(s.name("missing"), 0);
      const positions = { [missing]: 0, [`${topic}:1`]: 17, [`${topic}:9`]: 0, [`${topic}:0`]: 0 };
      const errorOf = (answer: FetchedPartition | undefined) =>
        answer?.kind === "error" ? answer.error.kafkaError : undefined;
      // That a topic is missing may be told later: it may have been created a moment ago. The good one does not wait.
      await s.until("every bad partition is told", async () => {
        const answers = await s.fetch(positions);
        expect(texts(rowsOf(answers.get(partitionKey(topic, 0))))).toEqual(["good"]);
        const bad = [missing, partitionKey(topic, 9), partitionKey(topic, 1)].map((key) => errorOf(answers.get(key)));
        if (bad.includes(undefined)) return false;
        expect(bad).toEqual(["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_OR_PARTITION", "OFFSET_OUT_OF_RANGE"]);
        return true;
      });
    });

    test("tells high watermark, last stable offset and log start", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a", "b"]);
      await s.settled(topic);
      const open = await s.open(topic, ["c"]);
      const answer = (await s.fetch({ [`${topic}:0`]: 0 })).get(partitionKey(topic, 0));
      expect(answer).toMatchObject({ kind: "records", highWatermark: 4, lastStable: 3, logStart: 0 });
      await open.abort();
    });

    test("at the end answers no records and the same position", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a"]);
      const end = await s.settled(topic);
      const answer = (await s.fetch({ [`${topic}:0`]: end })).get(partitionKey(topic, 0));
      expect(rowsOf(answer)).toEqual([]);
      expect(answer).toMatchObject({ kind: "records", next: end });
    });

    test("inside a batch skips the records below the position", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a", "b", "c", "d"]);
      await s.settled(topic);
      const answer = (await s.fetch({ [`${topic}:0`]: 2 })).get(partitionKey(topic, 0));
      expect(rowsOf(answer).map(({ offset }) => offset)).toEqual([2, 3]);
    });

    test("the next position is past a trailing marker, so lag becomes 0", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a"]);
      const end = await s.settled(topic);
      const { rows, next } = await s.read(topic);
      expect(rows.at(-1)?.offset).toBe(0);
      expect(next).toBe(end);
      expect(end).toBe(2);
    });

    test("a position on a marker reads on behind it", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a"]);
      await s.settled(topic);
      await s.write(topic, ["b"]);
      await s.settled(topic);
      const answer = (await s.fetch({ [`${topic}:0`]: 1 })).get(partitionKey(topic, 0));
      expect(rowsOf(answer).map(({ offset }) => offset)).toEqual([2]);
    });

    test("maxBytes below the size of a batch still makes progress", async () => {
      const topic = await s.topic();
      for (let i = 0; i < 5; i++) await s.write(topic, [{ value: Buffer.alloc(5_000, `${i}`) }]);
      await s.settled(topic);
      const { rows } = await s.read(topic, 0, { maxBytes: 100, maxPartitionBytes: 100 });
      expect(rows.map(({ value }) => value?.toString()[0])).toEqual(["0", "1", "2", "3", "4"]);
    });

    test("maxPartitionBytes bounds one partition, and small pieces together are the whole", async () => {
      const topic = await s.topic();
      const sent = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(200, "."));
      for (let at = 0; at < sent.length; at += 4) await s.write(topic, sent.slice(at, at + 4));
      await s.settled(topic);
      const one = (await s.fetch({ [`${topic}:0`]: 0 }, { maxPartitionBytes: 2_500 })).get(partitionKey(topic, 0));
      expect(rowsOf(one).length).toBeLessThan(sent.length);
      expect(texts((await s.read(topic, 0, { maxPartitionBytes: 2_500 })).rows)).toEqual(sent);
    });

    test("maxBytes is shared: a second partition gets its turn later", async () => {
      const topic = await s.topic({ partitions: 2 });
      for (const partition of [0, 1]) {
        await s.write(topic, [{ value: Buffer.alloc(20_000, "x") }], partition);
        await s.settled(topic, partition);
      }
      const positions = { [`${topic}:0`]: 0, [`${topic}:1`]: 0 };
      const seen = new Set<string>();
      for (let fetches = 0; fetches < 5 && seen.size < 2; fetches++) {
        const answers = await s.fetch(positions, { maxBytes: 10_000 });
        for (const [key, answer] of answers) {
          if (rowsOf(answer).length > 0) seen.add(key);
          if (answer.kind === "records") positions[key] = answer.next;
        }
      }
      expect(seen.size).toBe(2);
    });

    test("waits for data, and a commit wakes it", async () => {
      const topic = await s.topic();
      const reader = await s.connect();
      const waiting = s.fetch({ [`${topic}:0`]: 0 }, { maxWaitMs: 15_000 }, reader);
      await s.harness.pass(100);
      await s.write(topic, ["wake"]);
      const answer = (await waiting).get(partitionKey(topic, 0));
      expect(texts(rowsOf(answer))).toEqual(["wake"]);
    });

    test("answers without records when the wait is over", async () => {
      const topic = await s.topic();
      await s.settled(topic);
      const answer = (await s.fetch({ [`${topic}:0`]: 0 }, { maxWaitMs: 50 })).get(partitionKey(topic, 0));
      expect(rowsOf(answer)).toEqual([]);
      expect(answer).toMatchObject({ next: 0, highWatermark: 0 });
    });

    test("two clients read the same records", async () => {
      const topic = await s.topic();
      await s.write(topic, ["a", "b"]);
      await s.settled(topic);
      const other = await s.connect();
      const answer = (await s.fetch({ [`${topic}:0`]: 0 }, {}, other)).get(partitionKey(topic, 0));
      expect(texts(rowsOf(answer))).toEqual(["a", "b"]);
      expect(texts((await s.read(topic)).rows)).toEqual(["a", "b"]);
    });
  });
}
