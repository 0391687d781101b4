import type { BatchCursor } from "./batch.ts";
import { crc32c } from "./crc32c.ts";
import { batchAttributes, batchLayout } from "./layout.ts";
import { RecordWriter } from "./writer.ts";

/** How a transaction ended. */
export type TransactionMarker = "commit" | "abort";

/** Types of control records by number; others (leader change, snapshots of KRaft) concern brokers only. */
const markerTypes: readonly (TransactionMarker | undefined)[] = ["abort", "commit"];

/** A marker to write. */
export interface MarkerBatch {
  readonly marker: TransactionMarker;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseOffset: number;
  readonly timestampMs: number;
  readonly coordinatorEpoch?: number;
}

/**
 * Encodes the batch that ends a transaction in a partition: what a broker appends, one offset long.
 *
 * ```
 * key   => version int16 = 0, type int16 (0 abort, 1 commit)
 * value => version int16 = 0, coordinatorEpoch int32
 * ```
 * @source Kafka 4.3 `org.apache.kafka.common.record.internal.EndTransactionMarker`
 */
export function encodeMarker(batch: MarkerBatch): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(markerTypes.indexOf(batch.marker), 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(batch.coordinatorEpoch ?? 0, 2);
  const writer = new RecordWriter({ initialBytes: 128 });
  writer.append(batch.timestampMs, key, value);
  const { producerId, producerEpoch, baseOffset } = batch;
  const encoded = writer.finish({ producerId, producerEpoch, baseOffset, baseSequence: -1, transactional: true });
  encoded.writeInt16BE(batchAttributes.transactional | batchAttributes.control, batchLayout.attributes);
  encoded.writeUInt32BE(crc32c(encoded, batchLayout.attributes, encoded.length), batchLayout.crc);
  return encoded;
}

/**
 * Which marker the current batch holds; undefined for data, for other control batches and for a marker that compaction
 * emptied. Only the control bit makes a marker: a *data* record may well have the same key bytes (the int32 key 0).
 */
export function markerOf(batch: BatchCursor): TransactionMarker | undefined {
  if (!batch.isControl || batch.recordCount === 0) return undefined;
  // Control batches are never compressed. Skip length, attributes, two deltas and key length: each a varint.
  let at = batch.recordsStart;
  for (let field = 0; field < 5; field++) {
    while (at < batch.end && (batch.bytes[at] as number) >= 0x80) at++;
    at++;
  }
  if (at + 4 > batch.end) throw batch.corrupt(batch.start, "its control record has no type");
  return markerTypes[batch.bytes.readInt16BE(at + 2)];
}
