import { describe, expect, test } from "vitest";
import type { MemoryTransport } from "../../../../../lib/adapters/memory/log/transport.ts";
import { LogError } from "../../../../../lib/ports/log.ts";
import { batchOf, failureOf, ROW_TIME_MS } from "../../../../conformance/log/scene.ts";
import { Rig, send } from "./rig.ts";

const DAY_MS = 86_400_000;

describe("what the clock does", () => {
  test("a transactional id that is unused for a week is forgotten, and its old producer is told", async () => {
    const rig = new Rig();
    await rig.topic();
    const old = await rig.write("app-0", ["a"]);
    await rig.clock.sleep(8 * DAY_MS);
    expect(rig.broker.transactionState("app-0")).toBeUndefined();
    old.begin();
    expect(await failureOf(send(old, ["b"]))).toMatchObject({ kafkaError: "INVALID_PRODUCER_ID_MAPPING" });
    await rig.write("app-0", ["c"]);
    expect(await rig.values()).toEqual(["a", "c"]);
  });

  test("an offset of a group expires a week after its own commit, not after the group's last one", async () => {
    const rig = new Rig();
    await rig.topic();
    await rig.log.commitOffsets("g", new Map([["t:0", 1]]));
    await rig.clock.sleep(5 * DAY_MS);
    await rig.log.commitOffsets("g", new Map([["t:1", 2]]));
    await rig.clock.sleep(3 * DAY_MS);
    const partitions = [0, 1].map((partition) => ({ topic: "t", partition }));
    expect([...(await rig.log.committed("g", partitions)).values()]).toEqual([undefined, 2]);
  });

  test("a reader that waits is woken when a transaction in front of it times out", async () => {
    const rig = new Rig();
    await rig.topic();
    const slow = await rig.transactor("slow", rig.log, 1_000);
    slow.begin();
    await send(slow, ["slow"]);
    await rig.write("quick", ["quick"]);
    const request = {
      positions: new Map([["t:0", 0] as const]),
      maxWaitMs: 60_000,
      maxBytes: 1_000,
      maxPartitionBytes: 1_000,
    };
    const beganMs = rig.clock.monotonicMs();
    const answer = (await rig.log.fetch(request)).get("t:0");
    expect(answer).toMatchObject({ kind: "records", lastStable: 4 });
    expect(rig.clock.monotonicMs() - beganMs).toBeLessThan(1_100);
  });

  test("markers on their way keep a takeover waiting", async () => {
    const rig = new Rig({ settings: { markerDelayMs: 40 } });
    await rig.topic();
    await rig.write("app-0", ["a"]);
    expect(rig.broker.transactionState("app-0")).toBe("PrepareCommit");
    await rig.transactor("app-0");
    expect(rig.clock.monotonicMs()).toBeGreaterThanOrEqual(40);
    expect(await rig.values()).toEqual(["a"]);
  });

  test("markers reach each partition on their own", async () => {
    const rig = new Rig({ settings: { markerDelayMs: (target) => (target === "t:1" ? 50 : 0) } });
    await rig.topic();
    const transactor = await rig.open("app-0", ["a"]);
    await transactor.send([{ topic: "t", partition: 1, records: batchOf(["b"]) }]);
    await transactor.commit();
    expect(await rig.offset("lso")).toBe(2);
    const other = () => rig.log.offsets([{ topic: "t", partition: 1 }], "lso");
    expect((await other()).get("t:1")).toBe(0);
    await rig.clock.sleep(50);
    expect((await other()).get("t:1")).toBe(2);
  });
});

describe("producer ids", () => {
  test("are exchanged when the epochs run out, and the zombie stays fenced", async () => {
    const rig = new Rig({ settings: { firstProducerEpoch: 32_764 } });
    await rig.topic();
    const first = await rig.open("app-0", ["a"]);
    const ids = new Set([first.producerId]);
    for (let takeover = 0; takeover < 4; takeover++) {
      const next = await rig.open("app-0", [`${takeover}`]);
      ids.add(next.producerId);
      expect(next.producerEpoch).toBeLessThanOrEqual(32_766);
    }
    expect(ids.size).toBeGreaterThan(1);
    expect(await failureOf(first.commit())).toBeInstanceOf(LogError);
    expect(await rig.values()).toEqual([]);
  });

  test("on protocol 2 the epoch rises with every transaction and the id changes when epochs run out", async () => {
    const rig = new Rig({ settings: { transactionVersion: 2, firstProducerEpoch: 32_764 } });
    await rig.topic();
    const transactor = await rig.transactor("app-0");
    const seen: string[] = [];
    for (let i = 0; i < 5; i++) {
      seen.push(`${transactor.producerId}/${transactor.producerEpoch}`);
      transactor.begin();
      await send(transactor, [`${i}`]);
      await transactor.commit();
    }
    expect(seen).toEqual(["0/32764", "0/32765", "0/32766", "1/0", "1/1"]);
    expect(await rig.values()).toEqual(["0", "1", "2", "3", "4"]);
  });
});

