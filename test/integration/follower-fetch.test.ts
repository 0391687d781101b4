/**
 * Two brokers in two racks: who names its rack reads there, and at the leader once the near broker has died; who is throttled
 * waits and loses nothing. With `CI=true` only: a cluster takes its time.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import type { Log } from "../../lib/ports/log.ts";
import { batchOf, rowsOf } from "../conformance/log/scene.ts";
import { setClientQuota } from "../support/servers/client-quota.ts";
import type { KafkaServer } from "../support/servers/kafka.ts";
import { type KafkaCluster, startKafkaCluster } from "../support/servers/kafka-cluster.ts";
import { rawKafka } from "../support/servers/raw-kafka.ts";

const topic = "read-near";
const key = partitionKey(topic, 0);
const BATCH_BYTES = 100_000;
const LIMIT_MS = 60_000;
const servers = inject("servers");

describe.skipIf(servers.kind === "missing" || !process.env["CI"])("a cluster of two racks", () => {
  let cluster: KafkaCluster;
  let writer: Log;
  let near: Log;
  let written = 0;
  const open: Log[] = [];

  /** The broker in zone-a leads and has the controller, the one in zone-b follows. */
  const broker = (rack: "zone-a" | "zone-b"): KafkaServer => cluster.brokers[rack === "zone-a" ? 0 : 1] as KafkaServer;
  const sentBy = (rack: "zone-a" | "zone-b") => broker(rack).proxied?.proxy.forwardedBytes["to-client"] ?? 0;

  async function connect(options: { readonly rack?: string; readonly clientId?: string }): Promise<Log> {
    const log = await createKafkaLog({ brokers: [broker("zone-a").proxied?.bootstrap ?? ""], ...options });
    open.push(log);
    return log;
  }

  /** Writes numbered records, a transaction and 100 kB each. */
  async function write(log: Log, count: number): Promise<void> {
    const timeouts = { transactionTimeoutMs: LIMIT_MS, deadlineMs: LIMIT_MS };
    const transactor = await log.transactor({ transactionalId: "writer", ...timeouts });
    for (const end = written + count; written < end; written++) {
      transactor.begin();
      await transactor.send([{ topic, partition: 0, records: batchOf([`${written} `.padEnd(BATCH_BYTES, ".")]) }]);
      await transactor.commit();
    }
  }

  /** Reads from the offset of a numbered record until all that were written are there. */
  async function readFrom(log: Log, first: number): Promise<number[]> {
    const numbers: number[] = [];
    // each transaction is a record and a marker
    let at = first * 2;
    for (const giveUpAtMs = Date.now() + LIMIT_MS; numbers.length < written - first && Date.now() < giveUpAtMs; ) {
      const sizes = { maxBytes: 1 << 20, maxPartitionBytes: 1 << 20 };
      const answer = (await log.fetch({ positions: new Map([[key, at]]), maxWaitMs: 500, ...sizes })).get(key);
      if (answer === undefined) continue;
      numbers.push(...rowsOf(answer).map(({ value }) => Number.parseInt(String(value), 10)));
      if (answer.kind === "records") at = answer.next;
    }
    return numbers;
  }

  const numbersFrom = (first: number) => Array.from({ length: written - first }, (_, index) => first + index);

  beforeAll(async () => {
    cluster = await startKafkaCluster(["zone-a", "zone-b"]);
    const { bootstrap } = broker("zone-a");
    const admin = rawKafka(bootstrap).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, replicaAssignment: [{ partition: 0, replicas: [1, 2] }] }] });
    await admin.disconnect();
    writer = await createKafkaLog({ brokers: [bootstrap] });
    open.push(writer);
    near = await connect({ rack: "zone-b" });
  });

  afterAll(async () => {
    for (const log of open) await log.close();
    await cluster?.stop();
  });

  test("who names its rack reads the follower there", async () => {
    await write(writer, 20);
    const before = sentBy("zone-a");
    expect(await readFrom(near, 0)).toEqual(numbersFrom(0));
    expect(sentBy("zone-b")).toBeGreaterThan(20 * BATCH_BYTES);
    expect(sentBy("zone-a") - before).toBeLessThan(BATCH_BYTES);
  });

  test("who names none reads the leader", async () => {
    const before = [sentBy("zone-a"), sentBy("zone-b")] as const;
    expect(await readFrom(await connect({}), 0)).toEqual(numbersFrom(0));
    expect(sentBy("zone-a") - before[0]).toBeGreaterThan(20 * BATCH_BYTES);
    expect(sentBy("zone-b") - before[1]).toBeLessThan(BATCH_BYTES);
  });

  test("who is throttled waits as long as the brokers say, writing and reading, and loses nothing", async () => {
    const rate = 4 * BATCH_BYTES;
    const quota = { clientId: "slow", producer_byte_rate: rate, consumer_byte_rate: rate };
    await setClientQuota(broker("zone-a").bootstrap, quota);
    const slow = await connect({ clientId: quota.clientId });
    const [count, startedAtMs] = [12, Date.now()];
    await write(slow, count);
    const wroteAtMs = Date.now();
    expect(await readFrom(slow, written - count)).toEqual(numbersFrom(written - count));
    // two seconds' worth are free, the rest takes its time
    const leastMs = ((count * BATCH_BYTES) / rate - 2) * 1_000;
    expect(wroteAtMs - startedAtMs).toBeGreaterThan(leastMs);
    expect(Date.now() - wroteAtMs).toBeGreaterThan(leastMs);
  });

  test("who read a follower that dies goes on at the leader", async () => {
    const first = written;
    await broker("zone-b").kill();
    await write(writer, 5);
    const before = sentBy("zone-a");
    expect(await readFrom(near, first)).toEqual(numbersFrom(first));
    expect(sentBy("zone-a") - before).toBeGreaterThan(5 * BATCH_BYTES);
  });
});
