/** More came out of compressed bytes than may. */
export class InflatedTooLarge extends RangeError {}

/** Up to here a loop beats the call into native code. */
const LOOP_BYTES = 24;

/**
 * Where decoders put what they inflate: a buffer that grows up to a limit and can repeat what it holds.
 *
 * Damaged input ends in a `RangeError`, too much output in {@link InflatedTooLarge}.
 */
export class InflateSink {
  private bytes: Buffer;
  private length = 0;
  private readonly maxBytes: number;

  constructor(maxBytes: number, expectedBytes = 1024) {
    this.maxBytes = maxBytes;
    this.bytes = Buffer.allocUnsafe(Math.min(maxBytes, expectedBytes));
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    if (needed > this.maxBytes) throw new InflatedTooLarge(`more than ${this.maxBytes} bytes come out`);
    const grown = Buffer.allocUnsafe(Math.min(this.maxBytes, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** Appends `count` bytes of the input from `start`. */
  literal(input: Buffer, start: number, count: number): void {
    if (start + count > input.length) throw new RangeError("the compressed bytes end too early");
    this.ensure(count);
    const { bytes } = this;
    if (count > LOOP_BYTES) input.copy(bytes, this.length, start, start + count);
    else for (let from = start, to = this.length; from < start + count; from++, to++) bytes[to] = input[from] as number;
    this.length += count;
  }

  /** Appends `count` bytes again from `distance` before the end; they may overlap what is being appended. */
  repeat(distance: number, count: number): void {
    const start = this.length - distance;
    if (distance === 0 || start < 0) throw new RangeError("a repetition begins before the first byte");
    this.ensure(count);
    const { bytes, length } = this;
    const end = length + count;
    if (distance === 1) bytes.fill(bytes[start] as number, length, end);
    else if (distance >= count && count > LOOP_BYTES) bytes.copyWithin(length, start, start + count);
    else for (let from = start, to = length; to < end; from++, to++) bytes[to] = bytes[from] as number;
    this.length = end;
  }

  /** A view of everything so far. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}
