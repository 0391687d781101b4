import { crc32, inflateRawSync } from "node:zlib";
import { StreamError } from "../core/errors.ts";
import type { RowSink } from "../state/store.ts";
import {
  type BlockInfo,
  blockCodecs,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
  SEGMENT_TRAILER_BYTES,
  SEGMENT_VERSION,
  type SegmentIndex,
} from "./segment-format.ts";
import { VarintReader } from "./varints.ts";

/**
 * Reads the index at the end of `bytes`: the last bytes of a segment, at least index and trailer.
 *
 * @throws {StreamError} `CORRUPT_SNAPSHOT`, or `SCHEMA_UNKNOWN` for a newer version
 */
export function readSegmentIndex(bytes: Buffer): SegmentIndex {
  const trailer = bytes.length - SEGMENT_TRAILER_BYTES;
  if (trailer < 0 || bytes.latin1Slice(trailer + 8, trailer + 12) !== SEGMENT_MAGIC) {
    throw corrupt("a segment does not end with its mark");
  }
  checkVersion(bytes[trailer + 12] as number);
  const start = trailer - bytes.readUInt32BE(trailer);
  if (start < 0) throw corrupt("the index of a segment is longer than the segment");
  if (crc32(bytes.subarray(start, trailer)) !== bytes.readUInt32BE(trailer + 4)) {
    throw corrupt("the index of a segment has a wrong checksum");
  }
  return parsed(() => parseIndex(new VarintReader(bytes, start, trailer)));
}

/**
 * The rows of a block, checked and unpacked.
 *
 * @param stored The stored bytes of the block.
 * @throws {StreamError} `CORRUPT_SNAPSHOT`
 */
export function openBlock(stored: Buffer, block: BlockInfo): Buffer {
  if (stored.length !== block.storedLength || crc32(stored) !== block.crc) {
    throw corrupt("a block has a wrong checksum");
  }
  if (block.codec === blockCodecs.none) return stored;
  if (block.codec !== blockCodecs.deflateRaw) {
    throw new StreamError("SCHEMA_UNKNOWN", `block codec ${block.codec} is not known to this version`);
  }
  const raw = parsed(() => inflateRawSync(stored, { maxOutputLength: Math.max(1, block.rawLength) }));
  if (raw.length !== block.rawLength) throw corrupt("a block unpacks to another length");
  return raw;
}

/** Hands every row of an unpacked block to `sink`, in key order. @throws {StreamError} `CORRUPT_SNAPSHOT` */
export function readBlock(raw: Buffer, block: BlockInfo, sink: RowSink): void {
  parsed(() => {
    const reader = new VarintReader(raw);
    let timestampMs = 0;
    for (let i = 0; i < block.rows; i++) {
      const keyLength = reader.unsigned();
      const keyStart = reader.skip(keyLength);
      const valueLength = reader.unsigned() - 1;
      const valueStart = reader.skip(Math.max(valueLength, 0));
      timestampMs += reader.signed();
      sink.row(raw.latin1Slice(keyStart, keyStart + keyLength), raw, valueStart, valueLength, timestampMs);
    }
    if (!reader.done) throw new RangeError("bytes are left after the last row");
  });
}

/** Hands every row of a whole segment to `sink`, in key order. @throws {StreamError} `CORRUPT_SNAPSHOT`, `SCHEMA_UNKNOWN` */
export function readSegment(bytes: Buffer, sink: RowSink): SegmentIndex {
  const index = readSegmentIndex(bytes);
  for (const block of index.blocks) {
    readBlock(openBlock(bytes.subarray(block.offset, block.offset + block.storedLength), block), block, sink);
  }
  return index;
}

function parseIndex(reader: VarintReader): SegmentIndex {
  const { bytes } = reader;
  const text = () => {
    const length = reader.unsigned();
    const start = reader.skip(length);
    return bytes.latin1Slice(start, start + length);
  };
  const rows = reader.unsigned();
  const tombstones = reader.unsigned();
  const minTimestampMs = reader.signed();
  const maxTimestampMs = reader.signed();
  const maxKey = text();
  const blocks: BlockInfo[] = [];
  const blockCount = reader.unsigned();
  for (let i = 0, offset = SEGMENT_HEADER_BYTES; i < blockCount; i++) {
    const storedLength = reader.unsigned();
    const rawLength = reader.unsigned();
    const blockRows = reader.unsigned();
    const codec = bytes[reader.skip(1)] as number;
    const crc = bytes.readUInt32BE(reader.skip(4));
    blocks.push({ offset, storedLength, rawLength, rows: blockRows, codec, crc, firstKey: text() });
    offset += storedLength;
  }
  return { rows, tombstones, minTimestampMs, maxTimestampMs, maxKey, blocks };
}

function checkVersion(version: number): void {
  if (version === SEGMENT_VERSION) return;
  throw new StreamError(
    "SCHEMA_UNKNOWN",
    `segment format ${version} is not known to this version (it knows ${SEGMENT_VERSION}): deploy the version that wrote it, or a newer one`,
    { details: { format: version, known: SEGMENT_VERSION } },
  );
}

/** Turns what malformed bytes make JavaScript throw into one typed error. Errors of a row's receiver pass. */
function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof RangeError || (cause instanceof Error && "errno" in cause && "code" in cause)) {
      throw corrupt(cause.message, cause);
    }
    throw cause;
  }
}

function corrupt(message: string, cause?: unknown): StreamError {
  return new StreamError("CORRUPT_SNAPSHOT", message, { cause });
}
