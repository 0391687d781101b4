/** TLS and SASL against a broker that wants both: every way in works end to end, every wrong way is told what to do. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import type { KafkaLogOptions } from "../../lib/adapters/kafka/options.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import type { Log } from "../../lib/ports/log.ts";
import { batchOf, rowsOf } from "../conformance/log/scene.ts";
import { createAuthority } from "../support/servers/certificates.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { grantRights, type Right } from "../support/servers/kafka-rights.ts";
import { type SecuredKafka, startSecuredKafka } from "../support/servers/secured-kafka.ts";

const user = "anna";
const password = "correct horse, battery = staple";
const mechanisms = ["plain", "scram-sha-256", "scram-sha-512"] as const;

/** Enough for one topic that it creates, writes in transactions, reads, purges and commits offsets of. */
const rights: readonly Right[] = [
  ...(["CREATE", "READ", "WRITE", "DELETE"] as const).map(
    (operation): Right => ({ user, resource: "TOPIC", name: "anna-", pattern: "prefixed", operation }),
  ),
  { user, resource: "TRANSACTIONAL_ID", name: "anna-", pattern: "prefixed", operation: "WRITE" },
  { user, resource: "GROUP", name: "anna", pattern: "literal", operation: "READ" },
];

describeWithServers("signing in", () => {
  let broker: SecuredKafka;
  const open: Log[] = [];

  async function connect(options: Partial<KafkaLogOptions>): Promise<Log> {
    const log = await createKafkaLog({
      brokers: [broker.bootstrap],
      ssl: { ca: [broker.authorityPem] },
      sasl: { mechanism: "scram-sha-512", username: user, password },
      ...options,
    });
    open.push(log);
    return log;
  }

  /** Everything that a worker and a coordinator do with a log, once. */
  async function everythingOn(log: Log, topic: string): Promise<void> {
    const key = partitionKey(topic, 0);
    await log.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }]);
    const timeouts = { transactionTimeoutMs: 10_000, deadlineMs: 15_000 };
    const transactor = await log.transactor({ transactionalId: `${topic}-0`, ...timeouts });
    transactor.begin();
    await transactor.send([{ topic, partition: 0, records: batchOf([{ key: "k", value: "v" }]) }]);
    await transactor.sendOffsets("anna", new Map([[key, 1]]));
    await transactor.commit();
    const sizes = { maxBytes: 1 << 20, maxPartitionBytes: 1 << 20 };
    const fetched = (await log.fetch({ positions: new Map([[key, 0]]), maxWaitMs: 5_000, ...sizes })).get(key);
    if (fetched?.kind !== "records") throw new Error(`nothing was fetched of ${topic}`);
    expect(rowsOf(fetched).map((row) => [String(row.key), String(row.value)])).toEqual([["k", "v"]]);
    await log.deleteRecords(new Map([[key, 1]]));
    expect([...(await log.committed("anna", [{ topic, partition: 0 }])).values()]).toEqual([1]);
  }

  beforeAll(async () => {
    broker = await startSecuredKafka({ users: [{ name: user, password }] });
    await grantRights(broker.plain, rights);
  });

  afterAll(async () => {
    for (const log of open) await log.close();
    await broker?.stop();
  });

  test.for(mechanisms)("%s over TLS: topics, a transaction, fetch, offsets and purge", async (mechanism) => {
    await everythingOn(await connect({ sasl: { mechanism, username: user, password } }), `anna-${mechanism}`);
  });

  describe("is refused", () => {
    test.for(mechanisms)("with a wrong password (%s)", async (mechanism) => {
      const guess = connect({ sasl: { mechanism, username: user, password: "guessed" } });
      await expect(guess).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        advice: "grant-access",
        details: { refused: "credentials" },
      });
    });

    test.for([
      ["a certificate of an authority that it was not told of", { ssl: true }, "kafka.tlsCa"],
      ["a certificate of another authority", { ssl: { ca: createAuthority("another").certificatePem } }, "kafka.tlsCa"],
    ] as const)("by a client that sees %s", async ([, options, advice]) => {
      await expect(connect(options)).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        message: expect.stringContaining(advice),
        details: { refused: "certificate" },
      });
    });

    test("by a client that sees an expired certificate", async () => {
      await expect(connect({ brokers: [broker.expired] })).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        message: expect.stringContaining("renew it"),
        details: { broker: broker.expired, tlsError: "CERT_HAS_EXPIRED" },
      });
    });

    test("by a client that asks for another name than the certificate has", async () => {
      const brokers = [broker.bootstrap.replace("127.0.0.1", "localhost")];
      await expect(connect({ brokers })).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        details: { tlsError: "ERR_TLS_CERT_ALTNAME_INVALID" },
      });
    });

    test("with TLS where the broker speaks plain text, and the other way round", async () => {
      await expect(connect({ brokers: [broker.plain] })).rejects.toMatchObject({
        code: "BROKER_UNREACHABLE",
        message: expect.stringContaining("is this a listener with TLS?"),
      });
      const plain = createKafkaLog({ brokers: [broker.bootstrap] });
      await expect(plain).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
    });
  });
});
