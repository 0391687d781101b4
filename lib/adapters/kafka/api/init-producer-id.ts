import type { Answer, WireRequest } from "../wire/request.ts";

/** The producer id and epoch to write with. */
export interface InitProducerIdAnswer extends Answer {
  readonly errorCode: number;
  readonly producerId: number;
  readonly producerEpoch: number;
}

/**
 * InitProducerId v1: no expected epoch can be passed, so it always fences.
 *
 * ```
 * request  => transactional_id nullable_string, transaction_timeout_ms int32
 * response => throttle_time_ms int32, error_code int16, producer_id int64, producer_epoch int16
 * ```
 * @source Kafka 4.3 InitProducerIdRequest.json, InitProducerIdResponse.json
 */
export function initProducerIdRequest(
  transactionalId: string,
  transactionTimeoutMs: number,
): WireRequest<InitProducerIdAnswer> {
  return {
    api: { name: "InitProducerId", key: 22, version: 1, flexible: false },
    encode: (out) => {
      out.nullableString(transactionalId).int32(transactionTimeoutMs);
    },
    decode: (answer) => ({
      throttleMs: answer.int32(),
      errorCode: answer.int16(),
      producerId: answer.int64(),
      producerEpoch: answer.int16(),
    }),
  };
}
