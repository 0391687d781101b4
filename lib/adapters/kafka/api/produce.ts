import { type Answer, byTopic, type WireRequest } from "../wire/request.ts";

/** A batch to append. */
export interface ProduceBatch {
  readonly topic: string;
  readonly partition: number;
  /** One record batch v2. */
  readonly bytes: Buffer;
}

/** What became of the batch of one partition. */
export interface ProducedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly message: string | null;
}

/** What one leader did with our batches. */
export interface ProduceAnswer extends Answer {
  readonly partitions: readonly ProducedPartition[];
}

/** What to append at one leader. */
export interface ProduceFields {
  readonly transactionalId: string;
  /** How long the broker may wait for its replicas. */
  readonly timeoutMs: number;
  /** At most one batch per partition. */
  readonly batches: readonly ProduceBatch[];
}

/**
 * Produce v8, transactional, acknowledged by all in-sync replicas.
 *
 * ```
 * request  => transactional_id nullable_string, acks int16 = -1, timeout_ms int32,
 *             [topic string, [partition int32, records bytes]]
 * response => [topic string, [partition int32, error_code int16, base_offset int64, log_append_time_ms int64,
 *               log_start_offset int64, [batch_index int32, message nullable_string], error_message nullable_string]],
 *             throttle_time_ms int32
 * ```
 * @source Kafka 4.3 ProduceRequest.json, ProduceResponse.json
 */
export function produceRequest(fields: ProduceFields): WireRequest<ProduceAnswer> {
  return {
    api: { name: "Produce", key: 0, version: 8, flexible: false },
    sizeHintBytes: fields.batches.reduce((sum, batch) => sum + batch.bytes.length + 300, 300),
    encode: (out) => {
      out.nullableString(fields.transactionalId).int16(-1).int32(fields.timeoutMs);
      out.array(byTopic(fields.batches), ([topic, batches]) => {
        out.string(topic).array(batches, ({ partition, bytes }) => out.int32(partition).bytes(bytes));
      });
    },
    decode: (answer) => {
      const partitions = answer.array(() => {
        const topic = answer.string();
        return answer.array((): ProducedPartition => {
          const [partition, errorCode, baseOffset] = [answer.int32(), answer.int16(), answer.int64()];
          answer.int64();
          answer.int64();
          const refused = answer.array(() => [answer.int32(), answer.nullableString()] as const);
          const message = answer.nullableString() ?? refused[0]?.[1] ?? null;
          return { topic, partition, errorCode, baseOffset, message };
        });
      });
      return { partitions: partitions.flat(), throttleMs: answer.int32() };
    },
  };
}
