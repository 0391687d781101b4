import type { TopicSpec } from "../../../ports/log.ts";
import type { Answer, WireRequest } from "../wire/request.ts";

/** What became of each topic. */
export interface CreateTopicsAnswer extends Answer {
  readonly topics: readonly {
    readonly name: string;
    readonly errorCode: number;
    readonly message: string | null;
  }[];
}

/**
 * CreateTopics v4: -1 replicas takes the broker's default.
 *
 * ```
 * request  => [name string, num_partitions int32, replication_factor int16, assignments [] = empty,
 *             [name string, value nullable_string]], timeout_ms int32, validate_only bool
 * response => throttle_time_ms int32, [name string, error_code int16, error_message nullable_string]
 * ```
 * @source Kafka 4.3 CreateTopicsRequest.json, CreateTopicsResponse.json
 */
export function createTopicsRequest(specs: readonly TopicSpec[], timeoutMs: number): WireRequest<CreateTopicsAnswer> {
  return {
    api: { name: "CreateTopics", key: 19, version: 4, flexible: false },
    encode: (out) => {
      out.array(specs, (spec) => {
        out.string(spec.name).int32(spec.partitions).int16(spec.replicas).int32(0);
        out.array(Object.entries(spec.configs), ([name, value]) => out.string(name).nullableString(value));
      });
      out.int32(timeoutMs).boolean(false);
    },
    decode: (answer) => ({
      throttleMs: answer.int32(),
      topics: answer.array(() => ({
        name: answer.string(),
        errorCode: answer.int16(),
        message: answer.nullableString(),
      })),
    }),
  };
}
