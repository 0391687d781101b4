import { crc32, deflateRawSync } from "node:zlib";
import { ByteSink } from "../core/byte-sink.ts";
import { invariant } from "../core/errors.ts";
import type { RowSink } from "../state/store.ts";
import {
  BLOCK_BYTES,
  blockCodecs,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
  SEGMENT_TRAILER_BYTES,
  SEGMENT_VERSION,
} from "./segment-format.ts";
import { writeSigned, writeUnsigned } from "./varints.ts";

/** A segment in memory, in parts that are not joined yet. */
export interface EncodedSegment {
  readonly parts: readonly Buffer[];
  readonly length: number;
  readonly indexLength: number;
  readonly rows: number;
  readonly tombstones: number;
  /** latin1 text. */
  readonly minKey: string;
  readonly maxKey: string;
}

/** How blocks are stored. `none` is for tests: deflate's bytes differ between machines. */
export interface SegmentOptions {
  readonly compression?: "deflate-raw" | "none";
}

/**
 * Encodes rows into a segment: put rows with ascending keys, then `finish`.
 *
 * @example
 * const writer = new SegmentWriter();
 * writer.row("AAPL", Buffer.from("7"), 0, 1, 1_700_000_000_000);
 * const segment = Buffer.concat(writer.finish().parts);
 */
export class SegmentWriter implements RowSink {
  private readonly compress: boolean;
  private readonly parts: Buffer[] = [markOf(SEGMENT_HEADER_BYTES)];
  private length = SEGMENT_HEADER_BYTES;
  private readonly block = new ByteSink(BLOCK_BYTES + 4096);
  private blockRows = 0;
  private blockFirstKey = "";
  private blockTimestampMs = 0;
  private readonly index = new ByteSink();
  private blocks = 0;
  private rows = 0;
  private tombstones = 0;
  private minTimestampMs = Number.POSITIVE_INFINITY;
  private maxTimestampMs = Number.NEGATIVE_INFINITY;
  private minKey = "";
  private maxKey = "";

  constructor(options: SegmentOptions = {}) {
    this.compress = options.compression !== "none";
  }

  /**
   * Adds a row.
   * @hotPath once per row of a snapshot
   */
  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    invariant(this.rows === 0 || keyText > this.maxKey, "snapshot: keys of a segment ascend", { row: this.rows });
    const { block } = this;
    if (this.blockRows === 0) this.blockFirstKey = keyText;
    if (this.rows === 0) this.minKey = keyText;
    writeUnsigned(block, keyText.length);
    block.latin1(keyText);
    writeUnsigned(block, valueLength + 1);
    if (valueLength > 0) block.copy(bytes, valueStart, valueStart + valueLength);
    writeSigned(block, timestampMs - this.blockTimestampMs);
    this.blockTimestampMs = timestampMs;
    this.maxKey = keyText;
    this.rows++;
    this.blockRows++;
    if (valueLength < 0) this.tombstones++;
    if (timestampMs < this.minTimestampMs) this.minTimestampMs = timestampMs;
    if (timestampMs > this.maxTimestampMs) this.maxTimestampMs = timestampMs;
    if (block.length >= BLOCK_BYTES) this.closeBlock();
  }

  /** Ends the segment; the writer cannot be used again. */
  finish(): EncodedSegment {
    if (this.blockRows > 0) this.closeBlock();
    const index = new ByteSink(this.index.length + 256);
    writeUnsigned(index, this.rows);
    writeUnsigned(index, this.tombstones);
    writeSigned(index, this.rows === 0 ? 0 : this.minTimestampMs);
    writeSigned(index, this.rows === 0 ? 0 : this.maxTimestampMs);
    writeUnsigned(index, this.maxKey.length);
    index.latin1(this.maxKey);
    writeUnsigned(index, this.blocks);
    index.copy(this.index.view());
    const indexBytes = index.view();
    const trailer = markOf(SEGMENT_TRAILER_BYTES);
    trailer.writeUInt32BE(indexBytes.length, 0);
    trailer.writeUInt32BE(crc32(indexBytes), 4);
    this.push(indexBytes);
    this.push(trailer);
    const { parts, length, rows, tombstones, minKey, maxKey } = this;
    return { parts, length, indexLength: indexBytes.length + SEGMENT_TRAILER_BYTES, rows, tombstones, minKey, maxKey };
  }

  private closeBlock(): void {
    const raw = this.block.view();
    const deflated = this.compress ? deflateRawSync(raw, { level: 1 }) : raw;
    // Incompressible rows are not worth an inflate at every restore.
    const packed = this.compress && deflated.length < raw.length * 0.95;
    const stored = packed ? deflated : Buffer.from(raw);
    const { index } = this;
    writeUnsigned(index, stored.length);
    writeUnsigned(index, raw.length);
    writeUnsigned(index, this.blockRows);
    index.uint8(packed ? blockCodecs.deflateRaw : blockCodecs.none);
    index.int32(crc32(stored) | 0);
    writeUnsigned(index, this.blockFirstKey.length);
    index.latin1(this.blockFirstKey);
    this.push(stored);
    this.blocks++;
    this.blockRows = 0;
    this.blockTimestampMs = 0;
    this.block.reset();
  }

  private push(part: Buffer): void {
    this.parts.push(part);
    this.length += part.length;
  }
}

/** Zero bytes that end with magic and version. */
function markOf(length: number): Buffer {
  const mark = Buffer.alloc(length);
  mark.latin1Write(SEGMENT_MAGIC, length - 8);
  mark[length - 4] = SEGMENT_VERSION;
  return mark;
}
