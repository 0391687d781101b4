import { createDynamoDbLeaseTable } from "../../../lib/adapters/dynamodb/lease-table.ts";
import { createKafkaLog } from "../../../lib/adapters/kafka/kafka-log.ts";
import { createS3ObjectStore } from "../../../lib/adapters/s3/object-store.ts";
import { systemClock, systemRandom } from "../../../lib/adapters/system/clock.ts";
import type { Logger } from "../../../lib/ports/logger.ts";
import type { PinPorts } from "../../../lib/task/pin-acquire.ts";
import type { AwsAddress } from "../../support/servers/aws-server.ts";

/** Where the servers of a run are. Plain data: worker processes get it as an argument. */
export interface Places {
  readonly brokers: readonly string[];
  readonly s3: AwsAddress;
  readonly bucket: string;
  readonly dynamodb: AwsAddress;
  readonly table: string;
}

/** The settings of an AWS client for a stand-in. */
export function awsSettings({ endpoint, region, accessKeyId, secretAccessKey }: AwsAddress) {
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}

/** Connects to everything that an application works over. */
export async function openPorts(
  places: Places,
  who: { app: string; clientId: string; logger: Logger },
): Promise<PinPorts> {
  const { app, clientId, logger } = who;
  return {
    log: await createKafkaLog({ brokers: places.brokers, clientId, logger }),
    leases: createDynamoDbLeaseTable({ table: places.table, app, generation: 1, aws: awsSettings(places.dynamodb) }),
    objects: createS3ObjectStore({ bucket: places.bucket, aws: awsSettings(places.s3) }),
    clock: systemClock,
    random: systemRandom,
    logger,
  };
}
