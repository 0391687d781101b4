import type { StreamError } from "../core/errors.ts";
import { BatchCursor, type BatchOrigin } from "./batch.ts";
import { inflate, MAX_INFLATED_BYTES } from "./inflate.ts";
import { batchLayout } from "./layout.ts";
import type { Header, RecordReader } from "./reader.ts";
import { EXACT_MAX, readVarlong } from "./varint.ts";

const NO_HEADERS: readonly Header[] = [];
/** The latest time that is a double and a 64-bit integer. */
const LATEST_MS = 2 ** 63 - 1024;

/** What a reader needs to know besides the bytes. */
export interface BatchReaderOptions extends BatchOrigin {
  /** Records below this offset are skipped. */
  readonly from: number;
  /** Bytes one compressed batch may inflate to. */
  readonly maxInflatedBytes?: number;
  /** Called once, when the reader is released. */
  readonly onRelease?: () => void;
}

/**
 * Reads the records of chosen batches of one buffer, one after the other, decoding nothing but where things lie.
 *
 * Batches are inflated only when the reader comes to them. Varints of up to two bytes are decoded in line: nearly all are.
 */
export class BatchReader implements RecordReader {
  readonly byteLength: number;
  bytes: Buffer;
  offset = -1;
  timestampMs = -1;
  keyStart = 0;
  keyLength = -1;
  valueStart = 0;
  valueLength = -1;
  headerCount = 0;
  headersStart = 0;
  headersLength = 0;

  private readonly batches: BatchCursor;
  private readonly starts: readonly number[];
  private readonly options: BatchReaderOptions;
  private nextBatch = 0;
  private isReleased = false;
  /** Of the current batch: records left, where the next one begins, where they end, and what their deltas count from. */
  private remaining = 0;
  private position = 0;
  private end = 0;
  private baseOffset = 0;
  private baseTimestampMs = 0;
  /** False: the base is a time far from all others, which a double only comes near to. */
  private isBaseExact = true;
  private appendTimestampMs = -1;

  /** @param starts Where the batches to read begin in `bytes`; they are complete and their checksums are right. */
  constructor(bytes: Buffer, starts: readonly number[], options: BatchReaderOptions) {
    this.bytes = bytes;
    this.byteLength = bytes.length;
    this.starts = starts;
    this.options = options;
    this.batches = new BatchCursor(bytes, options);
  }

  /**
   * @throws {StreamError} `CORRUPT_BATCH` when a record does not fit its batch, `UNSUPPORTED_COMPRESSION`,
   *   `RECORD_TOO_LARGE` when a batch inflates beyond the limit
   */
  advance(): boolean {
    for (;;) {
      while (this.remaining === 0) if (!this.openBatch()) return false;
      this.remaining--;
      this.readRecord();
      if (this.offset >= this.options.from) return true;
    }
  }

  headers(): readonly Header[] {
    if (this.headerCount === 0) return NO_HEADERS;
    const resume = this.position;
    const headers: Header[] = [];
    this.position = this.headersStart;
    for (let i = 0; i < this.headerCount; i++) {
      const keyLength = this.varint();
      const keyStart = this.take(keyLength);
      const valueLength = this.varint();
      const valueStart = valueLength < 0 ? 0 : this.take(valueLength);
      headers.push({
        key: this.bytes.utf8Slice(keyStart, keyStart + keyLength),
        value: valueLength < 0 ? null : Buffer.from(this.bytes.subarray(valueStart, valueStart + valueLength)),
      });
    }
    this.position = resume;
    return headers;
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.options.onRelease?.();
  }

