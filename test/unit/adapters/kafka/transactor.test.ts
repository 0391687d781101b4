import { describe, expect, test } from "vitest";
import type { KafkaErrorName } from "../../../../lib/core/kafka-errors.ts";
import { LogError } from "../../../../lib/ports/log.ts";
import type { Script, ScriptedBroker } from "./scripted-broker.ts";
import { batch, failure, openTransactor, scriptedCluster } from "./scripted-log.ts";
import {
  addPartitionsAnswer,
  allProduced,
  codeAnswer,
  headerOf,
  initAnswer,
  produceAnswer,
  reset,
  silence,
} from "./scripts.ts";

const t0 = { topic: "t", partition: 0 } as const;

describe("begin, commit and abort", () => {
  test("an empty transaction makes no request", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    const before = first.arrived.length;
    await transactor.commit();
    transactor.begin();
    await transactor.abort();
    expect(first.arrived.length).toBe(before);
  });

  test("a partition is added once per transaction", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1] });
    const transactor = await openTransactor(log);
    await transactor.send([{ ...t0, records: batch("a") }]);
    await transactor.send([{ ...t0, records: batch("b") }]);
    await transactor.commit();
    transactor.begin();
    await transactor.send([{ ...t0, records: batch("c") }]);
    expect(first.asked("AddPartitionsToTxn")).toHaveLength(2);
  });

  test.for<[string, (log: Awaited<ReturnType<typeof openTransactor>>) => unknown]>([
    ["begin twice", (transactor) => transactor.begin()],
    [
      "overlapping calls",
      (transactor) => Promise.all([1, 2].map(() => transactor.send([{ ...t0, records: batch("x") }]))),
    ],
  ])("refuses %s", async ([, misuse]) => {
    const { log } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    expect(await failure(Promise.resolve().then(() => misuse(transactor)))).toMatchObject({ code: "INVARIANT_BROKEN" });
  });
});

