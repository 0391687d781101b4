import { randomUUID } from "node:crypto";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { ensureTable } from "../../../lib/adapters/dynamodb/ensure-table.ts";
import { silentLogger } from "../../../lib/adapters/system/logger.ts";
import { readNewestPosition } from "../../../lib/application/newest-position.ts";
import type { Position } from "../../../lib/application/position.ts";
import { prepareApplication } from "../../../lib/application/prepare.ts";
import type { SettingsInput } from "../../../lib/config/settings.ts";
import { partitionKey } from "../../../lib/core/ids.ts";
import type { App } from "../../../lib/dsl/app.ts";
import { type AppSettings, defineApp, string } from "../../../lib/index.ts";
import type { Transactor } from "../../../lib/ports/log.ts";
import { openTables } from "../../../lib/query/tables.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { partitionForKey } from "../../../lib/serde/murmur2.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import type { PinPorts } from "../../../lib/task/pin-acquire.ts";
import { forEachCommitted, keyTextOf, Violations, valueBytes } from "../../support/oracle/committed.ts";
import type { AwsAddress } from "../../support/servers/aws-server.ts";
import { awsSettings, openPorts, type Places } from "../chaos/places.ts";

export const PARTITIONS = 3;
const KEYS = 50;
const BATCH_RECORDS = 2_000;

/** Quick to notice a death and to sleep; snapshots only when a pin goes to sleep, so that tests decide when there is a tail. */
export const recoverySettings = {
  lease: { deadAfterMs: 1_500 },
  commit: { positionOnlyMs: 200 },
  worker: { mirrorMs: 500 },
  scaling: { maxWorkers: 2, scaleInWindowMs: 1_000, idleToZeroMs: 1_000, startGraceMs: 5_000 },
} as const satisfies SettingsInput;

/** A count by key on real servers, with everything that a test needs to feed it and to look at what came out. */
export class CountApp {
  app: App;
  readonly places: Places;
  /** Ports of the test itself. */
  readonly ports: PinPorts;
  private readonly written: Map<string, number> = new Map();
  private serial = 0;

  private constructor(app: App, places: Places, ports: PinPorts) {
    this.app = app;
    this.places = places;
    this.ports = ports;
  }

