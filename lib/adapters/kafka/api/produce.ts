import type { WireReader } from "../wire/reader.ts";
import { type Answer, byTopic, type WireRequest } from "../wire/request.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

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
  readonly producer: Pick<ProducerIdentity, "transactionalId" | "protocol">;
  /** How long the broker may wait for its replicas. */
  readonly timeoutMs: number;
  /** At most one batch per partition. */
  readonly batches: readonly ProduceBatch[];
}

/**
 * Produce v8, or v12 on the newer protocol, which adds the partitions to the transaction. Transactional, acknowledged by
 * all in-sync replicas.
 *
 * ```
 * request  => transactional_id nullable_string, acks int16 = -1, timeout_ms int32,
 *             [topic string, [partition int32, records bytes]]
 * response => [topic string, [partition int32, error_code int16, base_offset int64, log_append_time_ms int64,
 *               log_start_offset int64, [batch_index int32, message nullable_string], error_message nullable_string]],
 *             throttle_time_ms int32
 *             (v12: strings, bytes and arrays are compact, every structure ends with tags)
 * ```
 * @source Kafka 4.3 ProduceRequest.json, ProduceResponse.json
 */
export function produceRequest(fields: ProduceFields): WireRequest<ProduceAnswer> {
  const { producer, timeoutMs, batches } = fields;
  const sizeHintBytes = batches.reduce((sum, batch) => sum + batch.bytes.length + 300, 300);
  if (producer.protocol === "v2") {
    return {
      api: { name: "Produce", key: 0, version: 12, flexible: true },
      sizeHintBytes,
      encode: (out) => {
        out.compactNullableString(producer.transactionalId).int16(-1).int32(timeoutMs);
        out.compactArray(byTopic(batches), ([topic, members]) => {
          out.compactString(topic).compactArray(members, ({ partition, bytes }) => {
            out.int32(partition).compactBytes(bytes).noTags();
          });
          out.noTags();
        });
        out.noTags();
      },
      decode: decodeCompact,
    };
  }
  return {
    api: { name: "Produce", key: 0, version: 8, flexible: false },
    sizeHintBytes,
    encode: (out) => {
      out.nullableString(producer.transactionalId).int16(-1).int32(timeoutMs);
      out.array(byTopic(batches), ([topic, members]) => {
        out.string(topic).array(members, ({ partition, bytes }) => out.int32(partition).bytes(bytes));
      });
    },
    decode,
  };
}

function decode(answer: WireReader): ProduceAnswer {
  const partitions = answer.array(() => {
    const topic = answer.string();
    return answer.array((): ProducedPartition => {
      const placed = readPlace(topic, answer);
      const refused = answer.array(() => [answer.int32(), answer.nullableString()] as const);
      return { ...placed, message: answer.nullableString() ?? refused[0]?.[1] ?? null };
    });
  });
  return { partitions: partitions.flat(), throttleMs: answer.int32() };
}

function decodeCompact(answer: WireReader): ProduceAnswer {
  const partitions = answer.compactArray(() => {
    const topic = answer.compactString();
    const produced = answer.compactArray((): ProducedPartition => {
      const placed = readPlace(topic, answer);
      const refused = answer.compactArray(() => {
        const reason = [answer.int32(), answer.compactNullableString()] as const;
        answer.tags();
        return reason;
      });
      const message = answer.compactNullableString() ?? refused[0]?.[1] ?? null;
      answer.tags();
      return { ...placed, message };
    });
    answer.tags();
    return produced;
  });
  return { partitions: partitions.flat(), throttleMs: answer.int32() };
}

function readPlace(topic: string, answer: WireReader): Omit<ProducedPartition, "message"> {
  const place = { topic, partition: answer.int32(), errorCode: answer.int16(), baseOffset: answer.int64() };
  answer.int64();
  answer.int64();
  return place;
}
