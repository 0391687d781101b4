/**
 * Where the fields of a record batch v2 lie, in bytes from its start.
 *
 * ```
 * baseOffset int64 | batchLength int32 | partitionLeaderEpoch int32 | magic int8 = 2 | crc uint32 (CRC32C of all that follows)
 * attributes int16 | lastOffsetDelta int32 | baseTimestamp int64 | maxTimestamp int64
 * producerId int64 | producerEpoch int16 | baseSequence int32 | recordCount int32 | records…
 * ```
 * @source Kafka 4.3 `org.apache.kafka.common.record.internal.DefaultRecordBatch`
 */
export const batchLayout = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** Bytes before `batchLength` starts to count. */
export const BATCH_LENGTH_OVERHEAD = 12;
/** Bytes of a batch without records. */
export const BATCH_HEADER_BYTES = batchLayout.records;

/** Bits of `attributes`. */
export const batchAttributes = { codecMask: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const;

/** Reads a signed 64-bit integer; exact for safe integers. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

/** Writes a safe integer as a signed 64-bit integer. */
export function writeInt64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}
