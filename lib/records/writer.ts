import { ByteSink } from "../core/byte-sink.ts";
import { invariant, StreamError } from "../core/errors.ts";
import { crc32c } from "./crc32c.ts";
import { BATCH_HEADER_BYTES, BATCH_LENGTH_OVERHEAD, batchAttributes, batchLayout, writeInt64 } from "./layout.ts";
import type { Header } from "./reader.ts";
import {
  EXACT_MAX,
  lengthVarintBytes,
  MAX_VARINT_BYTES,
  writeLengthVarint,
  writeVarint,
  writeVarlong,
} from "./varint.ts";

/** Who writes a batch and where: the part of its header that is known only when it is sent. */
export interface BatchStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence of the first record; -1 without a producer id. */
  readonly baseSequence: number;
  readonly transactional: boolean;
  /** Offset of the first record: 0 in a Produce request, the real one in a log. */
  readonly baseOffset?: number;
}

/** Where in a record the writer is; calls out of order are a bug of the caller. */
const phases = { closed: 0, key: 1, value: 2, end: 3 } as const;
type Phase = (typeof phases)[keyof typeof phases];

/**
 * Encodes records straight into one record batch v2: no object, no copy and no closure per record.
 *
 * Per record: `openRecord`, then the key (`nullKey()`, or bytes into `sink` and `endKey()`), then the value (`nullValue()`,
 * or bytes into `sink` and `endValue()`), then `closeRecord`. Lengths stand before what they measure, so room for them is
 * guessed from the record before; a wrong guess moves the bytes by one or two, which happens when sizes cross a power of two.
 *
 * @example
 * const writer = new RecordWriter();
 * writer.openRecord(1_000);
 * writer.sink.utf8("AAPL");
 * writer.endKey();
 * writer.nullValue();
 * writer.closeRecord();
 * writer.finish({ producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false }); // one batch, 61 + 11 bytes
 */
export class RecordWriter {
  /** Where key and value bytes go between the calls. Only ever append to it. */
  readonly sink: ByteSink;
  private phase: Phase = phases.closed;
  private recordCount = 0;
  private baseTimestampMs = -1;
  private latestTimestampMs = -1;
  private openTimestampMs = -1;
  /** Start of the open record, and of the length field that is being filled. */
  private recordStart: number = BATCH_HEADER_BYTES;
  private lengthAt = 0;
  private recordLengthBytes = 2;
  private keyLengthBytes = 1;
  private valueLengthBytes = 1;

  constructor(options: { initialBytes?: number } = {}) {
    this.sink = new ByteSink(Math.max(options.initialBytes ?? 16 * 1024, BATCH_HEADER_BYTES));
    this.sink.length = BATCH_HEADER_BYTES;
  }

  /** Finished records. */
  get count(): number {
    return this.recordCount;
  }

  /** Size of the finished batch, its header included; an open record does not count. */
  get byteLength(): number {
    return this.phase === phases.closed ? this.sink.length : this.recordStart;
  }

  /** Highest timestamp of the finished records; -1 without any. */
  get maxTimestampMs(): number {
    return this.latestTimestampMs;
  }

  /** Begins a record; its key comes next. */
  openRecord(timestampMs: number): void {
    this.expect(phases.closed);
    if (this.recordCount === 0) this.baseTimestampMs = timestampMs;
    const sink = this.sink;
    sink.ensure(5 + 1 + 2 * MAX_VARINT_BYTES + 5);
    this.recordStart = sink.length;
    this.openTimestampMs = timestampMs;
    let at = sink.length + this.recordLengthBytes;
    sink.bytes[at++] = 0; // attributes of a record: none are defined
    const delta = timestampMs - this.baseTimestampMs;
    at =
      delta <= EXACT_MAX && delta >= -EXACT_MAX
        ? writeVarint(sink.bytes, at, delta)
        : writeVarlong(sink.bytes, at, BigInt.asIntN(64, BigInt(timestampMs) - BigInt(this.baseTimestampMs)));
    at = writeVarint(sink.bytes, at, this.recordCount);
    this.lengthAt = at;
    sink.length = at + this.keyLengthBytes;
    this.phase = phases.key;
  }

  /** The key is null. */
  nullKey(): void {
    this.expect(phases.key);
    this.sink.length = this.lengthAt;
    this.sink.uint8(1); // varint of -1
    this.openValue();
  }

  /** The key is what was written to `sink` since `openRecord`. */
  endKey(): void {
    this.expect(phases.key);
    this.keyLengthBytes = this.fillLength(this.lengthAt, this.keyLengthBytes);
    this.openValue();
  }

  /** The value is null: a tombstone where the topic is a table. */
  nullValue(): void {
    this.expect(phases.value);
    this.sink.length = this.lengthAt;
    this.sink.uint8(1); // varint of -1
    this.phase = phases.end;
  }

  /** The value is what was written to `sink` since the key ended. */
  endValue(): void {
    this.expect(phases.value);
    this.valueLengthBytes = this.fillLength(this.lengthAt, this.valueLengthBytes);
    this.phase = phases.end;
  }

