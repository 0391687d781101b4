import { onTestFinished } from "vitest";
import { createKafkaLog } from "../../../../lib/adapters/kafka/kafka-log.ts";
import type { KafkaLogOptions } from "../../../../lib/adapters/kafka/options.ts";
import type { Log, Transactor } from "../../../../lib/ports/log.ts";
import { RecordWriter } from "../../../../lib/records/writer.ts";
import { ScriptedBroker, type ScriptedTopics } from "./scripted-broker.ts";
import { addPartitionsAnswer, codeAnswer, initAnswer, produceAnswer } from "./scripts.ts";

/** A cluster on which every transaction works, and a log on it; both end with the test. */
export async function scriptedCluster(
  topics: ScriptedTopics,
  options: Partial<KafkaLogOptions> & { brokerCount?: number; transactionVersion?: 1 | 2 } = {},
): Promise<{ log: Log; first: ScriptedBroker; second: ScriptedBroker }> {
  const { brokerCount = 1, transactionVersion = 1, ...rest } = options;
  const brokers = await ScriptedBroker.cluster(brokerCount, topics);
  onTestFinished(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
  });
  for (const broker of brokers) {
    broker.transactionVersion = transactionVersion;
    broker.always("InitProducerId", initAnswer("NONE"));
    broker.always("AddPartitionsToTxn", addPartitionsAnswer("NONE"));
    broker.always("Produce", produceAnswer("NONE"));
    broker.always("EndTxn", codeAnswer("NONE"));
  }
  const [first, second = first] = brokers;
  if (first === undefined || second === undefined) throw new Error("a cluster has a broker");
  const log = await createKafkaLog({ brokers: [first.address], ...rest });
  onTestFinished(() => log.close());
  return { log, first, second };
}

/** A transactor with its transaction open. */
export async function openTransactor(log: Log, deadlineMs = 5_000): Promise<Transactor> {
  const transactor = await log.transactor({ transactionalId: "app-0", transactionTimeoutMs: 10_000, deadlineMs });
  transactor.begin();
  return transactor;
}

/** One batch of values. */
export function batch(...values: string[]): RecordWriter {
  const writer = new RecordWriter();
  for (const value of values) writer.append(1_700_000_000_000, null, Buffer.from(value));
  return writer;
}

/** Whatever a promise was rejected with. */
export function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => {
      throw new Error(`expected a failure, got ${String(value)}`);
    },
    (error: unknown) => error,
  );
}
