/** TLS and SASL against a broker that wants both: every way in works end to end, every wrong way is told what to do. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import type { KafkaLogOptions } from "../../lib/adapters/kafka/options.ts";
import { parseConnections } from "../../lib/config/connections.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import type { Log } from "../../lib/ports/log.ts";
import { connect as connectPorts } from "../../lib/runtime/connect.ts";
import { batchOf, rowsOf } from "../conformance/log/scene.ts";
import { startAwsEndpoint } from "../support/aws-endpoint.ts";
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
  { user: "bert", resource: "TOPIC", name: "anna-", pattern: "prefixed", operation: "READ" },
  { user: "carl", resource: "TRANSACTIONAL_ID", name: "carl-", pattern: "prefixed", operation: "WRITE" },
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

  test("oauthbearer over TLS, on a session that is prolonged while it is used", async () => {
    let asked = 0;
    const token = async () => {
      asked++;
      return { value: broker.token({ user, lifeSeconds: 5 }), expiresAtMs: Date.now() + 5_000 };
    };
    const log = await connect({ sasl: { mechanism: "oauthbearer", token } });
    await everythingOn(log, "anna-oauthbearer");
    expect(asked).toBe(1);
    for (const until = Date.now() + 8_000; Date.now() < until; await sleep(100)) {
      await log.offsets([{ topic: "anna-oauthbearer", partition: 0 }], "hw");
    }
    expect(asked).toBeGreaterThan(1);
  });

  describe("with a password that was rotated", () => {
    const rotated = { name: "bert", password: "first" };

    /** A log whose secret is `held`, and how often it was read. */
    async function connectWith(held: { password: string }) {
      let reads = 0;
      const credentials = async () => {
        reads++;
        return { username: rotated.name, password: held.password };
      };
      const log = await connect({ sasl: { mechanism: "scram-sha-256", credentials }, dataConnections: 1 });
      return { log, reads: () => reads };
    }

    test("reads the secret once more and goes on; connections that are there do not notice", async () => {
      await broker.rotate(rotated);
      const held = { password: "first" };
      const { log, reads } = await connectWith(held);
      await broker.rotate({ ...rotated, password: "second" });
      held.password = "second";
      expect((await log.describe([])).size).toBe(0);
      expect(reads()).toBe(1);
      // fetches have connections of their own, which sign in anew
      const positions = new Map([[partitionKey("anna-plain", 0), 1]]);
      const answer = await log.fetch({ positions, maxWaitMs: 10, maxBytes: 65_536, maxPartitionBytes: 65_536 });
      expect([...answer.values()].map(({ kind }) => kind)).toEqual(["records"]);
      expect(reads()).toBe(2);
    });

    test("fails with one typed error when the secret still holds the old one, or another wrong one", async () => {
      await broker.rotate(rotated);
      const refused = { code: "AUTHENTICATION_FAILED", details: { refused: "credentials" } };
      await expect(connectWith({ password: "stale" })).rejects.toMatchObject(refused);
      let reads = 0;
      const credentials = async () => ({ username: rotated.name, password: `guess ${reads++}` });
      await expect(connect({ sasl: { mechanism: "plain", credentials } })).rejects.toMatchObject(refused);
      expect(reads).toBe(2);
    });
  });

  describe("with the settings of a deployed function", () => {
    const rest = { table: { name: "leases" }, bucket: { name: "snapshots" } };
    const kafka = () => ({ brokers: broker.bootstrap, tls: true, tlsCa: broker.authorityPem });
    const app = { id: "anna-app", kafkaToken: async () => ({ value: broker.token({ user, lifeSeconds: 60 }) }) };

    test("oauthbearer takes the tokens of the application", async () => {
      const connections = parseConnections({ kafka: { ...kafka(), saslMechanism: "oauthbearer" }, ...rest });
      await using ports = await connectPorts(app, connections);
      await everythingOn(ports.log, "anna-app-tokens");
      await expect(connectPorts({ id: "anna-app" }, connections)).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        message: expect.stringContaining("kafkaToken"),
      });
    });

    test("a secret of Secrets Manager that was rotated is read again, once", async () => {
      const rotated = { name: "carl", password: "first" };
      await broker.rotate(rotated);
      let held = rotated.password;
      const secret = () => JSON.stringify({ username: rotated.name, password: held });
      const json = { "content-type": "application/x-amz-json-1.1" };
      const endpoint = await startAwsEndpoint(() => ({
        status: 200,
        headers: json,
        body: JSON.stringify({ SecretString: secret() }),
      }));
      vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint.url);
      vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
      const credentialsSecretArn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_carl";
      const signIn = { saslMechanism: "scram-sha-512", credentialsSecretArn };
      const connections = parseConnections({ kafka: { ...kafka(), ...signIn }, ...rest });
      await using ports = await connectPorts(app, connections);
      expect(endpoint.received).toHaveLength(1);
      held = "second";
      await broker.rotate({ ...rotated, password: held });
      // transactions have connections of their own, which sign in anew
      const timeouts = { transactionTimeoutMs: 9_000, deadlineMs: 9_000 };
      expect((await ports.log.transactor({ transactionalId: "carl-0", ...timeouts })).producerEpoch).toBe(0);
      expect(endpoint.received).toHaveLength(2);
      await endpoint.close();
      vi.unstubAllEnvs();
    });
  });

  describe("is refused", () => {
    test("with a token that nobody trusted has signed, with the broker's reason", async () => {
      const forged = broker.token({ user, lifeSeconds: 60 }).replace(/.{20}$/, "A".repeat(20));
      const log = connect({ sasl: { mechanism: "oauthbearer", token: async () => ({ value: forged }) } });
      await expect(log).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        message: expect.stringContaining("invalid_token"),
        details: { refused: "credentials" },
      });
    });

    test("with a token that has expired, after asking for another one", async () => {
      let asked = 0;
      const token = async () => {
        asked++;
        return { value: broker.token({ user, lifeSeconds: -60 - asked }), expiresAtMs: Date.now() + 60_000 };
      };
      await expect(connect({ sasl: { mechanism: "oauthbearer", token } })).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
      });
      expect(asked).toBe(2);
    });

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
