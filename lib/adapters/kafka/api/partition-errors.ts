import type { TopicPartition } from "../../../core/ids.ts";
import type { WireReader } from "../wire/reader.ts";
import type { Answer } from "../wire/request.ts";

/** An answer that says of each partition only whether it worked. */
export interface PartitionErrorsAnswer extends Answer {
  readonly partitions: readonly (TopicPartition & { readonly errorCode: number })[];
}

/** Decodes `throttle_time_ms int32, [topic string, [partition int32, error_code int16]]`. */
export function decodePartitionErrors(answer: WireReader): PartitionErrorsAnswer {
  const throttleMs = answer.int32();
  const results = answer.array(() => {
    const topic = answer.string();
    return answer.array(() => ({ topic, partition: answer.int32(), errorCode: answer.int16() }));
  });
  return { throttleMs, partitions: results.flat() };
}

/** Decodes the same with compact strings and arrays, and tags after every structure. */
export function decodeCompactPartitionErrors(answer: WireReader): PartitionErrorsAnswer {
  const throttleMs = answer.int32();
  const results = answer.compactArray(() => {
    const topic = answer.compactString();
    const members = answer.compactArray(() => {
      const result = { topic, partition: answer.int32(), errorCode: answer.int16() };
      answer.tags();
      return result;
    });
    answer.tags();
    return members;
  });
  return { throttleMs, partitions: results.flat() };
}
