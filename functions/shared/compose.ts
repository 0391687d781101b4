/** Where ports meet adapters: the log is Kafka, leases are in DynamoDB, snapshots in S3. Nothing is decided here. */
import { createDynamoDbLeaseTable } from "../../lib/adapters/dynamodb/lease-table.ts";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import type { KafkaLogOptions } from "../../lib/adapters/kafka/options.ts";
import { createS3ObjectStore } from "../../lib/adapters/s3/object-store.ts";
import { systemClock, systemRandom } from "../../lib/adapters/system/clock.ts";
import { jsonLogger } from "../../lib/adapters/system/logger.ts";
import type { Connections } from "../../lib/config/connections.ts";
import type { Clock, Random } from "../../lib/ports/clock.ts";
import type { LeaseTable } from "../../lib/ports/lease-table.ts";
import type { Log } from "../../lib/ports/log.ts";
import type { Logger } from "../../lib/ports/logger.ts";
import type { ObjectStore } from "../../lib/ports/object-store.ts";

/** The ports of a deployed function. Disposing closes what is open. */
export interface FunctionPorts extends AsyncDisposable {
  readonly log: Log;
  readonly leases: LeaseTable;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** JSON lines on standard output, where Lambda collects them. */
export const functionLogger = jsonLogger("info", (line) => process.stdout.write(`${line}\n`), Date.now);

/**
 * Connects to everything that an application works over.
 *
 * @throws {StreamError} `BROKER_UNREACHABLE`, `AUTHENTICATION_FAILED`, `SECRET_INVALID`, `ACCESS_DENIED`, …
 */
export async function openPorts(applicationId: string, connections: Connections): Promise<FunctionPorts> {
  const { table, bucket } = connections;
  const logger = functionLogger.with({ application: applicationId });
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
  const { brokers, tls: ssl, requestTimeoutMs } = kafka;
  const sasl = await saslOf(kafka);
  return { brokers, ssl, requestTimeoutMs, logger, ...(sasl === undefined ? {} : { sasl }) };
}

async function saslOf(kafka: Connections["kafka"]): Promise<KafkaLogOptions["sasl"]> {
  if (kafka.saslMechanism === "none") return undefined;
  const { username = "", password = "", credentialsSecretArn } = kafka;
  if (credentialsSecretArn === undefined) return { mechanism: kafka.saslMechanism, username, password };
  // loaded only where a secret is used: it is the largest SDK part that a plain deployment can do without
  const { readCredentials } = await import("../../lib/adapters/secrets-manager/credentials.ts");
  return { mechanism: kafka.saslMechanism, ...(await readCredentials(credentialsSecretArn)) };
}
