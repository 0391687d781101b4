import type { TopicPartition } from "../../../core/ids.ts";
import { byTopic, type WireRequest } from "../wire/request.ts";
import type { PartitionErrorsAnswer } from "./partition-errors.ts";

/**
 * DeleteRecords v1: moves the log start of partitions up to an offset. Sent to their leader.
 *
 * ```
 * request  => [topic string, [partition int32, offset int64]], timeout_ms int32
 * response => throttle_time_ms int32, [topic string, [partition int32, low_watermark int64, error_code int16]]
 * ```
 * @source Kafka 4.3 DeleteRecordsRequest.json, DeleteRecordsResponse.json
 */
export function deleteRecordsRequest(
  before: readonly (TopicPartition & { readonly offset: number })[],
  timeoutMs: number,
): WireRequest<PartitionErrorsAnswer> {
  return {
    api: { name: "DeleteRecords", key: 21, version: 1, flexible: false },
    encode: (out) => {
      out.array(byTopic(before), ([topic, members]) => {
        out.string(topic).array(members, ({ partition, offset }) => out.int32(partition).int64(offset));
      });
      out.int32(timeoutMs);
    },
    decode: (answer) => {
      const throttleMs = answer.int32();
      const results = answer.array(() => {
        const topic = answer.string();
        return answer.array(() => {
          const partition = answer.int32();
          answer.int64();
          return { topic, partition, errorCode: answer.int16() };
        });
      });
      return { throttleMs, partitions: results.flat() };
    },
  };
}