describe("Produce", () => {
  test("sends the same bytes again after a lost answer", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    first.next("Produce", reset);
    const ends = await transactor.send([{ ...t0, records: batch("a", "b") }]);
    expect(ends.get("t:0")).toBe(102);
    const [before, again] = allProduced(first).map((batches) => batches[0]?.bytes.toString("hex"));
    expect(again).toBe(before);
  });

  test("sends the same bytes again when no answer comes in time, on a new connection", async () => {
    const { log, first } = await scriptedCluster({ t: [1] }, { requestTimeoutMs: 300 });
    const transactor = await openTransactor(log);
    first.next("Produce", silence);
    await transactor.send([{ ...t0, records: batch("a") }]);
    const [before, again] = first.asked("Produce");
    expect(again?.body.equals(before?.body ?? Buffer.alloc(0))).toBe(true);
    expect(again?.connection).not.toBe(before?.connection);
  });

  test.for<[KafkaErrorName]>([["NOT_ENOUGH_REPLICAS"], ["REQUEST_TIMED_OUT"], ["CORRUPT_MESSAGE"]])(
    "sends again after %s",
    async ([error]) => {
      const { log, first } = await scriptedCluster({ t: [1] });
      const transactor = await openTransactor(log);
      first.next("Produce", produceAnswer(error));
      first.next("Produce", produceAnswer(error));
      expect((await transactor.send([{ ...t0, records: batch("a") }])).get("t:0")).toBe(101);
      expect(first.asked("Produce")).toHaveLength(3);
    },
  );

  test("follows a leader that moved, for the moved partition only", async () => {
    const { log, first, second } = await scriptedCluster({ t: [1, 1] }, { brokerCount: 2 });
    const transactor = await openTransactor(log);
    first.next("Produce", (request, arrived) => {
      first.cluster.topics = { t: [1, 2] };
      return produceAnswerFor(1)(request, arrived);
    });
    const records = [0, 1].map((partition) => ({ topic: "t", partition, records: batch(`${partition}`) }));
    const ends = await transactor.send(records);
    expect(Object.fromEntries(ends)).toEqual({ "t:0": 101, "t:1": 101 });
    expect(allProduced(second).map((batches) => batches.map(({ partition }) => partition))).toEqual([[1]]);
    expect(first.asked("Produce")).toHaveLength(1);
  });

  test("gives batches of one partition successive sequences, in successive requests", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1] });
    const transactor = await openTransactor(log);
    await transactor.send([
      { ...t0, records: batch("a", "b") },
      { topic: "t", partition: 1, records: batch("x") },
      { ...t0, records: batch("c") },
    ]);
    await transactor.commit();
    transactor.begin();
    await transactor.send([{ ...t0, records: batch("d") }]);
    const sent = allProduced(first).map((batches) =>
      batches.map(({ partition, bytes }) => `${partition}@${headerOf(bytes).baseSequence}`),
    );
    expect(sent).toEqual([["0@0", "1@0"], ["0@2"], ["0@3"]]);
    const header = headerOf(allProduced(first)[0]?.[0]?.bytes ?? Buffer.alloc(0));
    expect([header.producerId, header.producerEpoch, header.isTransactional]).toEqual([4711, 5, true]);
  });

  test("compresses what gets smaller, with the sequences of what was written", async () => {
    const { log, first } = await scriptedCluster({ t: [1] }, { compression: "lz4" });
    const transactor = await openTransactor(log);
    await transactor.send([{ ...t0, records: batch("x".repeat(500), "x".repeat(500)) }]);
    await transactor.send([{ ...t0, records: batch("y") }]);
    const headers = allProduced(first).flatMap((batches) => batches.map(({ bytes }) => headerOf(bytes)));
    expect(headers.map(({ compression, baseSequence }) => [compression, baseSequence])).toEqual([
      ["lz4", 0],
      ["none", 2],
    ]);
    expect(headers[0]?.byteLength).toBeLessThan(200);
  });

  test("a duplicate whose place is known is a success", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    first.next("Produce", produceAnswer("DUPLICATE_SEQUENCE_NUMBER", 40));
    expect((await transactor.send([{ ...t0, records: batch("a") }])).get("t:0")).toBe(41);
  });

  test("a duplicate whose place is lost is an error: end offsets must be right", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    first.next("Produce", produceAnswer("DUPLICATE_SEQUENCE_NUMBER", -1));
    const error = await failure(transactor.send([{ ...t0, records: batch("a") }]));
    expect(error).toMatchObject({ kafkaError: "DUPLICATE_SEQUENCE_NUMBER", endTxnSent: false });
  });

  test.for<[KafkaErrorName]>([
    ["INVALID_PRODUCER_EPOCH"],
    ["PRODUCER_FENCED"],
    ["OUT_OF_ORDER_SEQUENCE_NUMBER"],
    ["TRANSACTION_ABORTABLE"],
    ["MESSAGE_TOO_LARGE"],
  ])("%s is not sent again; after it only abort is possible, once", async ([error]) => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    first.next("Produce", produceAnswer(error));
    expect(await failure(transactor.send([{ ...t0, records: batch("a") }]))).toMatchObject({
      kafkaError: error,
      endTxnSent: false,
      details: { topic: "t", partition: 0 },
    });
    expect(first.asked("Produce")).toHaveLength(1);
    expect(await failure(transactor.commit())).toMatchObject({ code: "INVARIANT_BROKEN" });
    await transactor.abort();
    expect(first.asked("EndTxn")).toHaveLength(1);
    expect(() => transactor.begin()).toThrow(/INVARIANT_BROKEN/);
  });

  test("a batch over the topic's limit is told before it is sent, until the limit was raised", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.maxMessageBytes = 100;
    const [small, large] = [batch("a"), batch("a".repeat(100))];
    await (await openTransactor(log)).send([{ ...t0, records: small }]);
    expect(await failure((await openTransactor(log)).send([{ ...t0, records: large }]))).toMatchObject({
      code: "RECORD_TOO_LARGE",
      details: { topic: "t", partition: 0, count: 1, limitBytes: 100 },
    });
    expect(first.asked("Produce")).toHaveLength(1);
    first.maxMessageBytes = 1_000;
    await (await openTransactor(log)).send([{ ...t0, records: large }]);
    expect(first.asked("Produce")).toHaveLength(2);
  });

  test("a topic that this user may not write names it", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    first.next("AddPartitionsToTxn", addPartitionsAnswer("TOPIC_AUTHORIZATION_FAILED"));
    expect(await failure(transactor.send([{ ...t0, records: batch("a") }]))).toMatchObject({
      code: "ACCESS_DENIED",
      details: { topic: "t" },
    });
  });
});

