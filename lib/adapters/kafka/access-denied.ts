import { type ErrorDetails, StreamError } from "../../core/errors.ts";
import type { KafkaErrorName } from "../../core/kafka-errors.ts";

/** What rights are on. */
type ResourceKind = "topic" | "group" | "transactional id" | "cluster";

/** What a request was about. */
export interface RefusedRequest {
  /** The request that was answered, for example `Produce`. */
  readonly request: string;
  readonly topic?: string;
  readonly group?: string;
  readonly transactionalId?: string;
}

const kinds: Partial<Record<KafkaErrorName, ResourceKind>> = {
  TOPIC_AUTHORIZATION_FAILED: "topic",
  GROUP_AUTHORIZATION_FAILED: "group",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "transactional id",
  CLUSTER_AUTHORIZATION_FAILED: "cluster",
};

/**
 * The operation to grant. Where a request wants Describe and is only ever made by who writes or commits, the right that
 * includes it: granting Describe alone would fail at the next step.
 *
 * @source Kafka 4.3 `kafka.server.KafkaApis`, and "Authorization and ACLs" of its documentation
 */
const operations: Readonly<Record<string, Partial<Record<ResourceKind, string>>>> = {
  Metadata: { topic: "Describe" },
  ListOffsets: { topic: "Describe" },
  Fetch: { topic: "Read" },
  DescribeConfigs: { topic: "DescribeConfigs" },
  CreateTopics: { topic: "Create", cluster: "Create" },
  DeleteRecords: { topic: "Delete" },
  FindCoordinator: { group: "Read", "transactional id": "Write" },
  InitProducerId: { "transactional id": "Write" },
  AddPartitionsToTxn: { topic: "Write", "transactional id": "Write" },
  Produce: { topic: "Write", "transactional id": "Write" },
  AddOffsetsToTxn: { group: "Read", "transactional id": "Write" },
  TxnOffsetCommit: { topic: "Read", group: "Read", "transactional id": "Write" },
  EndTxn: { "transactional id": "Write" },
  OffsetCommit: { topic: "Read", group: "Read" },
  OffsetFetch: { topic: "Describe", group: "Describe" },
};

/**
 * The error of an answer that refuses a right: names the operation and the resource, in the message and in
 * `details.operation` and `details.resource`. Undefined for other errors.
 */
export function accessDenied(
  error: KafkaErrorName,
  refused: RefusedRequest,
  details: ErrorDetails,
): StreamError | undefined {
  const kind = kinds[error];
  if (kind === undefined) return undefined;
  const { request, topic = "?", group = "?", transactionalId = "?" } = refused;
  const names = { topic, group, "transactional id": transactionalId };
  const resource = kind === "cluster" ? "the cluster" : `${kind} ${names[kind]}`;
  const operation = operations[request]?.[kind] ?? "Describe";
  return new StreamError(
    "ACCESS_DENIED",
    `${request} needs ${operation} on ${resource}, which this user does not have: grant it`,
    { details: { ...details, operation, resource } },
  );
}
