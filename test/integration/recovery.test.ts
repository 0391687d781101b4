import { setTimeout as delay } from "node:timers/promises";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureTable } from "../../lib/adapters/dynamodb/ensure-table.ts";
import { silentLogger } from "../../lib/adapters/system/logger.ts";
import { readNewestPosition } from "../../lib/application/newest-position.ts";
import { prepareApplication } from "../../lib/application/prepare.ts";
import { parseSettings } from "../../lib/config/settings.ts";
import { parsePartitionKey, partitionKey } from "../../lib/core/ids.ts";
import { type App, defineApp, int64, openTables, string } from "../../lib/index.ts";
import type { Log } from "../../lib/ports/log.ts";
import { RecordWriter } from "../../lib/records/writer.ts";
import { partitionForKey } from "../../lib/serde/murmur2.ts";
import type { PinPorts } from "../../lib/task/pin-acquire.ts";
import { runWorker } from "../../lib/worker/run-worker.ts";
import { readAll } from "../sim/read-all.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { type KafkaServer, startKafka } from "../support/servers/kafka.ts";
import { awsSettings, openPorts, type Places } from "./chaos/places.ts";

const PARTITIONS = 3;
const settings = parseSettings({ commit: { positionOnlyMs: 500 }, worker: { mirrorMs: 500 } });

/** Fetches of a worker's own log client: topic, partition and offset asked for. */
interface Fetches {
  readonly asked: Map<string, number>;
}

function countApp(id: string): App {
  return defineApp({ id }, (builder) => {
    builder
      .stream(`${id}-in`, { key: string(), value: int64() })
      .groupByKey()
      .count({ store: "counts" })
      .toStream()
      .to(`${id}-out`);
  });
}

/** Notes the lowest offset that is fetched of each partition. */
function recording(log: Log): { log: Log; fetches: Fetches } {
  const asked = new Map<string, number>();
  const fetch: Log["fetch"] = (request) => {
    for (const [key, offset] of request.positions) asked.set(key, Math.min(offset, asked.get(key) ?? offset));
    return log.fetch(request);
  };
  return {
    log: new Proxy(log, { get: (target, name) => (name === "fetch" ? fetch : bound(target, name)) }),
    fetches: { asked },
  };
}

function bound(target: Log, name: string | symbol): unknown {
  const member = Reflect.get(target, name) as unknown;
  return typeof member === "function" ? member.bind(target) : member;
}

