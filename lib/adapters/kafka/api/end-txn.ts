import type { TransactionMarker } from "../../../records/control.ts";
import type { Answer, WireRequest } from "../wire/request.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

/** What the coordinator answered. */
export interface EndTxnAnswer extends Answer {
  readonly errorCode: number;
}

/**
 * EndTxn v1. The answer comes when the decision is durable; markers follow, so the next call may meet
 * CONCURRENT_TRANSACTIONS for a moment.
 *
 * ```
 * request  => transactional_id string, producer_id int64, producer_epoch int16, committed bool
 * response => throttle_time_ms int32, error_code int16
 * ```
 * @source Kafka 4.3 EndTxnRequest.json, EndTxnResponse.json
 */
export function endTxnRequest(producer: ProducerIdentity, end: TransactionMarker): WireRequest<EndTxnAnswer> {
  return {
    api: { name: "EndTxn", key: 26, version: 1, flexible: false },
    encode: (out) => {
      out.string(producer.transactionalId).int64(producer.producerId).int16(producer.producerEpoch);
      out.boolean(end === "commit");
    },
    decode: (answer) => ({ throttleMs: answer.int32(), errorCode: answer.int16() }),
  };
}
