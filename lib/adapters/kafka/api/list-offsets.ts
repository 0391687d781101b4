import type { TopicPartition } from "../../../core/ids.ts";
import { type Answer, byTopic, type WireRequest } from "../wire/request.ts";

/** One offset per partition. */
export interface ListOffsetsAnswer extends Answer {
  /** Offset -1: no record at or after the asked time. */
  readonly partitions: readonly (TopicPartition & { readonly offset: number; readonly errorCode: number })[];
}

/** Which offset of which partitions to ask for. */
export interface ListOffsetsFields {
  readonly partitions: readonly TopicPartition[];
  /** -1 the end, -2 the start, else a wall time. */
  readonly timestampMs: number;
  /** True: the end is the last stable offset. */
  readonly committedOnly: boolean;
}

/**
 * ListOffsets v5.
 *
 * ```
 * request  => replica_id int32 = -1, isolation_level int8, [topic string, [partition int32,
 *             current_leader_epoch int32 = -1, timestamp int64]]
 * response => throttle_time_ms int32, [topic string, [partition int32, error_code int16, timestamp int64, offset int64,
 *             leader_epoch int32]]
 * ```
 * @source Kafka 4.3 ListOffsetsRequest.json, ListOffsetsResponse.json
 */
export function listOffsetsRequest(fields: ListOffsetsFields): WireRequest<ListOffsetsAnswer> {
  return {
    api: { name: "ListOffsets", key: 2, version: 5, flexible: false },
    encode: (out) => {
      out.int32(-1).int8(fields.committedOnly ? 1 : 0);
      out.array(byTopic(fields.partitions), ([topic, members]) => {
        out.string(topic).array(members, ({ partition }) => {
          out.int32(partition).int32(-1).int64(fields.timestampMs);
        });
      });
    },
    decode: (answer) => {
      const throttleMs = answer.int32();
      const results = answer.array(() => {
        const topic = answer.string();
        return answer.array(() => {
          const [partition, errorCode] = [answer.int32(), answer.int16()];
          answer.int64();
          const offset = answer.int64();
          answer.int32();
          return { topic, partition, errorCode, offset };
        });
      });
      return { throttleMs, partitions: results.flat() };
    },
  };
}
