import type { TopicPartition } from "../../../core/ids.ts";
import { type Answer, byTopic, type WireRequest } from "../wire/request.ts";

/** Committed offsets of a group. */
export interface OffsetFetchAnswer extends Answer {
  readonly errorCode: number;
  /** Offset -1: none committed, or expired. */
  readonly partitions: readonly (TopicPartition & { readonly offset: number; readonly errorCode: number })[];
}

/**
 * OffsetFetch v7 with require_stable: the broker refuses while a transaction with offsets of the partition is unfinished.
 *
 * ```
 * request  => group_id, [topic, [partition int32], tags], require_stable bool, tags
 * response => throttle_time_ms int32, [topic, [partition int32, committed_offset int64, leader_epoch int32,
 *             metadata nullable, error_code int16, tags], tags], error_code int16, tags   (strings and arrays are compact)
 * ```
 * @source Kafka 4.3 OffsetFetchRequest.json, OffsetFetchResponse.json
 */
export function offsetFetchRequest(
  group: string,
  partitions: readonly TopicPartition[],
): WireRequest<OffsetFetchAnswer> {
  return {
    api: { name: "OffsetFetch", key: 9, version: 7, flexible: true },
    encode: (out) => {
      out.compactString(group);
      out.compactArray(byTopic(partitions), ([topic, members]) => {
        out.compactString(topic).compactArray(members, ({ partition }) => out.int32(partition));
        out.noTags();
      });
      out.boolean(true).noTags();
    },
    decode: (answer) => {
      const throttleMs = answer.int32();
      const results = answer.compactArray(() => {
        const topic = answer.compactString();
        const members = answer.compactArray(() => {
          const [partition, offset] = [answer.int32(), answer.int64()];
          answer.int32();
          answer.compactNullableString();
          const errorCode = answer.int16();
          answer.tags();
          return { topic, partition, offset, errorCode };
        });
        answer.tags();
        return members;
      });
      return { throttleMs, partitions: results.flat(), errorCode: answer.int16() };
    },
  };
}