describe("networks", () => {
  test("on protocol 1 a late EndTxn ends the next transaction of the epoch: why nothing follows an unknown outcome", async () => {
    const rig = new Rig();
    await rig.topic();
    const late: (() => void)[] = [];
    const transport: MemoryTransport = async (call) => {
      if (call.api !== "EndTxn" || late.length > 0) return call.deliver();
      late.push(() => void call.deliver());
      throw new LogError("NETWORK_EXCEPTION", "the connection broke");
    };
    const log = rig.broker.connect({ transport });
    const transactor = await rig.open("app-0", ["first"], log);
    expect(await failureOf(transactor.commit())).toMatchObject({ endTxnSent: true });
    // The forbidden thing: go on with the epoch. Another transactor object stands for a client that does.
    const { producerId, producerEpoch } = transactor;
    const head = { producerId, producerEpoch };
    rig.broker.addToTransaction("app-0", head, ["t:1"]);
    late[0]?.();
    expect(rig.broker.transactionState("app-0")).toBe("CompleteCommit");
  });

  test("a lost request of EndTxn aborts with the next takeover", async () => {
    const rig = new Rig();
    await rig.topic();
    const { log, loseRequests } = rig.faulty();
    const transactor = await rig.open("app-0", ["a"], log);
    loseRequests("EndTxn");
    expect(await failureOf(transactor.commit())).toMatchObject({ kafkaError: "NETWORK_EXCEPTION", endTxnSent: true });
    await rig.transactor("app-0");
    expect(await rig.values()).toEqual([]);
  });

  test("a cut client never hears anything again, and what it waited for goes on without it", async () => {
    const rig = new Rig({ settings: { markerDelayMs: 20 } });
    await rig.topic();
    const { log, cut } = rig.faulty();
    const zombie = await rig.open("app-0", ["z"], log);
    let settled = false;
    const waiting = rig.transactor("app-0", log).finally(() => {
      settled = true;
    });
    cut();
    await rig.clock.sleep(60_000);
    expect(settled).toBe(false);
    void waiting;
    void zombie;
    await rig.write("app-0", ["mine"]);
    await rig.clock.sleep(20);
    expect(await rig.values()).toEqual(["mine"]);
  });

  test("a broker that does not answer in time is LOG_UNAVAILABLE", async () => {
    const rig = new Rig();
    await rig.topic();
    const { log, loseRequests } = rig.faulty();
    loseRequests("InitProducerId", Number.POSITIVE_INFINITY);
    expect(await failureOf(rig.transactor("app-0", log))).toMatchObject({ code: "LOG_UNAVAILABLE", advice: "retry" });
    expect(rig.clock.monotonicMs()).toBeGreaterThanOrEqual(5_000);
  });

  test("after an unknown outcome nothing more is asked on that epoch", async () => {
    const rig = new Rig();
    await rig.topic();
    const { log, loseAnswers } = rig.faulty();
    const transactor = await rig.open("app-0", ["a"], log);
    loseAnswers("EndTxn");
    const error = await failureOf(transactor.commit());
    expect(error).toMatchObject({ kafkaError: "NETWORK_EXCEPTION", endTxnSent: true });
    expect(await failureOf(transactor.abort())).toMatchObject({ code: "INVARIANT_BROKEN" });
    expect(await rig.values()).toEqual(["a"]);
  });
});

describe("records that the broker refuses", () => {
  test("a timestamp more than an hour ahead, as Kafka 4 does", async () => {
    const rig = new Rig();
    await rig.topic();
    const ahead = { value: "a", timestampMs: rig.clock.nowMs() + 3_700_000 };
    expect(await failureOf(rig.open("app-0", [ahead]))).toMatchObject({ kafkaError: "INVALID_TIMESTAMP" });
  });

  test("unless the topic allows it", async () => {
    const rig = new Rig();
    await rig.topic({ "message.timestamp.after.max.ms": "9223372036854775807" });
    await rig.write("app-0", [{ value: "a", timestampMs: ROW_TIME_MS * 2 }]);
    expect(await rig.values()).toEqual(["a"]);
  });
});

test("a closed broker answers LOG_UNAVAILABLE", async () => {
  const rig = new Rig();
  rig.broker.close();
  expect(await failureOf(rig.log.describe(["t"]))).toMatchObject({ code: "LOG_UNAVAILABLE" });
});
