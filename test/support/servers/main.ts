import { once } from "node:events";
import { type SharedServers, startShared } from "./shared.ts";

const help = `Starts Kafka, S3Proxy and DynamoDB Local on free loopback ports, and keeps them until Ctrl-C.

  node test/support/servers/main.ts start [--env]

  --env   prints shell exports instead of JSON; tests and scripts that get them use these servers

The data is removed at the end.
`;

const [command, format] = process.argv.slice(2);
if (command !== "start" || (format !== undefined && format !== "--env")) {
  process.stderr.write(help);
  process.exit(command === undefined || command === "--help" ? 0 : 2);
}

const started = await startShared();
if (started.kind === "missing") {
  process.stderr.write(`${started.reason}\n`);
  process.exit(1);
}
const { servers } = started;
process.stdout.write(format === "--env" ? exports(servers) : `${JSON.stringify(servers, undefined, 2)}\n`);

// a pending wait for signals does not keep a process alive
const keepAlive = setInterval(() => {}, 60_000);
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
clearInterval(keepAlive);
await started.stop();

function exports({ kafka, s3, dynamodb }: SharedServers): string {
  const variables = {
    KAFKA_BROKERS: kafka.bootstrap,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${value}\n`);
  return lines.join("");
}
