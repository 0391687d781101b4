import type { TopicPartition } from "../../../core/ids.ts";
import { type Answer, byTopic, type WireRequest } from "../wire/request.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

/** What the coordinator answered, per partition. */
export interface AddPartitionsToTxnAnswer extends Answer {
  readonly partitions: readonly (TopicPartition & { readonly errorCode: number })[];
}

/**
 * AddPartitionsToTxn v1. Versions from 4 on are for brokers only: clients are refused on secured clusters.
 *
 * ```
 * request  => transactional_id string, producer_id int64, producer_epoch int16, [topic string, [partition int32]]
 * response => throttle_time_ms int32, [topic string, [partition int32, error_code int16]]
 * ```
 * @source Kafka 4.3 AddPartitionsToTxnRequest.json, AddPartitionsToTxnResponse.json
 */
export function addPartitionsToTxnRequest(
  producer: ProducerIdentity,
  partitions: readonly TopicPartition[],
): WireRequest<AddPartitionsToTxnAnswer> {
  return {
    api: { name: "AddPartitionsToTxn", key: 24, version: 1, flexible: false },
    encode: (out) => {
      out.string(producer.transactionalId).int64(producer.producerId).int16(producer.producerEpoch);
      out.array(byTopic(partitions), ([topic, members]) => {
        out.string(topic).array(members, ({ partition }) => out.int32(partition));
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
