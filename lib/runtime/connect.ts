import { createDynamoDbLeaseTable } from "../adapters/dynamodb/lease-table.ts";
import { createKafkaLog } from "../adapters/kafka/kafka-log.ts";
import type { KafkaLogOptions } from "../adapters/kafka/options.ts";
import { createS3ObjectStore } from "../adapters/s3/object-store.ts";
import { systemClock, systemRandom } from "../adapters/system/clock.ts";
import { silentLogger } from "../adapters/system/logger.ts";
import type { Connections } from "../config/connections.ts";
import type { Logger } from "../ports/logger.ts";
import type { PinPorts } from "../task/pin-acquire.ts";

/** Everything that an application works over, connected. Disposing closes what is open. */
export interface ConnectedPorts extends PinPorts, AsyncDisposable {}

/**
 * Where ports meet adapters: the log is Kafka, leases are in DynamoDB, snapshots in S3. Nothing is decided here.
 *
 * @param logger Where warnings and retries are told; nowhere without it.
 * @throws {StreamError} `BROKER_UNREACHABLE`, `AUTHENTICATION_FAILED`, `SECRET_INVALID`, `ACCESS_DENIED`, …
 * @example compiled only: it needs a broker
 * await using ports = await connect(app.id, connectionsFromEnvironment({ MILLRACE_KAFKA_BROKERS: "broker.example:9092" }));
 * const tables = await openTables(app, ports);
 * await tables.get<string, number>("counts").get("word");
 */
export async function connect(
  applicationId: string,
  connections: Connections,
  logger: Logger = silentLogger,
): Promise<ConnectedPorts> {
  const { table, bucket } = connections;
  const log = await createKafkaLog(await kafkaOptions(connections, logger));
  const endpoint = (url: string | undefined) => (url === undefined ? {} : { endpoint: url });
  return {
    log,
    leases: createDynamoDbLeaseTable({
      table: table.name,
      app: applicationId,
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

async function kafkaOptions({ kafka }: Connections, logger: Logger): Promise<KafkaLogOptions> {
  const { brokers, tls, tlsCa, requestTimeoutMs, compression } = kafka;
  const ssl = tlsCa === undefined ? tls : { ca: [tlsCa] };
  const sasl = await saslOf(kafka);
  return { brokers, ssl, requestTimeoutMs, compression, logger, ...(sasl === undefined ? {} : { sasl }) };
}

async function saslOf(kafka: Connections["kafka"]): Promise<KafkaLogOptions["sasl"]> {
  if (kafka.saslMechanism === "none") return undefined;
  const { username = "", password = "", credentialsSecretArn } = kafka;
  if (credentialsSecretArn === undefined) return { mechanism: kafka.saslMechanism, username, password };
  // loaded only where a secret is used: it is the largest SDK part that a plain deployment can do without
  const { readCredentials } = await import("../adapters/secrets-manager/credentials.ts");
  return { mechanism: kafka.saslMechanism, ...(await readCredentials(credentialsSecretArn)) };
}
