import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/ports/log.ts";
import { failureOf, type Scene, texts } from "./scene.ts";

/** Connections that break after the broker has acted. */
export function lostAnswerCases(s: Scene): void {
  const { faults } = s.subject.capabilities;
  const reason = faults === true ? "" : ` (skipped: ${faults})`;

  describe.skipIf(faults !== true)(`lost answers${reason}`, () => {
    const faulty = async () => {
      const { log, loseNextAnswer, lostCount } = await s.harness.connectWithFaults();
      const id = s.name("txn");
      const before = lostCount();
      const lost = () => lostCount() - before;
      return { log, loseNextAnswer, lost, id, transactor: await s.transactor({ id, log }) };
    };

    test("of EndTxn: either it is settled inside, or the error says that it was sent; the next init and a read tell", async () => {
      const topic = await s.topic();
      const { transactor, loseNextAnswer, lost, id } = await faulty();
      transactor.begin();
      await s.send(transactor, topic, ["landed"]);
      loseNextAnswer("EndTxn");
      const outcome = await transactor.commit().then(
        () => "committed",
        (error: unknown) => error,
      );
      if (outcome !== "committed") {
        expect(outcome).toBeInstanceOf(LogError);
        expect(outcome).toMatchObject({ endTxnSent: true });
      }
      expect(lost()).toBe(1);
      await s.transactor({ id });
      expect(await s.offset(topic, "lso")).toBe(await s.offset(topic, "hw"));
      expect(texts((await s.read(topic)).rows)).toEqual(["landed"]);
    });

    test("of EndTxn of an abort: the records are gone all the same", async () => {
      const topic = await s.topic();
      const { transactor, loseNextAnswer, lost, id } = await faulty();
      transactor.begin();
      await s.send(transactor, topic, ["gone"]);
      loseNextAnswer("EndTxn");
      await transactor.abort().catch(() => undefined);
      expect(lost()).toBe(1);
      await s.transactor({ id });
      expect((await s.read(topic)).rows).toEqual([]);
    });

    test("of Produce: the same bytes are sent again and counted once", async () => {
      const topic = await s.topic();
      const { transactor, loseNextAnswer, lost } = await faulty();
      transactor.begin();
      await s.send(transactor, topic, ["a"]);
      loseNextAnswer("Produce");
      expect(await s.send(transactor, topic, ["b"])).toBe(2);
      expect(lost()).toBe(1);
      await s.send(transactor, topic, ["c"]);
      await transactor.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["a", "b", "c"]);
    });

    test("of the first Produce of a transaction", async () => {
      const topic = await s.topic();
      const { transactor, loseNextAnswer, lost } = await faulty();
      for (const value of ["a", "b"]) {
        transactor.begin();
        loseNextAnswer("Produce");
        await s.send(transactor, topic, [value]);
        await transactor.commit();
      }
      expect(lost()).toBe(2);
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["a", "b"]);
    });

    test("of InitProducerId: asked again, the transactor owns the id", async () => {
      const topic = await s.topic();
      const { log, loseNextAnswer, lost, id, transactor: zombie } = await faulty();
      zombie.begin();
      await s.send(zombie, topic, ["z"]);
      loseNextAnswer("InitProducerId");
      const owner = await s.transactor({ id, log });
      expect(lost()).toBe(1);
      owner.begin();
      await s.send(owner, topic, ["mine"]);
      await owner.commit();
      expect(await failureOf(zombie.commit())).toBeInstanceOf(LogError);
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["mine"]);
    });
  });
}
