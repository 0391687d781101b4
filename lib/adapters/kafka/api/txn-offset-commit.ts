import type { TopicPartition } from "../../../core/ids.ts";
import { byTopic, type WireRequest } from "../wire/request.ts";
import { decodeCompactPartitionErrors, decodePartitionErrors, type PartitionErrorsAnswer } from "./partition-errors.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

/** A committed offset to write. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
}

/**
 * TxnOffsetCommit v2, or v5 on the newer protocol, which adds the group to the transaction. No member, no generation.
 *
 * ```
 * request  => transactional_id string, group_id string, producer_id int64, producer_epoch int16,
 *             v5: generation_id int32 = -1, member_id string = "", group_instance_id nullable_string = null,
 *             [topic string, [partition int32, offset int64, leader_epoch int32 = -1, metadata nullable_string]]
 * response => throttle_time_ms int32, [topic string, [partition int32, error_code int16]]
 *             (v5: strings and arrays are compact, every structure ends with tags)
 * ```
 * @source Kafka 4.3 TxnOffsetCommitRequest.json, TxnOffsetCommitResponse.json
 */
export function txnOffsetCommitRequest(
  producer: ProducerIdentity,
  group: string,
  offsets: readonly OffsetToCommit[],
): WireRequest<PartitionErrorsAnswer> {
  const { transactionalId, producerId, producerEpoch } = producer;
  if (producer.protocol === "v2") {
    return {
      api: { name: "TxnOffsetCommit", key: 28, version: 5, flexible: true },
      encode: (out) => {
        out.compactString(transactionalId).compactString(group).int64(producerId).int16(producerEpoch);
        out.int32(-1).compactString("").compactNullableString(null);
        out.compactArray(byTopic(offsets), ([topic, members]) => {
          out.compactString(topic).compactArray(members, ({ partition, offset }) => {
            out.int32(partition).int64(offset).int32(-1).compactNullableString("").noTags();
          });
          out.noTags();
        });
        out.noTags();
      },
      decode: decodeCompactPartitionErrors,
    };
  }
  return {
    api: { name: "TxnOffsetCommit", key: 28, version: 2, flexible: false },
    encode: (out) => {
      out.string(transactionalId).string(group).int64(producerId).int16(producerEpoch);
      out.array(byTopic(offsets), ([topic, members]) => {
        out.string(topic).array(members, ({ partition, offset }) => {
          out.int32(partition).int64(offset).int32(-1).nullableString("");
        });
      });
    },
    decode: decodePartitionErrors,
  };
}
