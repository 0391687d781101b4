/** The Kafka rights of docs/deploy.md on a broker that enforces them: enough for each function; what is not given is refused by name. */
import kafkajs from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InProcessLauncher } from "../../lib/adapters/in-process/launcher.ts";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import { createMemoryLeaseTable } from "../../lib/adapters/memory/lease-table.ts";
import { createMemoryObjectStore } from "../../lib/adapters/memory/object-store.ts";
import { systemClock as clock, systemRandom as random } from "../../lib/adapters/system/clock.ts";
import { jsonLogger } from "../../lib/adapters/system/logger.ts";
import { parseSettings } from "../../lib/config/settings.ts";
import { defineApp, int64, openTables, string } from "../../lib/index.ts";
import type { Log } from "../../lib/ports/log.ts";
import { RecordWriter } from "../../lib/records/writer.ts";
import { runCoordinator } from "../../lib/scaling/run-coordinator.ts";
import type { WorkerSummary } from "../../lib/worker/worker.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { type KafkaServer, startKafka } from "../support/servers/kafka.ts";
import { freePorts } from "../support/servers/ports.ts";

const { AclOperationTypes: Operation, AclResourceTypes: Resource, ResourcePatternTypes: Pattern } = kafkajs;
type User = "worker" | "coordinator" | "query";
const users: readonly User[] = ["worker", "coordinator", "query"];
type Right = readonly [user: User, resource: number, name: string, pattern: number, operations: readonly number[]];

/** What docs/deploy.md lists for an application `words` that reads `in` and writes `out`. */
const rights: readonly Right[] = [
  ["worker", Resource.TOPIC, "in", Pattern.LITERAL, [Operation.READ]],
  ["worker", Resource.TOPIC, "out", Pattern.LITERAL, [Operation.WRITE]],
  ["worker", Resource.TOPIC, "words-", Pattern.PREFIXED, [Operation.READ, Operation.WRITE, Operation.DELETE]],
  ["worker", Resource.TRANSACTIONAL_ID, "words-", Pattern.PREFIXED, [Operation.WRITE]],
  ["worker", Resource.GROUP, "words", Pattern.LITERAL, [Operation.READ]],
  ["coordinator", Resource.TOPIC, "in", Pattern.LITERAL, [Operation.DESCRIBE]],
  ["coordinator", Resource.TOPIC, "out", Pattern.LITERAL, [Operation.DESCRIBE]],
  ["coordinator", Resource.TOPIC, "words-", Pattern.PREFIXED, [Operation.READ, Operation.CREATE]],
  ["query", Resource.TOPIC, "in", Pattern.LITERAL, [Operation.DESCRIBE]],
  ["query", Resource.TOPIC, "out", Pattern.LITERAL, [Operation.DESCRIBE]],
  ["query", Resource.TOPIC, "words-", Pattern.PREFIXED, [Operation.READ]],
];

const app = defineApp({ id: "words" }, (builder) => {
  builder
    .stream("in", { key: string(), value: string() })
    .groupBy((_key, word) => word, { key: string() })
    .count({ store: "counts" })
    .toStream()
    .to("out", { key: string(), value: int64() });
});

const settings = parseSettings({
  lease: { deadAfterMs: "1s" },
  commit: { positionOnlyMs: "200ms" },
  worker: { mirrorMs: "500ms", purgeMs: "1s" },
  scaling: { idleToZeroMs: "3s", scaleInWindowMs: "1s" },
});

