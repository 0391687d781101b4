import { StreamError } from "../core/errors.ts";
import { crc32c } from "./crc32c.ts";
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD,
  batchAttributes,
  batchLayout,
  readInt64,
  writeInt64,
} from "./layout.ts";

/** Compression codecs by their number in a batch's attributes. */
export const compressionCodecs = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

/** How the records of a batch are compressed. */
export type Compression = (typeof compressionCodecs)[number];

/** Where batches come from: for error messages. */
export interface BatchOrigin {
  readonly topic?: string;
  readonly partition?: number;
}

/**
 * A cursor over the batches of a buffer: reads header fields in place.
 *
 * A batch that is cut off at the end of the buffer is skipped, as brokers answer them when `maxBytes` ends inside one.
 *
 * @example
 * const batches = new BatchCursor(Buffer.alloc(0));
 * batches.advance(); // false
 */
export class BatchCursor {
  readonly bytes: Buffer;
  /** Start of the current batch in `bytes`. */
  start = 0;
  /** End of the current batch in `bytes`. */
  end = 0;
  private readonly origin: BatchOrigin;

  constructor(bytes: Buffer, origin: BatchOrigin = {}) {
    this.bytes = bytes;
    this.origin = origin;
  }

  /**
   * Moves to the next complete batch; false at the end.
   * @throws {StreamError} `CORRUPT_BATCH` when the length cannot be one, or the batch is older than format 2
   */
  advance(): boolean {
    const start = this.end;
    const room = this.bytes.length - start;
    // The length of anything is known from its first 12 bytes, its format from the first 17.
    if (room <= batchLayout.magic) return false;
    const size = this.bytes.readInt32BE(start + batchLayout.batchLength) + BATCH_LENGTH_OVERHEAD;
    const magic = this.bytes.readInt8(start + batchLayout.magic);
    if (magic !== 2) throw this.corrupt(start, `format ${magic} is not supported: only record batches of format 2 are`);
    if (size < BATCH_HEADER_BYTES) throw this.corrupt(start, `a batch of ${size} bytes is shorter than its header`);
    if (size > room) return false;
    this.start = start;
    this.end = start + size;
    return true;
  }

  /** Moves to a batch whose place is known from an earlier pass. */
  seek(start: number): void {
    this.start = start;
    this.end = start + this.bytes.readInt32BE(start + batchLayout.batchLength) + BATCH_LENGTH_OVERHEAD;
  }

  get byteLength(): number {
    return this.end - this.start;
  }
  get baseOffset(): number {
    return readInt64(this.bytes, this.start + batchLayout.baseOffset);
  }
  /** Offset of the last record the batch was written with, also when compaction removed that record. */
  get lastOffset(): number {
    return this.baseOffset + this.bytes.readInt32BE(this.start + batchLayout.lastOffsetDelta);
  }
  get partitionLeaderEpoch(): number {
    return this.bytes.readInt32BE(this.start + batchLayout.partitionLeaderEpoch);
  }
  get baseTimestampMs(): number {
    return readInt64(this.bytes, this.start + batchLayout.baseTimestamp);
  }
  get maxTimestampMs(): number {
    return readInt64(this.bytes, this.start + batchLayout.maxTimestamp);
  }
  /** -1 when the writer was not idempotent. */
  get producerId(): number {
    return readInt64(this.bytes, this.start + batchLayout.producerId);
  }
  get producerEpoch(): number {
    return this.bytes.readInt16BE(this.start + batchLayout.producerEpoch);
  }
  get baseSequence(): number {
    return this.bytes.readInt32BE(this.start + batchLayout.baseSequence);
  }
  /** Records in the batch; 0 when compaction removed them all and kept the header. */
  get recordCount(): number {
    return this.bytes.readInt32BE(this.start + batchLayout.recordCount);
  }
  get isTransactional(): boolean {
    return (this.attributes & batchAttributes.transactional) !== 0;
  }
  /** True for markers of transactions and other records that brokers write for themselves. */
  get isControl(): boolean {
    return (this.attributes & batchAttributes.control) !== 0;
  }
  /** True when every record's time is the time of appending, `maxTimestampMs`. */
  get isLogAppendTime(): boolean {
    return (this.attributes & batchAttributes.logAppendTime) !== 0;
  }
  /** The codec, or undefined for a number that no Kafka has defined. */
  get compression(): Compression | undefined {
    return compressionCodecs[this.attributes & batchAttributes.codecMask];
  }
  /** Where the records, compressed or not, begin in `bytes`. */
  get recordsStart(): number {
    return this.start + batchLayout.records;
  }

  /** @throws {StreamError} `CORRUPT_BATCH` when the checksum does not fit */
  verifyCrc(): void {
    const stored = this.bytes.readUInt32BE(this.start + batchLayout.crc);
    const computed = crc32c(this.bytes, this.start + batchLayout.attributes, this.end);
    if (stored !== computed) throw this.corrupt(this.start, `checksum ${computed} is not the stored ${stored}`);
  }

  /** The error that names this batch and its place. */
  corrupt(start: number, reason: string): StreamError {
    const offset = this.bytes.length - start >= 8 ? readInt64(this.bytes, start) : -1;
    return corruptBatch(this.origin, offset, reason);
  }

  private get attributes(): number {
    return this.bytes.readInt16BE(this.start + batchLayout.attributes);
  }
}

/** `CORRUPT_BATCH` for the batch at an offset: read it again once, then treat the partition as damaged. */
export function corruptBatch(origin: BatchOrigin, offset: number, reason: string): StreamError {
  const { topic = "?", partition = -1 } = origin;
  return new StreamError("CORRUPT_BATCH", `batch ${topic}-${partition}@${offset} cannot be read: ${reason}`, {
    details: { topic, partition, offset },
  });
}

/** Gives a batch its place in a log. Offset and leader epoch lie before the checksummed part, so it stays valid. */
export function placeBatch(batch: Buffer, baseOffset: number, partitionLeaderEpoch = 0): void {
  writeInt64(batch, batchLayout.baseOffset, baseOffset);
  batch.writeInt32BE(partitionLeaderEpoch, batchLayout.partitionLeaderEpoch);
}
