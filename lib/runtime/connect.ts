import { createDynamoDbLeaseTable } from "../adapters/dynamodb/lease-table.ts";
import { createKafkaLog } from "../adapters/kafka/kafka-log.ts";
import type { KafkaLogOptions, SaslOptions } from "../adapters/kafka/options.ts";
import { createS3ObjectStore } from "../adapters/s3/object-store.ts";
import { systemClock, systemRandom } from "../adapters/system/clock.ts";
import { silentLogger } from "../adapters/system/logger.ts";
import type { Connections } from "../config/connections.ts";
import { StreamError } from "../core/errors.ts";
import type { App } from "../dsl/app.ts";
import type { Logger } from "../ports/logger.ts";
import type { PinPorts } from "../task/pin-acquire.ts";

/** Everything that an application works over, connected. Disposing closes what is open. */
export interface ConnectedPorts extends PinPorts, AsyncDisposable {}

/** What is asked of an application to connect for it. */
export type ConnectingApp = Pick<App, "id"> & Partial<Pick<App, "kafkaToken">>;

/**
 * Where ports meet adapters: the log is Kafka, leases are in DynamoDB, snapshots in S3. Nothing is decided here.
 *
 * @param app Its id names leases and snapshots; its `kafkaToken` is asked where `kafka.saslMechanism` is `oauthbearer`.
 * @param logger Where warnings and retries are told; nowhere without it.
 * @throws {StreamError} `BROKER_UNREACHABLE`, `AUTHENTICATION_FAILED`, `SECRET_INVALID`, `ACCESS_DENIED`, …
 * @example compiled only: it needs a broker
 * await using ports = await connect(app, connectionsFromEnvironment({ MILLRACE_KAFKA_BROKERS: "broker.example:9092" }));
 * const tables = await openTables(app, ports);
 * await tables.get<string, number>("counts").get("word");
 */
export async function connect(
  app: ConnectingApp,
  connections: Connections,
  logger: Logger = silentLogger,
): Promise<ConnectedPorts> {
  const { table, bucket } = connections;
  const log = await createKafkaLog(await kafkaOptions(app, connections, logger));
  const endpoint = (url: string | undefined) => (url === undefined ? {} : { endpoint: url });
  return {
    log,
    leases: createDynamoDbLeaseTable({
      table: table.name,
      app: app.id,
      generation: 1,
      aws: endpoint(table.endpoint),
    }),
    objects: createS3ObjectStore({ bucket: bucket.name, prefix: bucket.prefix, aws: endpoint(bucket.endpoint) }),
    clock: systemClock,
    random: systemRandom,
    logger,
    [Symbol.asyncDispose]: () => log.close(),
  };
}

async function kafkaOptions(app: ConnectingApp, { kafka }: Connections, logger: Logger): Promise<KafkaLogOptions> {
  const { brokers, tls, tlsCa, requestTimeoutMs, compression, rack = "" } = kafka;
  const ssl = tlsCa === undefined ? tls : { ca: [tlsCa] };
  const sasl = await saslOf(app, kafka);
  return { brokers, ssl, requestTimeoutMs, compression, rack, logger, ...(sasl === undefined ? {} : { sasl }) };
}

async function saslOf(app: ConnectingApp, kafka: Connections["kafka"]): Promise<SaslOptions | undefined> {
  const { saslMechanism: mechanism, brokers, username = "", password = "", credentialsSecretArn: arn } = kafka;
  if (mechanism === "none") return undefined;
  if (mechanism === "oauthbearer") return { mechanism, token: tokenProviderOf(app) };
  // what not everybody needs is loaded where it is used: a cold start pays for what is imported
  if (mechanism === "aws-msk-iam") {
    const { mskIamTokens } = await import("../adapters/msk-iam/tokens.ts");
    return { mechanism: "oauthbearer", token: await mskIamTokens(brokers) };
  }
  if (arn === undefined) return { mechanism, username, password };
  const { readCredentials } = await import("../adapters/secrets-manager/credentials.ts");
  return { mechanism, credentials: () => readCredentials(arn) };
}

function tokenProviderOf({ id, kafkaToken }: ConnectingApp): NonNullable<App["kafkaToken"]> {
  if (kafkaToken !== undefined) return kafkaToken;
  throw new StreamError(
    "CONFIG_INVALID",
    `kafka.saslMechanism is oauthbearer: application ${id} must give tokens, defineApp({ id, kafkaToken: async () => ({ value, expiresAtMs }) }, …)`,
    { details: { setting: "kafka.saslMechanism" } },
  );
}
