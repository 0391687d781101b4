import { codeAt } from "./code-at.ts";

/** Up to here a loop beats the call into native code that copies bytes, and the one that encodes text. */
const LOOP_BYTES = 32;
const LOOP_CHARACTERS = 8;

/** Of any bytes: to ask what kind they are would take a look at the global `Buffer`, which is a getter. */
const copyBytes: (this: Uint8Array, target: Uint8Array, at: number, start: number, end: number) => number =
  Buffer.prototype.copy;

/**
 * A growing buffer that encoders write into: no object or copy per value.
 *
 * `bytes` may be replaced when it grows, so never keep a reference across a write. Integers are big-endian, as in Kafka.
 *
 * @example
 * const sink = new ByteSink(64);
 * sink.utf8("AAPL");
 * sink.int64(5000);
 * sink.length; // 12
 */
export class ByteSink {
  bytes: Buffer;
  length = 0;

  /** @param memory Bytes to begin with, or how many. */
  constructor(memory: Buffer | number = 1024) {
    this.bytes = typeof memory === "number" ? Buffer.allocUnsafe(memory) : memory;
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** Appends text as UTF-8. */
  utf8(text: string): void {
    const count = text.length;
    this.ensure(count * 3);
    if (count <= LOOP_CHARACTERS && this.ascii(text, count)) this.length += count;
    else this.length += this.bytes.utf8Write(text, this.length);
  }

  /** Appends one byte per character; the inverse of reading bytes as latin1. */
  latin1(text: string): void {
    const count = text.length;
    this.ensure(count);
    if (count > LOOP_CHARACTERS) this.bytes.latin1Write(text, this.length);
    else {
      const { bytes, length } = this;
      for (let i = 0; i < count; i++) bytes[length + i] = codeAt(text, i);
    }
    this.length += count;
  }

  /** Appends bytes `[start, end)` of `source`. */
  copy(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start;
    this.ensure(count);
    if (count <= LOOP_BYTES) {
      const target = this.bytes;
      for (let from = start, to = this.length; from < end; from++, to++) target[to] = source[from] as number;
    } else copyBytes.call(source, this.bytes, this.length, start, end);
    this.length += count;
  }

  /** Appends one unsigned byte. */
  uint8(value: number): void {
    this.ensure(1);
    this.bytes[this.length++] = value;
  }

  /** Appends a signed 16-bit integer. */
  int16(value: number): void {
    this.ensure(2);
    this.length = this.bytes.writeInt16BE(value, this.length);
  }

  /** Appends a signed 32-bit integer. */
  int32(value: number): void {
    this.ensure(4);
    this.length = this.bytes.writeInt32BE(value, this.length);
  }

  /** Appends a signed 64-bit integer given as a safe integer. */
  int64(value: number): void {
    this.ensure(8);
    const high = Math.floor(value / 0x1_0000_0000);
    const low = value - high * 0x1_0000_0000;
    const { bytes, length } = this;
    bytes[length] = high >>> 24;
    bytes[length + 1] = high >>> 16;
    bytes[length + 2] = high >>> 8;
    bytes[length + 3] = high;
    bytes[length + 4] = low >>> 24;
    bytes[length + 5] = low >>> 16;
    bytes[length + 6] = low >>> 8;
    bytes[length + 7] = low;
    this.length = length + 8;
  }

  /** Appends an IEEE 754 double. */
  float64(value: number): void {
    this.ensure(8);
    this.length = this.bytes.writeDoubleBE(value, this.length);
  }

  /** A view of what was written; valid until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Forgets the content, keeps the memory. */
  reset(): void {
    this.length = 0;
  }

  /** Writes characters behind the content. @returns false when one is not ASCII: the rest was not written */
  private ascii(text: string, count: number): boolean {
    const { bytes, length } = this;
    for (let i = 0; i < count; i++) {
      const code = codeAt(text, i);
      if (code >= 0x80) return false;
      bytes[length + i] = code;
    }
    return true;
  }
}

declare global {
  // Node has these fast writers; its type definitions do not list them.
  interface Buffer {
    utf8Write(text: string, offset?: number, length?: number): number;
    latin1Write(text: string, offset?: number, length?: number): number;
    latin1Slice(start?: number, end?: number): string;
    utf8Slice(start?: number, end?: number): string;
  }
}
