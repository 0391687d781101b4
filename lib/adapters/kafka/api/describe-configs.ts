import type { WireReader } from "../wire/reader.ts";
import type { Answer, WireRequest } from "../wire/request.ts";

/** The asked settings of each topic. */
export interface DescribeConfigsAnswer extends Answer {
  readonly topics: readonly {
    readonly name: string;
    readonly errorCode: number;
    readonly configs: ReadonlyMap<string, string | null>;
  }[];
}

/**
 * DescribeConfigs v2, for topics.
 *
 * ```
 * request  => [resource_type int8 = 2, resource_name string, nullable [config_name string]], include_synonyms bool
 * response => throttle_time_ms int32, [error_code int16, error_message nullable_string, resource_type int8,
 *             resource_name string, [name string, value nullable_string, read_only bool, config_source int8,
 *             is_sensitive bool, [name string, value nullable_string, source int8]]]
 * ```
 * @source Kafka 4.3 DescribeConfigsRequest.json, DescribeConfigsResponse.json
 */
export function describeConfigsRequest(
  topics: readonly string[],
  names: readonly string[],
): WireRequest<DescribeConfigsAnswer> {
  return {
    api: { name: "DescribeConfigs", key: 32, version: 2, flexible: false },
    encode: (out) => {
      out.array(topics, (topic) => {
        out
          .int8(2)
          .string(topic)
          .array(names, (name) => out.string(name));
      });
      out.boolean(false);
    },
    decode: (answer) => ({
      throttleMs: answer.int32(),
      topics: answer.array(() => {
        const errorCode = answer.int16();
        answer.nullableString();
        answer.int8();
        const name = answer.string();
        return { name, errorCode, configs: new Map(answer.array(() => readConfig(answer))) };
      }),
    }),
  };
}

function readConfig(answer: WireReader): [string, string | null] {
  const config: [string, string | null] = [answer.string(), answer.nullableString()];
  answer.boolean();
  answer.int8();
  answer.boolean();
  answer.array(() => [answer.string(), answer.nullableString(), answer.int8()]);
  return config;
}
