import { type Groups, type GroupsValues, parseGroups } from "./parse.ts";
import { choice, duration, flag, list, text } from "./setting.ts";

const anything = /[\s\S]/;

/** Where the log is and how to get in. */
const kafkaConnection = {
  brokers: list({
    pattern: /^[^\s,:]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/,
    allowed: "one or more host:port, separated by commas",
    about: "Brokers to start from; the rest of the cluster is found through them.",
  }),
  tls: flag({ default: false, about: "Encrypts connections and checks the broker's certificate." }),
  tlsCa: text({
    pattern: /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/,
    allowed: "certificates as PEM text",
    about: "Authorities that may have signed the brokers' certificates. Without it those that Node trusts.",
  }),
  saslMechanism: choice(["none", "plain", "scram-sha-256", "scram-sha-512", "oauthbearer", "aws-msk-iam"], {
    default: "none",
    about:
      "How the client proves who it is. Amazon MSK with passwords takes scram-sha-512; with IAM aws-msk-iam, which needs the package aws-msk-iam-sasl-signer-js; oauthbearer asks the application's kafkaToken.",
  }),
  username: text({ pattern: anything, allowed: "text", about: "User name for SASL." }),
  password: text({ pattern: anything, allowed: "text", secret: true, about: "Password for SASL. Never logged." }),
  credentialsSecretArn: text({
    pattern: /^arn:[\w-]+:secretsmanager:/,
    allowed: "the ARN of a secret in AWS Secrets Manager",
    about:
      "A secret with username and password as JSON, read at start instead of the two settings, and again when they are no longer accepted.",
  }),
  compression: choice(["none", "gzip", "snappy", "lz4", "zstd"], {
    default: "none",
    about:
      "How output and changelog batches are compressed. It saves network and broker disk and costs time of the worker; lz4 costs least, zstd (Node 22.15) saves most.",
  }),
  rack: text({
    pattern: /^[\w.-]{1,255}$/,
    allowed: "a broker.rack: up to 255 letters, digits, _ . -",
    about:
      "Where the process is, Kafka's client.rack (on AWS a zone id such as use1-az1): topics are then read at followers there, which costs no traffic between zones, if replica.selector.class of the brokers allows it.",
  }),
  requestTimeoutMs: duration({
    default: 6_000,
    min: 500,
    max: 60_000,
    about:
      "Time for one answer of a broker, on top of what the request itself may wait. Below the 10 s of a transaction.",
  }),
} as const;

/** Where leases, worker rows and pointers are. */
const leaseTableConnection = {
  name: text({
    pattern: /^[\w.-]{3,255}$/,
    allowed: "a DynamoDB table name: 3 to 255 letters, digits, _ . -",
    required: true,
    about: "DynamoDB table of leases; one table may serve many applications.",
  }),
  endpoint: text({
    pattern: /^https?:\/\//,
    allowed: "a URL",
    about: "Another endpoint than AWS's, for local servers.",
  }),
} as const;

/** Where snapshots are. */
const bucketConnection = {
  name: text({
    pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    allowed: "an S3 bucket name: 3 to 63 lower-case letters, digits, . -",
    required: true,
    about: "Bucket of snapshots.",
  }),
  prefix: text({
    pattern: /^([\w!.*'()-]+\/)*$/,
    allowed: "empty, or a path that ends with /",
    default: "",
    about: "Path in front of every object, to share a bucket.",
  }),
  endpoint: text({
    pattern: /^https?:\/\//,
    allowed: "a URL",
    about: "Another endpoint than AWS's, for local servers.",
  }),
} as const;

/** How the coordinator starts workers. */
const launcherConnection = {
  functionName: text({
    pattern: /^[\w:.-]{1,170}$/,
    allowed: "the name or ARN of a Lambda function",
    about: "Lambda function that the coordinator invokes to start a worker; only the coordinator needs it.",
  }),
} as const;

/** Everything that a deployed function connects to, by group. */
export const connectionGroups = {
  kafka: kafkaConnection,
  table: leaseTableConnection,
  bucket: bucketConnection,
  launcher: launcherConnection,
} as const satisfies Groups;

/** Checked connections. `kafka.password` is a secret: never print this object. */
export type Connections = GroupsValues<typeof connectionGroups>;

/**
 * Checks what a function connects to.
 *
 * @throws {StreamError} `CONFIG_INVALID` with one line per problem; secrets are never in it
 * @example
 * const kafka = { brokers: "one.example:9092,two.example:9092", tls: true };
 * parseConnections({ kafka, table: { name: "leases" }, bucket: { name: "snapshots" } }).kafka.brokers.length; // 2
 */
export function parseConnections(input: unknown): Connections {
  return parseGroups(connectionGroups, input, connectionProblems);
}

function connectionProblems({ kafka }: Connections): readonly string[] {
  const problems: string[] = [];
  if (kafka.tlsCa !== undefined && !kafka.tls) {
    problems.push("kafka.tlsCa is given: must come with kafka.tls, because without TLS nobody shows a certificate");
  }
  const credentials =
    kafka.credentialsSecretArn !== undefined || (kafka.username !== undefined && kafka.password !== undefined);
  const mechanism = kafka.saslMechanism;
  const useless = (["username", "password", "credentialsSecretArn"] as const).find((name) => kafka[name] !== undefined);
  if (mechanism === "none" && useless !== undefined) {
    problems.push(
      `kafka.${useless} is given: must come with kafka.saslMechanism, because without it nobody asks for it`,
    );
  }
  const hasTokens = mechanism === "oauthbearer" || mechanism === "aws-msk-iam";
  if (mechanism !== "none" && !hasTokens && !credentials) {
    problems.push(
      `kafka.saslMechanism is "${kafka.saslMechanism}": must come with kafka.credentialsSecretArn, or with kafka.username and kafka.password`,
    );
  }
  if ((mechanism === "plain" || hasTokens) && !kafka.tls) {
    const what = mechanism === "plain" ? "password" : "token";
    problems.push(
      `kafka.saslMechanism is "${mechanism}": must come with kafka.tls, because the ${what} crosses the network as it is`,
    );
  }
  return problems;
}
