import { byTopic, type WireRequest } from "../wire/request.ts";
import { decodePartitionErrors, type PartitionErrorsAnswer } from "./partition-errors.ts";
import type { OffsetToCommit } from "./txn-offset-commit.ts";

/**
 * OffsetCommit v5 for a group without members.
 *
 * ```
 * request  => group_id string, generation_id int32 = -1, member_id string = "",
 *             [topic string, [partition int32, offset int64, metadata nullable_string]]
 * response => throttle_time_ms int32, [topic string, [partition int32, error_code int16]]
 * ```
 * @source Kafka 4.3 OffsetCommitRequest.json, OffsetCommitResponse.json
 */
export function offsetCommitRequest(
  group: string,
  offsets: readonly OffsetToCommit[],
): WireRequest<PartitionErrorsAnswer> {
  return {
    api: { name: "OffsetCommit", key: 8, version: 5, flexible: false },
    encode: (out) => {
      out.string(group).int32(-1).string("");
      out.array(byTopic(offsets), ([topic, members]) => {
        out.string(topic).array(members, ({ partition, offset }) => {
          out.int32(partition).int64(offset).nullableString("");
        });
      });
    },
    decode: decodePartitionErrors,
  };
}