  private openBatch(): boolean {
    const start = this.starts[this.nextBatch];
    if (start === undefined) return false;
    this.nextBatch++;
    const batch = this.batches;
    batch.seek(start);
    this.baseOffset = batch.baseOffset;
    this.baseTimestampMs = batch.baseTimestampMs;
    this.isBaseExact = Number.isSafeInteger(this.baseTimestampMs);
    this.appendTimestampMs = batch.isLogAppendTime ? batch.maxTimestampMs : -1;
    this.remaining = batch.recordCount;
    if (batch.compression === "none" || batch.recordCount === 0) {
      this.bytes = batch.bytes;
      this.position = batch.recordsStart;
      this.end = batch.end;
      return true;
    }
    this.bytes = this.inflateBatch(batch);
    this.position = 0;
    this.end = this.bytes.length;
    return true;
  }

  private inflateBatch(batch: BatchCursor): Buffer {
    const { maxInflatedBytes = MAX_INFLATED_BYTES } = this.options;
    const section = batch.bytes.subarray(batch.recordsStart, batch.end);
    try {
      return inflate(batch.compression, section, { origin: this.options, maxInflatedBytes });
    } catch (error) {
      if ((error as Error).name === "StreamError") throw error;
      throw batch.corrupt(batch.start, `it does not inflate: ${(error as Error).message}`);
    }
  }

  /**
   * ```
   * length varint, attributes int8, timestampDelta varlong, offsetDelta varint,
   * keyLength varint, key, valueLength varint, value, headerCount varint, headers
   * ```
   */
  private readRecord(): void {
    const size = this.varint();
    const recordEnd = this.position + size;
    if (size < 0 || recordEnd > this.end) throw this.corrupt("a record ends beyond it");
    this.position++;
    const deltaAt = this.position;
    const delta = this.varint();
    if (this.appendTimestampMs >= 0) this.timestampMs = this.appendTimestampMs;
    else if (this.isBaseExact && delta <= EXACT_MAX && delta >= -EXACT_MAX)
      this.timestampMs = this.baseTimestampMs + delta;
    else this.timestampMs = this.farTimestampMs(deltaAt);
    this.offset = this.baseOffset + this.varint();
    this.keyLength = this.varint();
    this.keyStart = this.position;
    if (this.keyLength > 0) this.position += this.keyLength;
    this.valueLength = this.varint();
    this.valueStart = this.position;
    if (this.valueLength > 0) this.position += this.valueLength;
    this.headerCount = this.varint();
    this.headersStart = this.position;
    this.headersLength = recordEnd - this.position;
    if (this.headersLength < 0 || this.headerCount < 0) throw this.corrupt("a field ends beyond its record");
    this.position = recordEnd;
    if (this.remaining === 0 && recordEnd !== this.end) throw this.corrupt("bytes follow its last record");
  }

  /** The time of a record where it, or the batch's base, is none that a double holds: the others must not be moved by that. */
  private farTimestampMs(deltaAt: number): number {
    const { bytes, start } = this.batches;
    const base = bytes.readBigInt64BE(start + batchLayout.baseTimestamp);
    return Math.min(Number(BigInt.asIntN(64, base + readVarlong(this.bytes, deltaAt))), LATEST_MS);
  }

  private varint(): number {
    const bytes = this.bytes;
    const first = bytes[this.position++] as number;
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    const second = bytes[this.position++] as number;
    if (second < 0x80) {
      const raw = (first & 0x7f) | (second << 7);
      return (raw >>> 1) ^ -(raw & 1);
    }
    return this.longVarint(first, second);
  }

  /** Three bytes and more, in doubles: exact up to 2^53, which no length, offset or time of ours exceeds. */
  private longVarint(first: number, second: number): number {
    let raw = (first & 0x7f) + (second & 0x7f) * 0x80;
    let scale = 0x4000;
    for (let count = 3; count <= 10; count++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) break;
      raw += (byte & 0x7f) * scale;
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      scale *= 0x80;
    }
    throw this.corrupt("a varint does not end");
  }

  private take(length: number): number {
    const start = this.position;
    this.position += length;
    if (length < 0 || this.position > this.headersStart + this.headersLength) {
      throw this.corrupt("a header ends beyond its record");
    }
    return start;
  }

  private corrupt(reason: string): StreamError {
    return this.batches.corrupt(this.batches.start, reason);
  }
}
