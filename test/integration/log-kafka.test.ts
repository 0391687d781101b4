import { setTimeout as sleep } from "node:timers/promises";
import { inject } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import type { Log } from "../../lib/ports/log.ts";
import type { LogHarness, LogSubject } from "../conformance/log/harness.ts";
import { batchOf, rowsOf } from "../conformance/log/scene.ts";
import { logContract } from "../conformance/log.ts";
import { kafkaApiKeys } from "../support/answer-loss-proxy.ts";
import { type Broker, type BrokerKind, newest, older, ownBroker } from "../support/servers/protocol-brokers.ts";
import { rawKafka } from "../support/servers/raw-kafka.ts";

const COMPACTION_LIMIT_MS = 60_000;

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
  const admin = rawKafka(broker.bootstrap).admin();
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
