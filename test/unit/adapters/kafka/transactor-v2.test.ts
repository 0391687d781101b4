import { describe, expect, test } from "vitest";
import type { WireWriter } from "../../../../lib/adapters/kafka/wire/writer.ts";
import { partitionKey } from "../../../../lib/core/ids.ts";
import { type KafkaErrorName, kafkaErrorCodes } from "../../../../lib/core/kafka-errors.ts";
import type { Arrived, Script } from "./scripted-broker.ts";
import { batch, failure, openTransactor, scriptedCluster } from "./scripted-log.ts";
import { headerOf, reset } from "./scripts.ts";

const t0 = { topic: "t", partition: 0 } as const;

/** A cluster with `transaction.version=2`; producer 4711 has epoch 5 and gets the next one with every EndTxn. */
async function v2Cluster(deadlineMs?: number) {
  const scripted = await scriptedCluster({ t: [1] }, { transactionVersion: 2 });
  let epoch = 5;
  scripted.first.always("Produce", produced("NONE"));
  scripted.first.always("EndTxn", () => ended("NONE", 4711, ++epoch));
  const transactor = await openTransactor(scripted.log, deadlineMs);
  return { ...scripted, transactor, send: (value: string) => transactor.send([{ ...t0, records: batch(value) }]) };
}

/** The one batch of t-0 in a Produce v12: behind 21 bytes of fields, before three empty sections of tags. */
function stampOf({ body }: Arrived): { epoch: number; sequence: number; id: number } {
  const { producerEpoch, baseSequence, producerId } = headerOf(body.subarray(21, body.length - 3));
  return { epoch: producerEpoch, sequence: baseSequence, id: producerId };
}

const produced =
  (error: KafkaErrorName): Script =>
  () =>
  (out) => {
    out.compactArray([t0], ({ topic, partition }) => {
      out.compactString(topic).compactArray([partition], () => {
        out.int32(partition).int16(kafkaErrorCodes[error]).int64(100).int64(-1).int64(0);
        out.compactArray([], () => {}).compactNullableString(null);
        out.noTags();
      });
      out.noTags();
    });
    out.int32(0).noTags();
  };

const ended =
  (error: KafkaErrorName, ...[producerId = -1, epoch = -1]: [producerId?: number, epoch?: number]) =>
  (out: WireWriter) =>
    out.int32(0).int16(kafkaErrorCodes[error]).int64(producerId).int16(epoch).noTags();

/** There is no coordinator now. */
const noCoordinator: Script = () => (out) => out.int32(0).int16(15).nullableString(null).int32(-1).string("").int32(-1);

describe("a transactor on transaction.version=2", () => {
  test("adds no partition: Produce v12 does, and EndTxn v5 ends what it opened", async () => {
    const { first, transactor, send } = await v2Cluster();
    expect((await send("a")).get(partitionKey("t", 0))).toBe(101);
    await transactor.commit();
    const calls = first.arrived.slice(-2).map(({ api, version }) => `${api} v${version}`);
    expect(calls).toEqual(["Produce v12", "EndTxn v5"]);
    expect(first.asked("AddPartitionsToTxn")).toEqual([]);
  });

  test("adds no group: TxnOffsetCommit v5 does", async () => {
    const { first, transactor } = await v2Cluster();
    first.always("TxnOffsetCommit", () => (out) => {
      out.int32(0).compactArray([t0], ({ topic, partition }) => {
        out.compactString(topic).compactArray([partition], () => out.int32(partition).int16(0).noTags());
        out.noTags();
      });
      out.noTags();
    });
    await transactor.sendOffsets("group", new Map([[partitionKey("t", 0), 7]]));
    await transactor.commit();
    expect(first.asked("TxnOffsetCommit").map(({ version }) => version)).toEqual([5]);
    expect(first.asked("EndTxn")).toHaveLength(1);
  });

  test("takes the epoch of every EndTxn, aborts too, and counts from 0 in it", async () => {
    const { first, transactor, send } = await v2Cluster();
    await send("a");
    await send("b");
    await transactor.commit();
    transactor.begin();
    await send("c");
    await transactor.abort();
    transactor.begin();
    await send("d");
    expect(first.asked("Produce").map(stampOf)).toEqual([
      { id: 4711, epoch: 5, sequence: 0 },
      { id: 4711, epoch: 5, sequence: 1 },
      { id: 4711, epoch: 6, sequence: 0 },
      { id: 4711, epoch: 7, sequence: 0 },
    ]);
    expect(transactor.producerEpoch).toBe(7);
  });

  test("goes over to another producer id when the broker says so", async () => {
    const { first, transactor, send } = await v2Cluster();
    first.next("EndTxn", () => ended("NONE", 5000, 0));
    await send("a");
    await transactor.commit();
    transactor.begin();
    await send("b");
    expect(first.asked("Produce").map(stampOf)[1]).toEqual({ id: 5000, epoch: 0, sequence: 0 });
  });

  test("sends EndTxn again after a lost answer: the epoch tells the two transactions apart", async () => {
    const { first, transactor, send } = await v2Cluster();
    first.next("EndTxn", reset);
    await send("a");
    await transactor.commit();
    expect(first.asked("EndTxn")).toHaveLength(2);
    transactor.begin();
    await send("b");
    await transactor.commit();
  });

  test("whose EndTxn may have arrived says so, although the last try could not even be sent", async () => {
    const { first, transactor, send } = await v2Cluster(800);
    await send("a");
    first.next("EndTxn", reset);
    first.always("FindCoordinator", noCoordinator);
    expect(await failure(transactor.commit())).toMatchObject({ name: "LogError", endTxnSent: true });
    expect(await failure(transactor.abort())).toMatchObject({ code: "INVARIANT_BROKEN" });
  });

  test("waits while the transaction before is being ended", async () => {
    const { first, send } = await v2Cluster();
    first.next("Produce", produced("CONCURRENT_TRANSACTIONS"));
    await send("a");
    expect(first.asked("Produce")).toHaveLength(2);
  });

  test.for<[KafkaErrorName]>([["TRANSACTION_ABORTABLE"], ["INVALID_PRODUCER_EPOCH"], ["INVALID_TXN_STATE"]])(
    "can only abort after %s, once",
    async ([error]) => {
      const { first, transactor, send } = await v2Cluster();
      first.next("Produce", produced(error));
      expect(await failure(send("a"))).toMatchObject({ kafkaError: error, endTxnSent: false });
      await transactor.abort();
      expect(() => transactor.begin()).toThrow(/INVARIANT_BROKEN/);
    },
  );

  test("an empty transaction makes no request", async () => {
    const { first, transactor } = await v2Cluster();
    const before = first.arrived.length;
    await transactor.commit();
    expect(first.arrived.length).toBe(before);
  });
});

test("a cluster that has not finalised it gets the older protocol", async () => {
  const { log, first } = await scriptedCluster({ t: [1] }, { transactionVersion: 1 });
  const transactor = await openTransactor(log);
  await transactor.send([{ ...t0, records: batch("a") }]);
  await transactor.commit();
  const inTransaction = first.arrived.filter(({ api }) => /Txn|Produce$/.test(api));
  const calls = inTransaction.map(({ api, version }) => `${api} v${version}`);
  expect(calls).toEqual(["AddPartitionsToTxn v1", "Produce v8", "EndTxn v1"]);
});