  /** Makes topics, bucket and table of their own. */
  static async create(servers: { bootstrap: string; s3: AwsAddress; dynamodb: AwsAddress }): Promise<CountApp> {
    const id = `count-${randomUUID().slice(0, 8)}`;
    const { bootstrap, s3, dynamodb } = servers;
    const places: Places = { brokers: [bootstrap], s3, bucket: id, dynamodb, table: id };
    const client = new S3Client({ ...awsSettings(s3), forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: id }));
    client.destroy();
    await ensureTable(id, awsSettings(dynamodb));
    const ports = await openPorts(places, { app: id, clientId: "test", logger: silentLogger });
    const topic = (name: string) => ({ name, partitions: PARTITIONS, replicas: -1, configs: {} });
    await ports.log.createTopics([topic(`${id}-in`), topic(`${id}-out`), topic(`${id}-dead`)]);
    return new CountApp(countApp(id, string()), places, ports);
  }

  get changelogTopic(): string {
    return `${this.app.id}-counts-changelog`;
  }

  /** The next machines run with values read in another way, and perhaps with exception handlers. */
  redeploy(value: Serde<string>, handlers: Omit<AppSettings, "id"> = {}): void {
    this.app = countApp(this.app.id, value, handlers);
  }

  /** Writes one record with the bytes of a value. @returns where it went */
  async writeBytes(key: string, value: Uint8Array): Promise<{ partition: number; offset: number }> {
    const topic = `${this.app.id}-in`;
    const partition = partitionForKey(Buffer.from(key), PARTITIONS);
    const transactor = await this.connectFeed();
    const records = new RecordWriter();
    records.append(this.ports.clock.nowMs(), Buffer.from(key), value);
    transactor.begin();
    const ends = await transactor.send([{ topic, partition, records }]);
    await transactor.commit();
    this.written.set(key, (this.written.get(key) ?? 0) + 1);
    return { partition, offset: (ends.get(partitionKey(topic, partition)) ?? 0) - 1 };
  }

  private connectFeed(): Promise<Transactor> {
    const transactionalId = `${this.app.id}-feed`;
    return this.ports.log.transactor({ transactionalId, transactionTimeoutMs: 30_000, deadlineMs: 30_000 });
  }

  /** Writes records under every key. */
  async write(records: number): Promise<void> {
    const transactor = await this.connectFeed();
    for (let left = records; left > 0; left -= BATCH_RECORDS) {
      const writers = new Map<number, RecordWriter>();
      for (let i = 0; i < Math.min(left, BATCH_RECORDS); i++) {
        const key = `k${this.serial % KEYS}`;
        const partition = partitionForKey(Buffer.from(key), PARTITIONS);
        const writer = writers.get(partition) ?? new RecordWriter();
        writers.set(partition, writer);
        this.serial++;
        writer.append(this.ports.clock.nowMs(), Buffer.from(key), Buffer.from("x"));
        this.written.set(key, (this.written.get(key) ?? 0) + 1);
      }
      transactor.begin();
      await transactor.send(
        [...writers].map(([partition, batch]) => ({ topic: `${this.app.id}-in`, partition, records: batch })),
      );
      await transactor.commit();
    }
  }

  /** Newest position of each pin. */
  positions(): Promise<readonly (Position | undefined)[]> {
    const pins = Array.from({ length: PARTITIONS }, (_, pin) => pin);
    return Promise.all(pins.map((pin) => readNewestPosition(this.ports.log, `${this.app.id}-positions`, pin)));
  }

  /** Where each pin is in its input partition. */
  async reached(): Promise<readonly number[]> {
    const positions = await this.positions();
    return positions.map((position, pin) => position?.inputs[partitionKey(`${this.app.id}-in`, pin)] ?? 0);
  }

  /** Where each input partition ends. */
  async inputEnds(): Promise<readonly number[]> {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: `${this.app.id}-in`,
      partition,
    }));
    const ends = await this.ports.log.offsets(partitions, "lso");
    return partitions.map(({ topic, partition }) => ends.get(partitionKey(topic, partition)) ?? 0);
  }

  /** True when every record that was written is processed. */
  async isCaughtUp(): Promise<boolean> {
    const [reached, ends] = [await this.reached(), await this.inputEnds()];
    return reached.every((offset, pin) => offset >= (ends[pin] ?? 0));
  }

  /** Outputs count 1, 2, 3, … per key up to what was written, and so does the table; nothing lost, nothing twice. */
  async violations(): Promise<readonly string[]> {
    const found = new Violations();
    const counts = new Map<string, number>();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await forEachCommitted(this.ports.log, { topic: `${this.app.id}-out`, partition }, (record) => {
        const key = keyTextOf(record);
        const count = Number(valueBytes(record)?.readBigInt64BE());
        if (count !== (counts.get(key) ?? 0) + 1) found.add(`${key} is ${count} after ${counts.get(key) ?? 0}`);
        counts.set(key, count);
      });
    }
    for (const [key, count] of this.written)
      if (counts.get(key) !== count) found.add(`${key} ends at ${counts.get(key)}, written were ${count}`);
    const { rows } = await (await openTables(this.app, this.ports)).get<string, number>("counts").range();
    for (const { key, value } of rows)
      if (this.written.get(key) !== value)
        found.add(`the table says ${key} is ${value}, written were ${this.written.get(key)}`);
    if (rows.length !== this.written.size)
      found.add(`the table has ${rows.length} rows, written were ${this.written.size} keys`);
    return found.list;
  }

  /** The plan, for what only it knows. */
  plan() {
    return prepareApplication(this.app, this.ports, "check");
  }

  close(): Promise<void> {
    return this.ports.log.close();
  }
}

/** Counts by key. Every value is looked at, so that one that cannot be read shows. */
function countApp(id: string, value: Serde<string>, handlers: Omit<AppSettings, "id"> = {}): App {
  return defineApp({ id, ...handlers }, (builder) => {
    builder
      .stream(`${id}-in`, { key: string(), value })
      .filter((_key, text) => text !== undefined)
      .groupByKey()
      .count({ store: "counts" })
      .toStream()
      .to(`${id}-out`);
  });
}