describeWithServers("Kafka rights", () => {
  let broker: KafkaServer;
  let secured = "";
  let admin: Log;
  const open: Log[] = [];
  const lines: string[] = [];
  const summaries: WorkerSummary[] = [];
  const leases = createMemoryLeaseTable();
  const objects = createMemoryObjectStore();
  const logger = jsonLogger("warn", (line) => lines.push(line), Date.now);

  async function logAs(username: User, password: string = username): Promise<Log> {
    const log = await createKafkaLog({ brokers: [secured], sasl: { mechanism: "plain", username, password }, logger });
    open.push(log);
    return log;
  }

  beforeAll(async () => {
    const [plain = 0, sasl = 0, controller = 0] = await freePorts(3);
    secured = `127.0.0.1:${sasl}`;
    const passwords = users.map((user) => `user_${user}="${user}"`).join(" ");
    const listeners = `PLAINTEXT://127.0.0.1:${plain},SASL://${secured}`;
    broker = await startKafka({
      port: plain,
      properties: {
        listeners: `${listeners},CONTROLLER://127.0.0.1:${controller}`,
        "advertised.listeners": listeners,
        "controller.quorum.voters": `1@127.0.0.1:${controller}`,
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required ${passwords};`,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
      },
    });
    admin = await createKafkaLog({ brokers: [broker.bootstrap] });
    open.push(admin);
    await admin.createTopics(["in", "out"].map((name) => ({ name, partitions: 2, replicas: 1, configs: {} })));
    await grant(broker.bootstrap);
    await writeWords(admin);
  });

  afterAll(async () => {
    for (const log of open) await log.close();
    await broker?.stop();
  });

  test("are enough for the coordinator and its workers, the mirror and the purge included", async () => {
    const launcher = new InProcessLauncher({
      app,
      settings,
      ports: async () => ({ log: await logAs("worker"), leases, objects, clock, random, logger }),
      onExit: (_worker, summary) => summary !== undefined && summaries.push(summary),
    });
    const log = await logAs("coordinator");
    const ports = { log, leases, launcher, clock, random, logger };
    const life = { remainingMs: () => undefined, stop: AbortSignal.timeout(60_000) };
    await runCoordinator({ app, ports, settings, until: "idle", life });
    await launcher.close();
    expect(summaries.map(({ ended, errors }) => [ended, errors])).toEqual([["nothing-assigned", []]]);
    expect(lines).toEqual([]);
    expect((await admin.committed("words", [{ topic: "in", partition: 0 }])).size).toBe(1);
    const repartition = [0, 1].map((partition) => ({ topic: "words-counts-repartition", partition }));
    const starts = [...(await admin.offsets(repartition, "earliest")).values()];
    expect(Math.max(...starts)).toBeGreaterThan(0);
  });

  test("are enough for queries", async () => {
    const tables = await openTables(app, { log: await logAs("query"), leases, objects });
    const counts = tables.get<string, number>("counts");
    for (const freshness of ["committed", "snapshot"] as const) {
      expect((await counts.get("two", { freshness })).row?.value).toBe(2);
    }
  });

  test("leave a query nothing to write with", async () => {
    const log = await logAs("query");
    const options = { transactionalId: "words-0", transactionTimeoutMs: 10_000, deadlineMs: 10_000 };
    await expect(log.transactor(options)).rejects.toMatchObject({
      code: "ACCESS_DENIED",
      message: expect.stringContaining("transactional id words-0"),
    });
  });

  test("leave a worker no topics to create", async () => {
    const log = await logAs("worker");
    const created = log.createTopics([{ name: "words-more", partitions: 1, replicas: 1, configs: {} }]);
    await expect(created).rejects.toMatchObject({
      code: "ACCESS_DENIED",
      message: expect.stringContaining("words-more"),
    });
  });

  test("are not given to a wrong password", async () => {
    await expect(logAs("worker", "guessed")).rejects.toMatchObject({
      code: "AUTHENTICATION_FAILED",
      advice: "grant-access",
    });
  });
});

async function grant(bootstrap: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const acl = rights.flatMap(([user, resourceType, resourceName, resourcePatternType, operations]) =>
    operations.map((operation) => ({
      principal: `User:${user}`,
      host: "*",
      permissionType: kafkajs.AclPermissionTypes.ALLOW,
      resourceType,
      resourceName,
      resourcePatternType,
      operation,
    })),
  );
  await admin.createAcls({ acl });
  await admin.disconnect();
}

async function writeWords(log: Log): Promise<void> {
  const records = new RecordWriter();
  for (const word of ["one", "two", "two"]) records.append(1_000, null, Buffer.from(word));
  const timeouts = { transactionTimeoutMs: 10_000, deadlineMs: 15_000 };
  const transactor = await log.transactor({ transactionalId: "words-input", ...timeouts });
  transactor.begin();
  await transactor.send([{ topic: "in", partition: 0, records }]);
  await transactor.commit();
}
