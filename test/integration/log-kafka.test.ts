import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import { inject } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import type { Log } from "../../lib/ports/log.ts";
import type { LogHarness, LogSubject } from "../conformance/log/harness.ts";
import { batchOf, rowsOf } from "../conformance/log/scene.ts";
import { logContract } from "../conformance/log.ts";
import { type AnswerLossProxy, kafkaApiKeys, startAnswerLossProxy } from "../support/answer-loss-proxy.ts";
import { type KafkaOptions, startKafka } from "../support/servers/kafka.ts";
import { freePorts } from "../support/servers/ports.ts";

const COMPACTION_LIMIT_MS = 60_000;

/** A broker to test against, and what can be done to it. */
interface Broker {
  readonly bootstrap: string;
  /** Bootstrap address behind the proxy. */
  readonly proxied: string | undefined;
  readonly proxy: AnswerLossProxy | undefined;
  stop(): Promise<void>;
}

/** Brokers that differ in the transaction protocol. */
interface BrokerKind {
  readonly title: string;
  readonly start: Pick<KafkaOptions, "version" | "transactionVersion">;
  readonly raisesEpochs: boolean;
}

const newest: BrokerKind = { title: "Kafka", start: {}, raisesEpochs: true };

const older: readonly BrokerKind[] = [
  { title: "Kafka with transaction.version 1", start: { transactionVersion: 1 }, raisesEpochs: false },
  { title: "Kafka 3.9", start: { version: "3.9" }, raisesEpochs: false },
];

/** A broker of our own: one listener behind a proxy that loses answers, and a cleaner that does not sleep for long. */
async function ownBroker(kind: BrokerKind): Promise<Broker> {
  const [plain = 0, controller = 0, behind = 0, front = 0] = await freePorts(4);
  const at = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
  const server = await startKafka({
    ...kind.start,
    port: plain,
    properties: {
      listeners: [at("PLAINTEXT", plain), at("CONTROLLER", controller), at("PROXIED", behind)].join(","),
      "advertised.listeners": [at("PLAINTEXT", plain), at("PROXIED", front)].join(","),
      "controller.quorum.voters": `1@127.0.0.1:${controller}`,
      "log.cleaner.backoff.ms": 100,
      "log.retention.check.interval.ms": 1_000,
    },
  });
  const proxy = await startAnswerLossProxy({ port: front, targetPort: behind });
  const stop = async () => {
    await proxy.close();
    await server.stop();
  };
  return { bootstrap: server.bootstrap, proxied: `127.0.0.1:${front}`, proxy, stop };
}

/** Appends until the segment rolls, and waits until no key is left twice below that. */
async function waitForCompaction(log: Log, topic: string): Promise<void> {
  const key = partitionKey(topic, 0);
  const end = (await log.offsets([{ topic, partition: 0 }], "lso")).get(key) ?? 0;
  const filler = await log.transactor({
    transactionalId: `${topic}-filler`,
    transactionTimeoutMs: 10_000,
    deadlineMs: 10_000,
  });
  const giveUpAtMs = Date.now() + COMPACTION_LIMIT_MS;
  for (let round = 0; Date.now() < giveUpAtMs; round++) {
    await sleep(300);
    filler.begin();
    await filler.send([{ topic, partition: 0, records: batchOf([{ key: `filler ${round}`, value: "" }]) }]);
    await filler.commit();
    if (await hasOneRowPerKey(log, topic, end)) return;
  }
  throw new Error(`${topic} was not compacted within ${COMPACTION_LIMIT_MS} ms`);
}

async function hasOneRowPerKey(log: Log, topic: string, end: number): Promise<boolean> {
  const key = partitionKey(topic, 0);
  const seen = new Set<string>();
  let next = 0;
  while (next < end) {
    const positions = new Map([[key, next]]);
    const answer = (await log.fetch({ positions, maxWaitMs: 500, maxBytes: 1 << 20, maxPartitionBytes: 1 << 20 })).get(
      key,
    );
    if (answer?.kind !== "records") return false;
    for (const row of rowsOf(answer)) {
      const text = row.key?.toString("latin1") ?? "";
      if (seen.has(text)) return false;
      seen.add(text);
    }
    next = answer.next;
  }
  return true;
}

async function openHarness(broker: Broker): Promise<LogHarness> {
  const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const connect = (bootstrap: string) => createKafkaLog({ brokers: [bootstrap], clientId: "log-contract" });
  return {
    connect: () => connect(broker.bootstrap),
    deleteTopic: (topic) => admin.deleteTopics({ topics: [topic] }),
    pass: (ms) => sleep(ms),
    compact: async (topic) => {
      const log = await connect(broker.bootstrap);
      await waitForCompaction(log, topic).finally(() => log.close());
    },
    connectWithFaults: async () => {
      const { proxied, proxy } = broker;
      if (proxied === undefined || proxy === undefined) throw new Error("no proxy");
      return {
        log: await connect(proxied),
        loseNextAnswer: (api) => proxy.loseNextAnswer(kafkaApiKeys[api]),
        lostCount: () => proxy.lostCount,
      };
    },
    close: async () => {
      await admin.disconnect();
      await broker.stop();
    },
  };
}

const servers = inject("servers");
const given = process.env["KAFKA_BROKERS"];

/** With a broker that is given from outside, what needs one of our own is skipped. */
function kafkaSubject(kind: BrokerKind): LogSubject {
  const reason = given === undefined ? undefined : "KAFKA_BROKERS names a broker that is not ours to change";
  const { raisesEpochs } = kind;
  return {
    capabilities: { compaction: reason ?? true, faults: reason ?? true, raisesEpochs },
    timeoutSweepMs: given === undefined ? 1_500 : 11_000,
    open: async () =>
      openHarness(
        given === undefined
          ? await ownBroker(kind)
          : { bootstrap: given, proxied: undefined, proxy: undefined, stop: async () => undefined },
      ),
  };
}

if (servers.kind === "up") {
  logContract(newest.title, kafkaSubject(newest));
  // Every protocol in CI; a laptop has the memory log for the older one.
  const others = process.env["CI"] && given === undefined ? older : [];
  for (const kind of others) logContract(kind.title, kafkaSubject(kind), "transactions");
} else {
  const { describe, test } = await import("vitest");
  describe("Log contract: Kafka", () => test.skip(`skipped: ${servers.reason}`, () => undefined));
}