  /** Ends the record. */
  closeRecord(headers?: readonly Header[]): void {
    this.expect(phases.end);
    if (headers === undefined || headers.length === 0) this.sink.uint8(0);
    else this.writeHeaders(headers);
    this.recordLengthBytes = this.fillLength(this.recordStart, this.recordLengthBytes);
    this.recordCount++;
    if (this.openTimestampMs > this.latestTimestampMs || this.recordCount === 1) {
      this.latestTimestampMs = this.openTimestampMs;
    }
    this.phase = phases.closed;
  }

  /** Forgets the open record, for example because a serde threw half-way. Without an open record it does nothing. */
  discardRecord(): void {
    if (this.phase === phases.closed) return;
    this.sink.length = this.recordStart;
    this.phase = phases.closed;
  }

  /**
   * Writes a whole record whose bytes exist already.
   * @hotPath once per record
   */
  append(timestampMs: number, key: Uint8Array | null, value: Uint8Array | null, headers?: readonly Header[]): void {
    this.openRecord(timestampMs);
    if (key === null) this.nullKey();
    else {
      this.sink.copy(key);
      this.endKey();
    }
    if (value === null) this.nullValue();
    else {
      this.sink.copy(value);
      this.endValue();
    }
    this.closeRecord(headers);
  }

  /**
   * Stamps header and checksum in place and answers the batch. The same stamp gives the same bytes, so a batch may be sent
   * again; another stamp (a new epoch) may follow.
   *
   * @returns a view of the writer's memory, valid until the next record or `reset`
   * @throws {StreamError} `INVARIANT_BROKEN` without a record or with one open
   */
  finish(stamp: BatchStamp): Buffer {
    this.expect(phases.closed);
    invariant(this.recordCount > 0, "a batch holds at least one record");
    const batch = this.sink.view();
    writeInt64(batch, batchLayout.baseOffset, stamp.baseOffset ?? 0);
    batch.writeInt32BE(batch.length - BATCH_LENGTH_OVERHEAD, batchLayout.batchLength);
    batch.writeInt32BE(-1, batchLayout.partitionLeaderEpoch); // the broker fills it in
    batch.writeInt8(2, batchLayout.magic);
    batch.writeInt16BE(stamp.transactional ? batchAttributes.transactional : 0, batchLayout.attributes);
    batch.writeInt32BE(this.recordCount - 1, batchLayout.lastOffsetDelta);
    writeInt64(batch, batchLayout.baseTimestamp, this.baseTimestampMs);
    writeInt64(batch, batchLayout.maxTimestamp, this.latestTimestampMs);
    writeInt64(batch, batchLayout.producerId, stamp.producerId);
    batch.writeInt16BE(stamp.producerEpoch, batchLayout.producerEpoch);
    batch.writeInt32BE(stamp.baseSequence, batchLayout.baseSequence);
    batch.writeInt32BE(this.recordCount, batchLayout.recordCount);
    batch.writeUInt32BE(crc32c(batch, batchLayout.attributes, batch.length), batchLayout.crc);
    return batch;
  }

  /** Forgets every record, keeps the memory. */
  reset(): void {
    this.sink.length = BATCH_HEADER_BYTES;
    this.recordCount = 0;
    this.latestTimestampMs = -1;
    this.phase = phases.closed;
  }

  private openValue(): void {
    this.lengthAt = this.sink.length;
    this.sink.ensure(5);
    this.sink.length += this.valueLengthBytes;
    this.phase = phases.value;
  }

  /** Fills the length field at `at`, for which `guess` bytes were left; what it measures ends at the sink's end. */
  private fillLength(at: number, guess: number): number {
    const sink = this.sink;
    const length = sink.length - at - guess;
    const needed = lengthVarintBytes(length);
    if (needed !== guess) {
      sink.ensure(5);
      sink.bytes.copyWithin(at + needed, at + guess, sink.length);
      sink.length += needed - guess;
    }
    writeLengthVarint(sink.bytes, at, length);
    return needed;
  }

  private writeHeaders(headers: readonly Header[]): void {
    const sink = this.sink;
    this.writeLength(headers.length);
    for (const header of headers) {
      this.writeLength(Buffer.byteLength(header.key));
      sink.utf8(header.key);
      if (header.value === null) sink.uint8(1);
      else {
        this.writeLength(header.value.length);
        sink.copy(header.value);
      }
    }
  }

  private writeLength(length: number): void {
    this.sink.ensure(5);
    this.sink.length = writeLengthVarint(this.sink.bytes, this.sink.length, length);
  }

  private expect(phase: Phase): void {
    if (this.phase !== phase) {
      // Not invariant(): it would build an object of details for every field of every record.
      throw new StreamError("INVARIANT_BROKEN", "a record is written in order: open, key, value, close", {
        details: { phase: this.phase, expected: phase },
      });
    }
  }
}
