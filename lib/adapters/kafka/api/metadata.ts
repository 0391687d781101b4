import type { WireReader } from "../wire/reader.ts";
import type { Answer, WireRequest } from "../wire/request.ts";

/** A broker and where it listens. */
export interface MetadataBroker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** A topic, its id and who leads its partitions. */
export interface MetadataTopic {
  readonly errorCode: number;
  readonly name: string;
  /** A topic that Kafka keeps for itself. */
  readonly internal: boolean;
  /** 32 hex digits. */
  readonly topicId: string;
  /** By partition number; -1 where there is no leader now. */
  readonly leaders: readonly { readonly errorCode: number; readonly partition: number; readonly leader: number }[];
}

/** What a broker knows of the cluster. */
export interface MetadataAnswer extends Answer {
  readonly brokers: readonly MetadataBroker[];
  readonly controllerId: number;
  readonly topics: readonly MetadataTopic[];
}

/**
 * Metadata v10, the first version with topic ids.
 *
 * ```
 * request  => (null for all topics) [topic_id uuid, name compact_nullable_string, tags] allow_auto_topic_creation bool
 *             include_cluster_authorized_operations bool include_topic_authorized_operations bool tags
 * response => throttle_time_ms int32 [node_id int32, host, port int32, rack nullable, tags] cluster_id nullable
 *             controller_id int32 [error_code int16, name nullable, topic_id uuid, is_internal bool,
 *               [error_code int16, partition_index int32, leader_id int32, leader_epoch int32, replica_nodes [int32],
 *                isr_nodes [int32], offline_replicas [int32], tags], topic_authorized_operations int32, tags]
 *             cluster_authorized_operations int32 tags            (strings and arrays are compact)
 * ```
 * @source Kafka 4.3 MetadataRequest.json, MetadataResponse.json
 */
export function metadataRequest(topics: readonly string[] | "all"): WireRequest<MetadataAnswer> {
  return {
    api: { name: "Metadata", key: 3, version: 10, flexible: true },
    encode: (out) => {
      if (topics === "all") out.compactNullArray();
      else out.compactArray(topics, (topic) => out.raw(NO_TOPIC_ID).compactString(topic).noTags());
      out.boolean(false).boolean(false).boolean(false).noTags();
    },
    decode: (answer) => {
      const throttleMs = answer.int32();
      const brokers = answer.compactArray(() => readBroker(answer));
      answer.compactNullableString();
      const controllerId = answer.int32();
      const found = answer.compactArray(() => readTopic(answer));
      return { throttleMs, brokers, controllerId, topics: found };
    },
  };
}

const NO_TOPIC_ID = Buffer.alloc(16);

function readBroker(answer: WireReader): MetadataBroker {
  const broker = { nodeId: answer.int32(), host: answer.compactString(), port: answer.int32() };
  answer.compactNullableString();
  answer.tags();
  return broker;
}

function readTopic(answer: WireReader): MetadataTopic {
  const errorCode = answer.int16();
  const name = answer.compactString();
  const topicId = answer.raw(16).toString("hex");
  const internal = answer.boolean();
  const leaders = answer.compactArray(() => {
    const partition = { errorCode: answer.int16(), partition: answer.int32(), leader: answer.int32() };
    answer.int32();
    for (let list = 0; list < 3; list++) answer.compactArray(() => answer.int32());
    answer.tags();
    return partition;
  });
  answer.int32();
  answer.tags();
  return { errorCode, name, internal, topicId, leaders };
}
