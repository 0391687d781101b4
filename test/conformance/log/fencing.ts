import { describe, expect, test } from "vitest";
import { partitionKey } from "../../../lib/core/ids.ts";
import { LogError, type Transactor } from "../../../lib/ports/log.ts";
import { batchOf, failureOf, type Scene, texts } from "./scene.ts";

/**
 * What a producer hears that lost its transactional id; which of them depends on request and protocol version. The last one
 * answers the commit of a transaction that the broker has aborted, on the newer protocol.
 */
const fencedErrors = ["INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED", "INVALID_PRODUCER_ID_MAPPING", "INVALID_TXN_STATE"];

/** Expects a call of a zombie to fail as fenced. */
async function expectFenced(call: Promise<unknown>): Promise<void> {
  const error = await failureOf(call);
  expect(error).toBeInstanceOf(LogError);
  expect(fencedErrors).toContain((error as LogError).kafkaError);
}

/** Epoch fencing: whoever initialises last owns the id. */
export function fencingCases(s: Scene): void {
  describe("fencing", () => {
    const zombieCalls: readonly {
      readonly what: string;
      readonly call: (zombie: Transactor, topic: string) => Promise<unknown>;
    }[] = [
      {
        what: "send in its open transaction",
        call: (zombie, topic) => zombie.send([{ topic, partition: 0, records: batchOf(["z"]) }]),
      },
      {
        what: "send to another partition",
        call: (zombie, topic) => zombie.send([{ topic, partition: 1, records: batchOf(["z"]) }]),
      },
      {
        what: "sendOffsets",
        call: (zombie, topic) => zombie.sendOffsets("zombie-group", new Map([[partitionKey(topic, 0), 1]])),
      },
      { what: "commit", call: (zombie) => zombie.commit() },
      { what: "abort", call: (zombie) => zombie.abort() },
    ];

    test.for(zombieCalls)("a zombie's $what is refused as fenced", async ({ call }) => {
      const topic = await s.topic({ partitions: 2 });
      const id = s.name("txn");
      const zombie = await s.open(topic, ["z"], { id });
      await s.transactor({ id, log: await s.connect() });
      await expectFenced(call(zombie, topic));
      expect((await s.read(topic)).rows).toEqual([]);
    });

    test("a zombie that was between transactions cannot begin another", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      const zombie = await s.open(topic, ["good"], { id });
      await zombie.commit();
      await s.transactor({ id });
      zombie.begin();
      await expectFenced(s.send(zombie, topic, ["bad"]));
      expect(texts((await s.read(topic)).rows)).toEqual(["good"]);
    });

    test("a zombie is refused while its successor has a transaction open on the same partition", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      const zombie = await s.open(topic, ["z"], { id });
      const owner = await s.open(topic, ["mine"], { id });
      await expectFenced(s.send(zombie, topic, ["z2"]));
      await owner.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["mine"]);
    });

    test("a zombie's commit does not commit what its successor has open", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      const zombie = await s.open(topic, ["z"], { id });
      const owner = await s.open(topic, ["mine"], { id });
      await expectFenced(zombie.commit());
      expect((await s.read(topic)).rows).toEqual([]);
      await owner.abort();
      await s.settled(topic);
      expect((await s.read(topic)).rows).toEqual([]);
    });

    test("a takeover resolves only when the open transaction is ended: nothing holds the partition back", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      for (let round = 0; round < 5; round++) {
        await s.open(topic, ["z"], { id });
        await s.transactor({ id });
        expect(await s.offset(topic, "lso")).toBe(await s.offset(topic, "hw"));
      }
      expect((await s.read(topic)).rows).toEqual([]);
    });

    test("a takeover resolves only when the finished transaction is visible", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      for (let round = 0; round < 10; round++) {
        const transactor = await s.open(topic, [`${round}`], { id });
        await transactor.commit();
        await s.transactor({ id });
        expect(texts((await s.read(topic)).rows)).toHaveLength(round + 1);
      }
    });

    test("a late init by a zombie fences the rightful owner: whoever inits last wins, so a lease is read after it", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      await s.transactor({ id });
      const owner = await s.open(topic, ["mine"], { id });
      const thawed = await s.transactor({ id, log: await s.connect() });
      await expectFenced(owner.commit());
      thawed.begin();
      await s.send(thawed, topic, ["theirs"]);
      await thawed.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["theirs"]);
    });

    test("the epoch or the producer id changes with every takeover", async () => {
      const id = s.name("txn");
      const seen = new Set<string>();
      for (let round = 0; round < 4; round++) {
        const { producerId, producerEpoch } = await s.transactor({ id });
        seen.add(`${producerId}/${producerEpoch}`);
      }
      expect(seen.size).toBe(4);
    });

    test("other transactional ids are not touched", async () => {
      const topic = await s.topic();
      const mine = await s.open(topic, ["mine"]);
      const other = s.name("txn");
      await s.open(topic, ["other"], { id: other });
      await s.transactor({ id: other });
      await mine.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["mine"]);
    });

    test("a fenced producer with nothing to end may end its transaction without a request", async () => {
      const id = s.name("txn");
      const zombie = await s.transactor({ id });
      await s.transactor({ id });
      zombie.begin();
      await zombie.commit();
    });

    test("two takeovers at once: both get an epoch, and only one of them can write", async () => {
      const topic = await s.topic();
      const id = s.name("txn");
      await s.open(topic, ["z"], { id });
      const rivals = await Promise.all([
        s.transactor({ id, log: await s.connect() }),
        s.transactor({ id, log: await s.connect() }),
      ]);
      const outcomes = await Promise.allSettled(
        rivals.map(async (rival, index) => {
          rival.begin();
          await s.send(rival, topic, [`rival ${index}`]);
          await rival.commit();
        }),
      );
      const winners = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [`rival ${index}`] : []));
      expect(winners).toHaveLength(1);
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(winners);
    });
  });

  describe("transaction timeout", () => {
    test("aborts what is open too long, and the old producer is told", async () => {
      const topic = await s.topic();
      const slow = await s.transactor({ timeoutMs: 500 });
      slow.begin();
      await s.send(slow, topic, ["slow"]);
      await s.write(topic, ["quick"]);
      await s.harness.pass(600 + s.subject.timeoutSweepMs);
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["quick"]);
      await expectFenced(slow.commit());
    });

    test("a send after it is refused", async () => {
      const topic = await s.topic();
      const slow = await s.transactor({ timeoutMs: 500 });
      slow.begin();
      await s.send(slow, topic, ["slow"]);
      await s.harness.pass(600 + s.subject.timeoutSweepMs);
      await s.settled(topic);
      await expectFenced(s.send(slow, topic, ["slower"]));
    });

    test("leaves a producer alone that has no transaction open", async () => {
      const topic = await s.topic();
      const slow = await s.transactor({ timeoutMs: 500 });
      await s.harness.pass(600 + s.subject.timeoutSweepMs);
      slow.begin();
      await s.send(slow, topic, ["fine"]);
      await slow.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["fine"]);
    });

    test("longer than the broker allows is refused", async () => {
      const error = await failureOf(s.transactor({ timeoutMs: 16 * 60 * 1000 }));
      expect(error).toMatchObject({ kafkaError: "INVALID_TRANSACTION_TIMEOUT" });
    });
  });
}
