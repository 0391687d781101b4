import { describe, expect, test } from "vitest";
import { readPartition } from "../../../lib/application/read-partition.ts";
import type { AppSettings } from "../../../lib/index.ts";
import { deadLetter, defineApp, logAndContinue, retry, string } from "../../../lib/index.ts";
import { originOf } from "../../../lib/task/dead-letter.ts";
import { PinScene } from "../../support/pin-scene.ts";

/** Counts words; a word that `fails` names throws. */
async function scene(settings: Omit<AppSettings, "id">, fails: (word: string) => boolean): Promise<PinScene> {
  const app = defineApp({ id: "app", ...settings }, (builder) => {
    builder
      .stream("in", { key: string(), value: string() })
      .filter((_key, word) => {
        if (fails(word)) throw new Error(`no ${word}`);
        return true;
      })
      .groupByKey()
      .count({ store: "counts" })
      .toStream()
      .to("out");
  });
  return PinScene.open({ app, partitions: 1 });
}

const words = (text: string) => text.split(" ").map((word, index) => ({ key: word, value: word, timestampMs: index }));

async function counts(of: PinScene): Promise<string[]> {
  return (await of.read("out")).map(({ key, value }) => `${key}${value?.readBigInt64BE()}`);
}

const deadOffsets = async (of: PinScene) => {
  const found: unknown[] = [];
  await of.run(() =>
    readPartition(of.log, { topic: "dead", partition: 0 }, (record) => {
      found.push(originOf(record.headers()));
    }),
  );
  return found;
};

describe("a pin with a handler that continues", () => {
  test("goes past the record, says which one, and where it went", async () => {
    const at = await scene({ processingExceptionHandler: deadLetter("dead") }, (word) => word === "bad");
    await at.write("in", 0, words("a bad b"));
    const pin = await at.startPin(0, at.environment("w1").environment).untilRunning();
    await pin.untilCaughtUp();
    expect(await counts(at)).toEqual(["a1", "b1"]);
    expect(await deadOffsets(at)).toEqual([{ topic: "in", partition: 0, offset: 1 }]);
    expect(at.logged("record-skipped")).toEqual([
      expect.objectContaining({
        pin: 0,
        offset: 1,
        phase: "processing",
        error: "Error: no bad",
        deadLetterTopic: "dead",
      }),
    ]);
    expect(pin.pin.status()).toMatchObject({ processed: 3, dropped: 1 });
    await pin.drained();
  });

  test("writes a dead letter in the transaction of the record: an abort takes both back", async () => {
    const at = await scene({ processingExceptionHandler: deadLetter("dead") }, (word) => word === "bad");
    await at.write("in", 0, words("a bad b"));
    const { environment, faults } = at.environment("w1");
    const pin = await at.startPin(0, environment).untilRunning();
    faults.loseRequests("EndTxn");
    await at.until(() => faults.lostCount() > 0);
    await pin.untilCaughtUp();
    await pin.drained();
    expect(await counts(at)).toEqual(["a1", "b1"]);
    expect(await deadOffsets(at)).toHaveLength(1);
  });

  test("commits a position behind records that nobody could read", async () => {
    const app = defineApp({ id: "app", deserializationExceptionHandler: logAndContinue() }, (builder) => {
      const broken = {
        ...string(),
        read: () => {
          throw new Error("cannot read");
        },
      };
      builder.stream("in", { key: string(), value: broken }).to("out", { value: string() });
    });
    const at = await PinScene.open({ app, partitions: 1 });
    await at.write("in", 0, words("a b"));
    const pin = await at.startPin(0, at.environment("w1").environment).untilRunning();
    await pin.untilCaughtUp();
    expect(await pin.drained()).toMatchObject({ kind: "released" });
    expect(await at.read("out")).toEqual([]);
    expect(at.logged("record-skipped")).toHaveLength(2);
  });
});

describe("a pin that tries a record again", () => {
  test("drops the open transaction, waits, and counts nothing twice", async () => {
    let left = 2;
    const at = await scene(
      { processingExceptionHandler: retry({ attempts: 3, backoff: "2s" }) },
      (word) => word === "bad" && left-- > 0,
    );
    await at.write("in", 0, words("a bad b a"));
    const started = at.clock.monotonicMs();
    const pin = await at.startPin(0, at.environment("w1").environment).untilRunning();
    await pin.untilCaughtUp();
    expect(await counts(at)).toEqual(["a1", "bad1", "b1", "a2"]);
    expect(at.logged("record-retried").map(({ afterMs, offset }) => [afterMs, offset])).toEqual([
      [2_000, 1],
      [4_000, 1],
    ]);
    expect(at.clock.monotonicMs() - started).toBeGreaterThan(6_000);
    await pin.drained();
  });

  test("while a commit is in flight keeps that commit, or takes it back whole", async () => {
    const tries = new Map<string, number>();
    const at = await scene({ processingExceptionHandler: retry({ attempts: 3, backoff: 1 }) }, (word) => {
      tries.set(word, (tries.get(word) ?? 0) + 1);
      return word.startsWith("bad") && (tries.get(word) ?? 0) <= 2;
    });
    const pin = await at.startPin(0, at.environment("w1", { commitIntervalMs: 1 }).environment).untilRunning();
    for (let round = 0; round < 10; round++) {
      await at.write("in", 0, words("a b"));
      await at.write("in", 0, words(`bad${round} a`));
    }
    await pin.untilCaughtUp();
    const found = await counts(at);
    const expected = Array.from({ length: 20 }, (_, index) => `a${index + 1}`);
    expect(found.filter((each) => /^a\d/.test(each))).toEqual(expected);
    expect(at.logged("record-retried")).toHaveLength(20);
    await pin.drained();
  });

  test("stops when no try helps, in front of the record, and releases its lease", async () => {
    const at = await scene(
      { processingExceptionHandler: retry({ attempts: 2, backoff: "1s" }) },
      (word) => word === "bad",
    );
    await at.write("in", 0, words("a bad"));
    const pin = at.startPin(0, at.environment("w1").environment);
    expect(await at.run(pin.ended)).toMatchObject({ kind: "stopped", error: { code: "PROCESSING_FAILED" } });
    expect(at.logged("record-retried")).toHaveLength(2);
    expect(await at.leases.read(0)).toMatchObject({ owner: undefined });
  });

  test("can be drained while it waits", async () => {
    const at = await scene(
      { processingExceptionHandler: retry({ attempts: 9, backoff: "10s" }) },
      (word) => word === "bad",
    );
    await at.write("in", 0, words("a bad"));
    const pin = await at.startPin(0, at.environment("w1").environment).untilRunning();
    await at.until(() => at.logged("record-retried").length === 1);
    expect(await pin.drained("deadline")).toMatchObject({ kind: "released" });
    expect(at.logged("record-retried")).toHaveLength(1);
  });
});