describe("EndTxn", () => {
  const written = async (options: Parameters<typeof scriptedCluster>[1] = {}, deadlineMs = 5_000) => {
    const scripted = await scriptedCluster({ t: [1] }, options);
    const transactor = await openTransactor(scripted.log, deadlineMs);
    await transactor.send([{ ...t0, records: batch("a") }]);
    return { ...scripted, transactor };
  };

  test("is never sent again after a lost answer, and the transactor is of no more use", async () => {
    const { transactor, first } = await written();
    first.next("EndTxn", reset);
    const error = await failure(transactor.commit());
    expect(error).toBeInstanceOf(LogError);
    expect(error).toMatchObject({ kafkaError: "NETWORK_EXCEPTION", endTxnSent: true });
    expect(await failure(transactor.abort())).toMatchObject({ code: "INVARIANT_BROKEN" });
    expect(first.asked("EndTxn")).toHaveLength(1);
  });

  test("that is not answered in time has an unknown outcome", async () => {
    const { transactor, first } = await written({ requestTimeoutMs: 300 });
    first.next("EndTxn", silence);
    expect(await failure(transactor.commit())).toMatchObject({ kafkaError: "REQUEST_TIMED_OUT", endTxnSent: true });
  });

  test.for<[KafkaErrorName]>([
    ["CONCURRENT_TRANSACTIONS"],
    ["COORDINATOR_LOAD_IN_PROGRESS"],
    ["NOT_COORDINATOR"],
    ["COORDINATOR_NOT_AVAILABLE"],
  ])("is sent again after the answer %s", async ([error]) => {
    const { transactor, first } = await written();
    first.next("EndTxn", codeAnswer(error));
    first.next("EndTxn", codeAnswer(error));
    await transactor.commit();
    expect(first.asked("EndTxn")).toHaveLength(3);
  });

  test("goes to the new coordinator when it moved", async () => {
    const { log, first, second } = await scriptedCluster({ t: [1] }, { brokerCount: 2 });
    const transactor = await openTransactor(log);
    await transactor.send([{ ...t0, records: batch("a") }]);
    first.next("EndTxn", codeAnswer("NOT_COORDINATOR"));
    first.always("FindCoordinator", coordinatorAt(second));
    await transactor.commit();
    expect([first.asked("EndTxn").length, second.asked("EndTxn").length]).toEqual([1, 1]);
  });

  test.for<[KafkaErrorName]>([["INVALID_PRODUCER_EPOCH"], ["INVALID_PRODUCER_ID_MAPPING"], ["INVALID_TXN_STATE"]])(
    "answered with %s says that it was sent",
    async ([error]) => {
      const { transactor, first } = await written();
      first.next("EndTxn", codeAnswer(error));
      expect(await failure(transactor.commit())).toMatchObject({ kafkaError: error, endTxnSent: true });
    },
  );

  test("that was answered and then cannot be sent again has an unknown outcome", async () => {
    const { transactor, first } = await written({}, 900);
    first.always("FindCoordinator", noCoordinator);
    first.next("EndTxn", codeAnswer("COORDINATOR_NOT_AVAILABLE"));
    const error = await failure(transactor.commit());
    expect(error).toMatchObject({ kafkaError: "COORDINATOR_NOT_AVAILABLE", endTxnSent: true });
  });

  test("that could never be sent leaves the transaction open to an abort", async () => {
    const { log, first, second } = await scriptedCluster({ t: [1] }, { brokerCount: 2, transactionConnections: 1 });
    first.always("FindCoordinator", coordinatorAt(second));
    const transactor = await openTransactor(log, 900);
    await transactor.send([{ ...t0, records: batch("a") }]);
    second.refuse();
    await failure(openTransactor(log, 50)); // finds the socket closed
    expect(await failure(transactor.commit())).toMatchObject({ name: "LogError", endTxnSent: false });
    first.always("FindCoordinator", coordinatorAt(first));
    await transactor.abort();
    expect([first.asked("EndTxn").length, second.asked("EndTxn").length]).toEqual([1, 0]);
  });

  test("of an abort after a failed call forgives a transaction that was never opened", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const transactor = await openTransactor(log);
    first.next("AddPartitionsToTxn", addPartitionsAnswer("UNKNOWN_SERVER_ERROR"));
    await failure(transactor.send([{ ...t0, records: batch("a") }]));
    first.next("EndTxn", codeAnswer("INVALID_TXN_STATE"));
    await transactor.abort();
    expect(first.asked("EndTxn")).toHaveLength(1);
  });
});

