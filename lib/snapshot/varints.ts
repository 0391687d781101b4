import type { ByteSink } from "../core/byte-sink.ts";
import { invariant } from "../core/errors.ts";

/** Appends a non-negative safe integer, seven bits a byte, low bits first. */
export function writeUnsigned(sink: ByteSink, value: number): void {
  invariant(Number.isSafeInteger(value) && value >= 0, "snapshot: varints are safe non-negative integers", { value });
  let rest = value;
  while (rest > 0x7fff_ffff) {
    sink.uint8((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    sink.uint8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  sink.uint8(rest);
}

/** Appends a safe integer below 2^52 in magnitude, sign in the lowest bit. */
export function writeSigned(sink: ByteSink, value: number): void {
  writeUnsigned(sink, value >= 0 ? value * 2 : value * -2 - 1);
}

/** Reads varints and bytes one after the other; past the end it throws `RangeError`. */
export class VarintReader {
  at: number;
  readonly bytes: Buffer;
  private readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      if (this.at >= this.end) throw new RangeError("a varint goes past the end");
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError("a varint is longer than 53 bits");
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Moves over `count` bytes; answers where they start. */
  skip(count: number): number {
    const start = this.at;
    if (start + count > this.end) throw new RangeError(`${count} bytes go past the end`);
    this.at += count;
    return start;
  }
}
