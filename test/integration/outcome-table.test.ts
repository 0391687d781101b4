/**
 * The outcome table on real brokers: each call of a transaction is answered with each Kafka error, once before the broker acts and
 * once after, and what the log makes of it is what `task/outcome.ts` decides; the record of the transaction is there once or not at all.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import { type KafkaErrorName, kafkaErrorCodes } from "../../lib/core/kafka-errors.ts";
import { type Log, LogError, type Transactor } from "../../lib/ports/log.ts";
import { decideOutcome, type TransactionProtocol } from "../../lib/task/outcome.ts";
import { batchOf, failureOf, rowsOf, texts } from "../conformance/log/scene.ts";
import type { RefusableApi } from "../support/refusals.ts";
import { type Broker, type BrokerKind, newest, older, ownBroker } from "../support/servers/protocol-brokers.ts";

/** Every error that we know by name, and one that nobody knows. */
const codes: readonly (readonly [KafkaErrorName, number])[] = [
  ...(Object.entries(kafkaErrorCodes) as [KafkaErrorName, number][]).filter(([name]) => name !== "NONE"),
  ["UNKNOWN_SERVER_ERROR", 9_999],
];
const timeouts = { transactionTimeoutMs: 30_000, deadlineMs: 20_000 };
const topic = "table";
const group = "table-group";
const key = partitionKey(topic, 0);

/** Calls of one transaction, in their order; on the newer protocol partitions and groups are added by the way. */
const calls: Readonly<Record<TransactionProtocol, readonly RefusableApi[]>> = {
  v1: ["InitProducerId", "AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"],
  v2: ["InitProducerId", "Produce", "TxnOffsetCommit", "EndTxn"],
};

const columns = [
  ["refused before the broker acts", false],
  ["refused although the broker acts", true],
] as const;

/** How a call ended and whether its record can be read afterwards. */
function expected(api: RefusableApi, error: KafkaErrorName, protocol: TransactionProtocol, acted: boolean): string {
  const endTxnSent = api === "EndTxn";
  const outcome = decideOutcome({ error, protocol, endTxnSent, empty: false });
  if (outcome.kind.endsWith("resend")) return "goes on; once";
  if (api === "InitProducerId") return `${told(error, endTxnSent)}; never`;
  return `${told(error, endTxnSent)}; ${endTxnSent && acted ? "once" : "never"}`;
}

function told(error: KafkaErrorName, endTxnSent: boolean): string {
  if (/AUTHORIZATION_FAILED$/.test(error)) return "ACCESS_DENIED";
  return endTxnSent ? `${error} after EndTxn` : error;
}

class Table {
  private broker: Broker | undefined;
  private log: Log | undefined;
  private next = 0;
  private count = 0;

  async open(kind: BrokerKind): Promise<void> {
    this.broker = await ownBroker(kind);
    this.log = await createKafkaLog({ brokers: [this.broker.proxied ?? ""] });
    await this.log.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: { "retention.ms": "-1" } }]);
  }

  async close(): Promise<void> {
    await this.log?.close();
    await this.broker?.stop();
  }

  /** Runs one transaction in which one call is refused once. */
  async run(api: RefusableApi, code: number, acted: boolean): Promise<string> {
    const { broker, log } = this;
    if (log === undefined || broker?.proxy === undefined) throw new Error("no broker");
    const value = `${++this.count}`;
    const before = broker.proxy.refusedCount;
    broker.proxy.refuseNext(api, { code, acted });
    const how = await this.transact(log, value).then(
      () => "goes on",
      (error: unknown) => nameOf(error),
    );
    expect(broker.proxy.refusedCount, `${api} was asked`).toBe(before + 1);
    // fences what is left of it, and waits until it is over: then its outcome is known
    await log.transactor({ transactionalId: topic, ...timeouts });
    const seen = (await this.readOn(log)).filter((text) => text === value).length;
    return `${how}; ${["never", "once"][seen] ?? `${seen} times`}`;
  }

  private async transact(log: Log, value: string): Promise<void> {
    const transactor = await log.transactor({ transactionalId: topic, ...timeouts });
    transactor.begin();
    try {
      await transactor.send([{ topic, partition: 0, records: batchOf([value]) }]);
      await transactor.sendOffsets(group, new Map([[key, this.count]]));
    } catch (error) {
      await transactor.abort();
      throw error;
    }
    await this.commit(transactor);
  }

  /** After EndTxn nothing is aborted, and the transactor says so. */
  private async commit(transactor: Transactor): Promise<void> {
    try {
      await transactor.commit();
    } catch (error) {
      if (error instanceof LogError) {
        expect(error.endTxnSent).toBe(true);
        expect(String(await failureOf(transactor.abort()))).toContain("INVARIANT_BROKEN");
      }
      throw error;
    }
  }

  /** Values that were committed since the last look. */
  private async readOn(log: Log): Promise<(string | undefined)[]> {
    const end = (await log.offsets([{ topic, partition: 0 }], "lso")).get(key) ?? 0;
    const found: (string | undefined)[] = [];
    while (this.next < end) {
      const sizes = { maxBytes: 1 << 20, maxPartitionBytes: 1 << 20 };
      const answer = (await log.fetch({ positions: new Map([[key, this.next]]), maxWaitMs: 500, ...sizes })).get(key);
      if (answer?.kind !== "records") continue;
      found.push(...texts(rowsOf(answer)));
      this.next = answer.next;
    }
    return found;
  }
}

function nameOf(error: unknown): string {
  if (error instanceof LogError) return told(error.kafkaError, error.endTxnSent);
  return (error as { code?: string }).code ?? String(error);
}

/** One broker without CI, so that the table meets a broker on every machine; every protocol with it. */
const kinds = process.env["CI"] ? [newest, ...older] : [newest];
const servers = inject("servers");

describe.skipIf(servers.kind === "missing").for(kinds)("the outcome table on $title", (kind) => {
  const table = new Table();
  const protocol = kind.raisesEpochs ? "v2" : "v1";
  beforeAll(() => table.open(kind));
  afterAll(() => table.close());

  test.for(calls[protocol].flatMap((api) => columns.map(([how, acted]) => [api, how, acted] as const)))(
    "%s, %s",
    async ([api, , acted]) => {
      const observed: [string, string][] = [];
      for (const [name, code] of codes) observed.push([`${name} ${code}`, await table.run(api, code, acted)]);
      const decided = codes.map(([name, code]) => [`${name} ${code}`, expected(api, name, protocol, acted)]);
      expect(observed).toEqual(decided);
    },
  );
});
