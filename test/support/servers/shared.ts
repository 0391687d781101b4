import type { AwsAddress } from "./aws-server.ts";
import { startDynamoDbLocal } from "./dynamodb-local.ts";
import { ServersUnavailable } from "./jars.ts";
import { startKafka } from "./kafka.ts";
import { startS3Proxy } from "./s3proxy.ts";

/** Addresses of the servers that all integration suites share. Plain data: it crosses into the test processes. */
export interface SharedServers {
  readonly kafka: { readonly bootstrap: string };
  readonly s3: AwsAddress;
  readonly dynamodb: AwsAddress;
}

/** The shared servers, or why there are none. */
export type ServersOrReason =
  | { readonly kind: "up"; readonly servers: SharedServers }
  | { readonly kind: "missing"; readonly reason: string };

/** The shared servers with the way to end those that were started here. */
export type StartedServers = ServersOrReason & { stop(): Promise<void> };

/** Says why a server cannot be started, in the words that a skipped test shows. */
export function missingReason(error: ServersUnavailable): string {
  return (
    `real servers are not available: ${error.message}; ` +
    "or point KAFKA_BROKERS, AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_S3 at running ones"
  );
}

/**
 * Starts Kafka, S3Proxy and DynamoDB Local together. A server that the environment names is used instead:
 * `KAFKA_BROKERS` (`host:port`), `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_DYNAMODB` (URLs), the latter two with
 * `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
 *
 * @throws {Error} when a server that can be started does not come up
 */
export async function startShared(env: NodeJS.ProcessEnv = process.env): Promise<StartedServers> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((end) => end()));
  };
  const own = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    stops.push(() => server.stop());
    return server;
  };
  const kafka = env["KAFKA_BROKERS"] ? { bootstrap: env["KAFKA_BROKERS"] } : own(startKafka());
  const s3 = givenAws(env, "AWS_ENDPOINT_URL_S3") ?? own(startS3Proxy());
  const dynamodb = givenAws(env, "AWS_ENDPOINT_URL_DYNAMODB") ?? own(startDynamoDbLocal());
  const settled = await Promise.allSettled([kafka, s3, dynamodb]);
  const failure = settled.find((each) => each.status === "rejected");
  if (failure !== undefined) {
    await stop();
    if (!(failure.reason instanceof ServersUnavailable)) throw failure.reason;
    return { kind: "missing", reason: missingReason(failure.reason), stop };
  }
  const servers = {
    kafka: { bootstrap: (await kafka).bootstrap },
    s3: addressOf(await s3),
    dynamodb: addressOf(await dynamodb),
  };
  return { kind: "up", servers, stop };
}

function givenAws(env: NodeJS.ProcessEnv, variable: string): AwsAddress | undefined {
  const endpoint = env[variable];
  if (!endpoint) return undefined;
  return {
    endpoint,
    region: env["AWS_REGION"] ?? "us-east-1",
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "millrace",
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "millrace-secret",
  };
}

function addressOf({ endpoint, region, accessKeyId, secretAccessKey }: AwsAddress): AwsAddress {
  return { endpoint, region, accessKeyId, secretAccessKey };
}
