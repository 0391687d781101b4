import { ByteSink } from "../../core/byte-sink.ts";
import { InflateSink } from "./inflate-sink.ts";
import { findMatches, MATCH_BLOCK_BYTES, type MatchSink } from "./matches.ts";

/** What Java's clients put before snappy blocks: this, two int32 versions, then blocks with their int32 lengths. */
const XERIAL_MAGIC = Buffer.from("\x82SNAPPY\0", "latin1");
const XERIAL_HEADER_BYTES = XERIAL_MAGIC.length + 8;

/**
 * Inflates snappy: one raw block, as librdkafka writes it, or xerial's frame of many, as Java does.
 *
 * @throws {RangeError} when the bytes are damaged; `InflatedTooLarge` above `maxBytes`
 * @source google/snappy format_description.txt; Kafka 4.3 `org.apache.kafka.common.compress.SnappyCompression`
 */
export function inflateSnappy(input: Buffer, maxBytes: number): Buffer {
  const sink = new InflateSink(maxBytes, 0);
  if (!input.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    inflateBlock(input, sink);
    return sink.view();
  }
  let at = XERIAL_HEADER_BYTES;
  while (at < input.length) {
    const end = at + 4 + input.readInt32BE(at);
    if (end <= at + 4 || end > input.length) throw new RangeError("a snappy block ends beyond its frame");
    inflateBlock(input.subarray(at + 4, end), sink);
    at = end;
  }
  return sink.view();
}

/** Length of the content as a varint, then elements: literal bytes, or a repetition with an offset of 1, 2 or 4 bytes. */
function inflateBlock(block: Buffer, sink: InflateSink): void {
  let at = 0;
  let declared = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = block.readUInt8(at++);
    declared += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    if (at === 5) throw new RangeError("the length of a snappy block does not end");
  }
  sink.ensure(declared);
  const start = sink.view().length;
  while (at < block.length) {
    const tag = block[at++] as number;
    const field = tag >>> 2;
    switch (tag & 3) {
      case 0: {
        const extra = Math.max(0, field - 59);
        const count = 1 + (extra === 0 ? field : block.readUIntLE(at, extra));
        sink.literal(block, at + extra, count);
        at += extra + count;
        break;
      }
      case 1:
        sink.repeat(((tag >>> 5) << 8) | block.readUInt8(at), 4 + (field & 7));
        at += 1;
        break;
      case 2:
        sink.repeat(block.readUInt16LE(at), 1 + field);
        at += 2;
        break;
      default:
        sink.repeat(block.readUInt32LE(at), 1 + field);
        at += 4;
    }
  }
  if (sink.view().length - start !== declared) throw new RangeError("a snappy block is not as long as it says");
}

/** Compresses into xerial's frame, which every client of Kafka reads. */
export function deflateSnappy(input: Buffer): Buffer {
  const out = new ByteSink(64 + (input.length >>> 1));
  out.copy(XERIAL_MAGIC);
  out.int32(1);
  out.int32(1);
  const elements = new SnappyElements(input, out);
  for (let start = 0; start < input.length; start += MATCH_BLOCK_BYTES) {
    const end = Math.min(start + MATCH_BLOCK_BYTES, input.length);
    const lengthAt = out.length;
    out.int32(0);
    elements.begin(end - start);
    findMatches(input, { start, end }, elements);
    out.bytes.writeInt32BE(out.length - lengthAt - 4, lengthAt);
  }
  return out.view();
}

const LONGEST_COPY = 64;

class SnappyElements implements MatchSink {
  private readonly input: Buffer;
  private readonly out: ByteSink;

  constructor(input: Buffer, out: ByteSink) {
    this.input = input;
    this.out = out;
  }

  begin(length: number): void {
    let rest = length;
    for (; rest > 0x7f; rest >>>= 7) this.out.uint8((rest & 0x7f) | 0x80);
    this.out.uint8(rest);
  }

  match({ start, end }: { readonly start: number; readonly end: number }, distance: number, length: number): void {
    this.rest(start, end);
    for (let left = length; left > 0; left -= LONGEST_COPY) {
      this.out.uint8(((Math.min(left, LONGEST_COPY) - 1) << 2) | 2);
      this.out.uint8(distance & 0xff);
      this.out.uint8(distance >>> 8);
    }
  }

  rest(start: number, end: number): void {
    const { out } = this;
    const field = end - start - 1;
    if (field < 0) return;
    if (field < 60) out.uint8(field << 2);
    else {
      out.uint8(61 << 2);
      out.uint8(field & 0xff);
      out.uint8(field >>> 8);
    }
    out.copy(this.input, start, end);
  }
}
