import { describe, expect, test } from "vitest";
import { failureOf, type Scene } from "./scene.ts";

/** The end of a client. */
export function closingCases(s: Scene): void {
  describe("close", () => {
    test("calls after it fail", async () => {
      const topic = await s.topic();
      const client = await s.connect();
      await client.describe([topic]);
      await client.close();
      expect(await failureOf(client.describe([topic]))).toBeInstanceOf(Error);
    });

    test("a fetch that waits ends with it", async () => {
      const topic = await s.topic();
      const client = await s.connect();
      const waiting = s.fetch({ [`${topic}:0`]: 0 }, { maxWaitMs: 10_000 }, client).then(
        () => "answered",
        () => "failed",
      );
      await s.harness.pass(50);
      await client.close();
      expect(["answered", "failed"]).toContain(await waiting);
    });

    test("leaves other clients and their transactions alone", async () => {
      const topic = await s.topic();
      const client = await s.connect();
      const mine = await s.open(topic, ["a"]);
      await client.close();
      await mine.commit();
      expect(await s.settled(topic)).toBe(2);
    });

    test("may be called twice", async () => {
      const client = await s.connect();
      await client.close();
      await client.close();
    });
  });
}
