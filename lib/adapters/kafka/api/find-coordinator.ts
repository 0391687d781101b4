import type { Answer, WireRequest } from "../wire/request.ts";

/** What a coordinator coordinates. */
export type CoordinatorKind = "group" | "transaction";

/** Where the coordinator listens. */
export interface FindCoordinatorAnswer extends Answer {
  readonly errorCode: number;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/**
 * FindCoordinator v2.
 *
 * ```
 * request  => key string, key_type int8 (0 group, 1 transaction)
 * response => throttle_time_ms int32, error_code int16, error_message nullable_string, node_id int32, host string, port int32
 * ```
 * @source Kafka 4.3 FindCoordinatorRequest.json, FindCoordinatorResponse.json
 */
export function findCoordinatorRequest(kind: CoordinatorKind, key: string): WireRequest<FindCoordinatorAnswer> {
  return {
    api: { name: "FindCoordinator", key: 10, version: 2, flexible: false },
    encode: (out) => {
      out.string(key).int8(kind === "group" ? 0 : 1);
    },
    decode: (answer) => {
      const [throttleMs, errorCode] = [answer.int32(), answer.int16()];
      answer.nullableString();
      return { throttleMs, errorCode, nodeId: answer.int32(), host: answer.string(), port: answer.int32() };
    },
  };
}
