import type { TransactionMarker } from "../../../records/control.ts";
import type { Answer, WireRequest } from "../wire/request.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

/** What the coordinator answered. */
export interface EndTxnAnswer extends Answer {
  readonly errorCode: number;
  /** Who the producer is from now on; undefined on the older protocol, where it stays who it was. */
  readonly next: { readonly producerId: number; readonly producerEpoch: number } | undefined;
}

/**
 * EndTxn v1, or v5 on the newer protocol. The answer comes when the decision is durable; markers follow, so the next call
 * may meet CONCURRENT_TRANSACTIONS for a moment.
 *
 * ```
 * request  => transactional_id string, producer_id int64, producer_epoch int16, committed bool
 * response => throttle_time_ms int32, error_code int16                                    (v5: compact string, tags)
 *             v5: producer_id int64, producer_epoch int16
 * ```
 * @source Kafka 4.3 EndTxnRequest.json, EndTxnResponse.json
 */
export function endTxnRequest(producer: ProducerIdentity, end: TransactionMarker): WireRequest<EndTxnAnswer> {
  const { transactionalId, producerId, producerEpoch } = producer;
  if (producer.protocol === "v1") {
    return {
      api: { name: "EndTxn", key: 26, version: 1, flexible: false },
      encode: (out) => {
        out
          .string(transactionalId)
          .int64(producerId)
          .int16(producerEpoch)
          .boolean(end === "commit");
      },
      decode: (answer) => ({ throttleMs: answer.int32(), errorCode: answer.int16(), next: undefined }),
    };
  }
  return {
    api: { name: "EndTxn", key: 26, version: 5, flexible: true },
    encode: (out) => {
      out
        .compactString(transactionalId)
        .int64(producerId)
        .int16(producerEpoch)
        .boolean(end === "commit")
        .noTags();
    },
    decode: (answer) => ({
      throttleMs: answer.int32(),
      errorCode: answer.int16(),
      next: { producerId: answer.int64(), producerEpoch: answer.int16() },
    }),
  };
}