describe("transactor()", () => {
  test("asks again until the transaction before is finished", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    for (let i = 0; i < 5; i++) first.next("InitProducerId", initAnswer("CONCURRENT_TRANSACTIONS"));
    const transactor = await openTransactor(log);
    expect([transactor.producerId, transactor.producerEpoch]).toEqual([4711, 5]);
    expect(first.asked("InitProducerId")).toHaveLength(6);
  });

  test("asks again after a lost answer", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.next("InitProducerId", reset);
    await openTransactor(log);
    expect(first.asked("InitProducerId")).toHaveLength(2);
  });

  test("gives up at its deadline with what the broker said last", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.always("InitProducerId", initAnswer("CONCURRENT_TRANSACTIONS"));
    const started = performance.now();
    expect(await failure(openTransactor(log, 600))).toMatchObject({ kafkaError: "CONCURRENT_TRANSACTIONS" });
    expect(performance.now() - started).toBeGreaterThanOrEqual(599);
  });

  test("an id that this user may not use is named", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.always("InitProducerId", initAnswer("TRANSACTIONAL_ID_AUTHORIZATION_FAILED"));
    expect(await failure(openTransactor(log))).toMatchObject({
      code: "ACCESS_DENIED",
      details: { transactionalId: "app-0" },
    });
  });
});

/** NOT_LEADER for one partition, success for the others. */
function produceAnswerFor(moved: number): Script {
  return (request) => {
    request.nullableString();
    request.int16();
    request.int32();
    request.int32();
    const topic = request.string();
    const partitions = request.array(() => [request.int32(), request.bytes()] as const);
    return (out) => {
      out.int32(1).string(topic);
      out.array(partitions, ([partition]) => {
        out
          .int32(partition)
          .int16(partition === moved ? 6 : 0)
          .int64(100)
          .int64(-1)
          .int64(0)
          .int32(0);
        out.nullableString(null);
      });
      out.int32(0);
    };
  };
}

/** There is no coordinator now. */
const noCoordinator: Script = () => (out) => out.int32(0).int16(15).nullableString(null).int32(-1).string("").int32(-1);

/** The coordinator is a broker, whoever is asked. */
function coordinatorAt({ nodeId, port }: ScriptedBroker): Script {
  return () => (out) => out.int32(0).int16(0).nullableString(null).int32(nodeId).string("127.0.0.1").int32(port);
}
