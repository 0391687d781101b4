import { ByteSink } from "../../core/byte-sink.ts";
import { InflateSink } from "./inflate-sink.ts";
import { findMatches, MATCH_BLOCK_BYTES, type MatchSink } from "./matches.ts";

const FRAME_MAGIC = 0x184d2204;
/** Bits of a frame's first descriptor byte. */
const frameFlags = {
  blockChecksum: 0x10,
  contentSize: 0x08,
  dictionary: 0x01,
  versionMask: 0xc0,
  version1: 0x40,
} as const;
/** The bit of a block's length that says "not compressed". */
const PLAIN_BLOCK = 0x8000_0000;
const SHORTEST_MATCH = 4;

/**
 * Inflates an LZ4 frame, blocks independent or linked.
 *
 * Its own checksums are not looked at: the batch that carries the frame has one over all of it.
 *
 * @throws {RangeError} when the bytes are damaged; `InflatedTooLarge` above `maxBytes`
 * @source lz4/lz4 lz4_Frame_format.md and lz4_Block_format.md; Kafka 4.3 `org.apache.kafka.common.compress.Lz4BlockInputStream`
 */
export function inflateLz4(input: Buffer, maxBytes: number): Buffer {
  if (input.readUInt32LE(0) !== FRAME_MAGIC) throw new RangeError("it is not an LZ4 frame");
  const flags = input.readUInt8(4);
  if ((flags & frameFlags.versionMask) !== frameFlags.version1) throw new RangeError("an LZ4 frame of another version");
  if ((flags & frameFlags.dictionary) !== 0) throw new RangeError("an LZ4 frame that needs a dictionary");
  const checksumBytes = (flags & frameFlags.blockChecksum) === 0 ? 0 : 4;
  const sink = new InflateSink(maxBytes, input.length * 3);
  // magic, two descriptor bytes, perhaps the content's size, the descriptor's checksum
  let at = (flags & frameFlags.contentSize) === 0 ? 7 : 15;
  for (;;) {
    const length = input.readUInt32LE(at);
    if (length === 0) return sink.view();
    const byteLength = length % PLAIN_BLOCK;
    at += 4;
    if (at + byteLength > input.length) throw new RangeError("an LZ4 block ends beyond its frame");
    if (length >= PLAIN_BLOCK) sink.literal(input, at, byteLength);
    else inflateBlock(input.subarray(at, at + byteLength), sink);
    at += byteLength + checksumBytes;
  }
}

/** Sequences: a token with two lengths, literal bytes, and the distance of a repetition, which the last one lacks. */
function inflateBlock(block: Buffer, sink: InflateSink): void {
  let at = 0;
  const lengthFrom = (field: number): number => {
    let length = field;
    if (field < 15) return length;
    for (let byte = 255; byte === 255; ) {
      byte = block.readUInt8(at++);
      length += byte;
    }
    return length;
  };
  for (;;) {
    const token = block.readUInt8(at++);
    const count = lengthFrom(token >>> 4);
    sink.literal(block, at, count);
    at += count;
    if (at === block.length) return;
    const distance = block.readUInt16LE(at);
    at += 2;
    sink.repeat(distance, SHORTEST_MATCH + lengthFrom(token & 0x0f));
  }
}

/** The frame's magic, independent blocks of at most 64 KiB without checksums, and the descriptor's own checksum. */
const FRAME_HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);

/** Compresses into a frame like the one that Java's clients write. */
export function deflateLz4(input: Buffer): Buffer {
  const out = new ByteSink(64 + (input.length >>> 1));
  out.copy(FRAME_HEADER);
  const sequences = new Lz4Sequences(input, out);
  for (let start = 0; start < input.length; start += MATCH_BLOCK_BYTES) {
    const end = Math.min(start + MATCH_BLOCK_BYTES, input.length);
    const lengthAt = out.length;
    out.int32(0);
    findMatches(input, { start, end }, sequences);
    let length = out.length - lengthAt - 4;
    if (length >= end - start) {
      out.length = lengthAt + 4;
      out.copy(input, start, end);
      length = end - start + PLAIN_BLOCK;
    }
    out.bytes.writeUInt32LE(length, lengthAt);
  }
  out.int32(0);
  return out.view();
}

class Lz4Sequences implements MatchSink {
  private readonly input: Buffer;
  private readonly out: ByteSink;

  constructor(input: Buffer, out: ByteSink) {
    this.input = input;
    this.out = out;
  }

  match({ start, end }: { readonly start: number; readonly end: number }, distance: number, length: number): void {
    const { out } = this;
    const count = end - start;
    const repeated = length - SHORTEST_MATCH;
    out.uint8((Math.min(count, 15) << 4) | Math.min(repeated, 15));
    this.extend(count);
    out.copy(this.input, start, end);
    out.uint8(distance & 0xff);
    out.uint8(distance >>> 8);
    this.extend(repeated);
  }

  rest(start: number, end: number): void {
    this.out.uint8(Math.min(end - start, 15) << 4);
    this.extend(end - start);
    this.out.copy(this.input, start, end);
  }

  /** What of a length does not fit into its half of the token. */
  private extend(length: number): void {
    if (length < 15) return;
    let rest = length - 15;
    for (; rest >= 255; rest -= 255) this.out.uint8(255);
    this.out.uint8(rest);
  }
}
