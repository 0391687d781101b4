import type { AbortedTransaction } from "../../../records/committed.ts";
import type { WireReader } from "../wire/reader.ts";
import { type Answer, byTopic, type WireRequest } from "../wire/request.ts";

/** A partition to read and where to begin. */
export interface FetchPartition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What one partition has: batches with the facts to filter them, or an error. */
export interface FetchedBatches {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly lastStable: number;
  readonly logStart: number;
  readonly aborted: readonly AbortedTransaction[];
  /** The broker to read instead, which is in the rack that was named; -1 for the one that was asked. */
  readonly nearerBroker: number;
  /** Whole batches and perhaps one that is cut off: a view of the answer. */
  readonly batches: Buffer;
}

/** Everything that one leader answered. */
export interface FetchAnswer extends Answer {
  readonly errorCode: number;
  readonly partitions: readonly FetchedBatches[];
}

/** What to read from one leader. */
export interface FetchFields {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  /** Where we are, so that a leader can name a follower that is near; empty to read leaders only. */
  readonly rack: string;
  readonly partitions: readonly FetchPartition[];
}

/**
 * Fetch v11 as a consumer of committed records, without a session.
 *
 * ```
 * request  => replica_id int32 = -1, max_wait_ms int32, min_bytes int32, max_bytes int32, isolation_level int8 = 1,
 *             session_id int32 = 0, session_epoch int32 = -1,
 *             [topic string, [partition int32, current_leader_epoch int32 = -1, fetch_offset int64,
 *               log_start_offset int64 = -1, partition_max_bytes int32]], forgotten_topics [] = empty, rack_id string
 * response => throttle_time_ms int32, error_code int16, session_id int32,
 *             [topic string, [partition_index int32, error_code int16, high_watermark int64, last_stable_offset int64,
 *               log_start_offset int64, nullable [producer_id int64, first_offset int64], preferred_read_replica int32,
 *               records nullable_bytes]]
 * ```
 * @source Kafka 4.3 FetchRequest.json, FetchResponse.json
 */
export function fetchRequest(fields: FetchFields): WireRequest<FetchAnswer> {
  return {
    api: { name: "Fetch", key: 1, version: 11, flexible: false },
    encode: (out) => {
      out.int32(-1).int32(fields.maxWaitMs).int32(1).int32(fields.maxBytes).int8(1).int32(0).int32(-1);
      out.array(byTopic(fields.partitions), ([topic, partitions]) => {
        out.string(topic).array(partitions, ({ partition, offset }) => {
          out.int32(partition).int32(-1).int64(offset).int64(-1).int32(fields.maxPartitionBytes);
        });
      });
      out.int32(0).string(fields.rack);
    },
    decode: (answer) => {
      const [throttleMs, errorCode] = [answer.int32(), answer.int16()];
      answer.int32();
      const partitions = answer.array(() => {
        const topic = answer.string();
        return answer.array(() => readPartition(topic, answer));
      });
      return { throttleMs, errorCode, partitions: partitions.flat() };
    },
  };
}

function readPartition(topic: string, answer: WireReader): FetchedBatches {
  const [partition, errorCode] = [answer.int32(), answer.int16()];
  const [highWatermark, lastStable, logStart] = [answer.int64(), answer.int64(), answer.int64()];
  const aborted = answer.array(() => ({ producerId: answer.int64(), firstOffset: answer.int64() }));
  const nearerBroker = answer.int32();
  const batches = answer.bytes();
  return { topic, partition, errorCode, highWatermark, lastStable, logStart, aborted, nearerBroker, batches };
}
