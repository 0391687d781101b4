import type { Answer, WireRequest } from "../wire/request.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

/** What the coordinator answered. */
export interface AddOffsetsToTxnAnswer extends Answer {
  readonly errorCode: number;
}

/**
 * AddOffsetsToTxn v1: names the group whose offsets the transaction will carry.
 *
 * ```
 * request  => transactional_id string, producer_id int64, producer_epoch int16, group_id string
 * response => throttle_time_ms int32, error_code int16
 * ```
 * @source Kafka 4.3 AddOffsetsToTxnRequest.json, AddOffsetsToTxnResponse.json
 */
export function addOffsetsToTxnRequest(producer: ProducerIdentity, group: string): WireRequest<AddOffsetsToTxnAnswer> {
  return {
    api: { name: "AddOffsetsToTxn", key: 25, version: 1, flexible: false },
    encode: (out) => {
      out.string(producer.transactionalId).int64(producer.producerId).int16(producer.producerEpoch).string(group);
    },
    decode: (answer) => ({ throttleMs: answer.int32(), errorCode: answer.int16() }),
  };
}
