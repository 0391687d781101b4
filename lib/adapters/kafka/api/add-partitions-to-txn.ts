import type { TopicPartition } from "../../../core/ids.ts";
import { byTopic, type WireRequest } from "../wire/request.ts";
import { decodePartitionErrors, type PartitionErrorsAnswer } from "./partition-errors.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

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
): WireRequest<PartitionErrorsAnswer> {
  return {
    api: { name: "AddPartitionsToTxn", key: 24, version: 1, flexible: false },
    encode: (out) => {
      out.string(producer.transactionalId).int64(producer.producerId).int16(producer.producerEpoch);
      out.array(byTopic(partitions), ([topic, members]) => {
        out.string(topic).array(members, ({ partition }) => out.int32(partition));
      });
    },
    decode: decodePartitionErrors,
  };
}