describeWithServers("a pin comes back", ({ s3, dynamodb }) => {
  let broker: KafkaServer;
  let places: Places;
  let control: PinPorts;

  beforeAll(async () => {
    // Eight idle days in a minute: group offsets and transactional ids expire while nobody works.
    broker = await startKafka({
      properties: {
        "offsets.retention.minutes": 1,
        "offsets.retention.check.interval.ms": 1_000,
        "transactional.id.expiration.ms": 15_000,
        "transaction.remove.expired.transaction.cleanup.interval.ms": 2_000,
        "producer.id.expiration.ms": 15_000,
      },
    });
    const name = `recovery-${Date.now().toString(36)}`;
    places = { brokers: [broker.bootstrap], s3, bucket: name, dynamodb, table: name };
    await new S3Client({ ...awsSettings(s3), forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: name }));
    await ensureTable(name, awsSettings(dynamodb));
    control = await openPorts(places, { app: "control", clientId: "control", logger: silentLogger });
  });

  afterAll(async () => {
    await control?.log.close();
    await broker?.stop();
  });

  async function produce(app: App, from: number, count: number): Promise<void> {
    const transactor = await control.log.transactor({
      transactionalId: `${app.id}-input`,
      transactionTimeoutMs: 30_000,
      deadlineMs: 30_000,
    });
    const writers = Array.from({ length: PARTITIONS }, () => new RecordWriter());
    for (let value = from; value < from + count; value++) {
      const key = `k${value % 40}`;
      const writer = writers[partitionForKey(Buffer.from(key), PARTITIONS)] as RecordWriter;
      writer.openRecord(Date.now());
      writer.sink.utf8(key);
      writer.endKey();
      writer.sink.int64(value);
      writer.endValue();
      writer.closeRecord();
    }
    transactor.begin();
    await transactor.send(writers.map((records, partition) => ({ topic: `${app.id}-in`, partition, records })));
    await transactor.commit();
  }

  async function deploy(app: App): Promise<PinPorts> {
    const ports = await openPorts(places, { app: app.id, clientId: `${app.id}-deploy`, logger: silentLogger });
    await ports.log.createTopics(
      [`${app.id}-in`, `${app.id}-out`].map((name) => ({ name, partitions: PARTITIONS, replicas: 1, configs: {} })),
    );
    await prepareApplication(app, ports, "deploy");
    return ports;
  }

  /** Runs one worker with every pin until it has processed all of its input, then lets it sleep. */
  async function work(app: App, worker: string): Promise<Fetches> {
    const open = await openPorts(places, { app: app.id, clientId: worker, logger: silentLogger });
    const { log, fetches } = recording(open.log);
    const plan = await prepareApplication(app, open, "check");
    await open.leases.plan({ kind: "add-worker", worker, assigned: plan.pins.map(({ pin }) => pin) });
    const stop = new AbortController();
    const running = runWorker({
      app,
      worker,
      settings,
      ports: { ...open, log },
      life: { remainingMs: () => undefined, stop: stop.signal },
    });
    const ends = await control.log.offsets(
      plan.pins.flatMap(({ tasks }) => tasks.flatMap(({ inputs }) => inputs)),
      "lso",
    );
    const deadline = Date.now() + 60_000;
    for (const [key, end] of ends) {
      for (;;) {
        const position = await readNewestPosition(control.log, plan.positionsTopic, parsePartitionKey(key).partition);
        if ((position?.inputs[key] ?? -1) >= end) break;
        if (Date.now() > deadline) throw new Error(`${key} never reached ${end}: it is at ${position?.inputs[key]}`);
        await delay(50);
      }
    }
    stop.abort();
    const summary = await running;
    await open.log.close();
    expect(summary.errors).toEqual([]);
    return fetches;
  }

  /** Per key the outputs are exactly 1, 2, 3, …, and the table says the last of them. */
  async function expectCounts(app: App, total: number): Promise<void> {
    const outputs = await readAll(control.log, `${app.id}-out`);
    const seen = new Map<string, number>();
    for (const { key, value } of outputs) {
      expect(Number(value?.readBigInt64BE()), `output of ${key}`).toBe((seen.get(key) ?? 0) + 1);
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect([...seen.values()].reduce((sum, count) => sum + count, 0)).toBe(total);
    const ports = await openPorts(places, { app: app.id, clientId: "query", logger: silentLogger });
    const tables = await openTables(app, ports);
    for (const [key, count] of seen) {
      const { row } = await tables.get<string, number>("counts").get(key, { freshness: "snapshot" });
      expect(row?.value, `table of ${key}`).toBe(count);
    }
    await ports.log.close();
  }

  test("from the snapshot and the tail alone, without reading its input again", async () => {
    const app = countApp(`again-${Date.now().toString(36)}`);
    const ports = await deploy(app);
    await produce(app, 0, 3_000);
    await work(app, "first");
    const leases = (await ports.leases.observe()).leases;
    expect(leases.map(({ pin, owner, asleep, pointer }) => [pin, owner, asleep, pointer !== undefined])).toEqual(
      [0, 1, 2].map((pin) => [pin, undefined, true, true]),
    );
    const before = await Promise.all(
      [0, 1, 2].map((pin) => readNewestPosition(control.log, `${app.id}-positions`, pin)),
    );
    await produce(app, 3_000, 300);
    const { asked } = await work(app, "second");
    for (const pin of [0, 1, 2]) {
      const input = partitionKey(`${app.id}-in`, pin);
      const changelog = partitionKey(`${app.id}-counts-changelog`, pin);
      expect(asked.get(input), `first fetch of ${input}`).toBe(before[pin]?.inputs[input]);
      // The snapshot covers the whole changelog, so its tail is only looked at to see that it is empty.
      expect(asked.get(changelog) ?? Number.MAX_SAFE_INTEGER).toBeGreaterThanOrEqual(
        before[pin]?.changelogs[changelog] ?? 0,
      );
    }
    await expectCounts(app, 3_300);
    await ports.log.close();
  });

  test("after eight idle days, when group offsets and transactional ids are gone", async () => {
    const app = countApp(`idle-${Date.now().toString(36)}`);
    const ports = await deploy(app);
    await produce(app, 0, 600);
    await work(app, "before");
    const inputs = [0, 1, 2].map((partition) => ({ topic: `${app.id}-in`, partition }));
    expect([...(await control.log.committed(app.id, inputs)).values()].every((offset) => offset !== undefined)).toBe(
      true,
    );
    const deadline = Date.now() + 150_000;
    while ([...(await control.log.committed(app.id, inputs)).values()].some((offset) => offset !== undefined)) {
      if (Date.now() > deadline) throw new Error("the group's offsets did not expire");
      await delay(2_000);
    }
    await produce(app, 600, 300);
    const { asked } = await work(app, "after");
    expect(asked.get(partitionKey(`${app.id}-in`, 0))).toBeGreaterThan(0);
    await expectCounts(app, 900);
    await ports.log.close();
  });
});
