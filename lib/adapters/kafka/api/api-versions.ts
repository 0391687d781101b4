import type { Answer, WireRequest } from "../wire/request.ts";

/** What a broker tells of its cluster. The versions of its requests are asked for by kafkajs. */
export interface ApiVersionsAnswer extends Answer {
  readonly errorCode: number;
  /** Levels of the features that are switched on in the whole cluster, by name. */
  readonly features: ReadonlyMap<string, number>;
}

const FINALIZED_FEATURES = 2;

/**
 * ApiVersions v3, for the features of the cluster.
 *
 * ```
 * request  => client_software_name, client_software_version, tags
 * response => error_code int16, [api_key int16, min_version int16, max_version int16, tags], throttle_time_ms int32,
 *             tags, of which 2: [name, max_version_level int16, min_version_level int16, tags]
 *             (strings and arrays are compact; the header has no tags)
 * ```
 * @source Kafka 4.3 ApiVersionsRequest.json, ApiVersionsResponse.json
 */
export function apiVersionsRequest(): WireRequest<ApiVersionsAnswer> {
  return {
    api: { name: "ApiVersions", key: 18, version: 3, flexible: true, plainAnswerHeader: true },
    encode: (out) => {
      out.compactString("millrace").compactString("0").noTags();
    },
    decode: (answer) => {
      const errorCode = answer.int16();
      answer.compactArray(() => {
        answer.raw(6);
        answer.tags();
      });
      const throttleMs = answer.int32();
      const field = answer.taggedField(FINALIZED_FEATURES);
      const levels = field?.compactArray(() => {
        const level = [field.compactString(), field.int16()] as const;
        field.int16();
        field.tags();
        return level;
      });
      return { errorCode, throttleMs, features: new Map(levels) };
    },
  };
}
