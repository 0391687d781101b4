import type { TopicPartition } from "../../../core/ids.ts";
import { byTopic, type WireRequest } from "../wire/request.ts";
import { decodePartitionErrors, type PartitionErrorsAnswer } from "./partition-errors.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

/** A committed offset to write. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
}

/**
 * TxnOffsetCommit v2: no member, no generation.
 *
 * ```
 * request  => transactional_id string, group_id string, producer_id int64, producer_epoch int16,
 *             [topic string, [partition int32, offset int64, leader_epoch int32 = -1, metadata nullable_string]]
 * response => throttle_time_ms int32, [topic string, [partition int32, error_code int16]]
 * ```
 * @source Kafka 4.3 TxnOffsetCommitRequest.json, TxnOffsetCommitResponse.json
 */
export function txnOffsetCommitRequest(
  producer: ProducerIdentity,
  group: string,
  offsets: readonly OffsetToCommit[],
): WireRequest<PartitionErrorsAnswer> {
  return {
    api: { name: "TxnOffsetCommit", key: 28, version: 2, flexible: false },
    encode: (out) => {
      out.string(producer.transactionalId).string(group).int64(producer.producerId).int16(producer.producerEpoch);
      out.array(byTopic(offsets), ([topic, members]) => {
        out.string(topic).array(members, ({ partition, offset }) => {
          out.int32(partition).int64(offset).int32(-1).nullableString("");
        });
      });
    },
    decode: decodePartitionErrors,
  };
}
