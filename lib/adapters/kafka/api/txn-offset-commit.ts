import type { TopicPartition } from "../../../core/ids.ts";
import { type Answer, byTopic, type WireRequest } from "../wire/request.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

/** A committed offset to write. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
}

/** What the group coordinator answered, per partition. */
export interface OffsetCommitAnswer extends Answer {
  readonly partitions: readonly (TopicPartition & { readonly errorCode: number })[];
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
): WireRequest<OffsetCommitAnswer> {
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
    decode: (answer) => {
      const throttleMs = answer.int32();
      const results = answer.array(() => {
        const topic = answer.string();
        return answer.array(() => ({ topic, partition: answer.int32(), errorCode: answer.int16() }));
      });
      return { throttleMs, partitions: results.flat() };
    },
  };
}
