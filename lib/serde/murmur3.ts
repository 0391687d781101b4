import { int32Text } from "./int32-text.ts";

/** Kafka's seed. */
const SEED = 104_729;

/** Both multipliers, in halves. */
const C1 = [0x87c37b91, 0x114253d5] as const;
const C2 = [0x4cf5ad43, 0x2745937f] as const;

/** A 64-bit integer in two halves that changes in place. */
class Word {
  high = 0;
  low = 0;

  set(high: number, low: number): void {
    this.high = high;
    this.low = low;
  }

  xor(high: number, low: number): void {
    this.high ^= high;
    this.low ^= low;
  }

  add(high: number, low: number): void {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.low = sum | 0;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  }

  multiply(high: number, low: number): void {
    const [a0, a1] = [this.low & 0xffff, this.low >>> 16];
    const [b0, b1] = [low & 0xffff, low >>> 16];
    const first = a0 * b0;
    const middle = a0 * b1 + a1 * b0 + Math.floor(first / 0x1_0000);
    const carry = a1 * b1 + Math.floor(middle / 0x1_0000);
    this.high = (carry + Math.imul(this.high, low) + Math.imul(this.low, high)) | 0;
    this.low = (middle << 16) | (first & 0xffff);
  }

  rotateLeft(count: number): void {
    const { high, low } = this;
    if (count < 32) this.set((high << count) | (low >>> (32 - count)), (low << count) | (high >>> (32 - count)));
    else if (count === 32) this.set(low, high);
    else this.set((low << (count - 32)) | (high >>> (64 - count)), (high << (count - 32)) | (low >>> (64 - count)));
  }

  /** Mixes every bit into every other one. */
  finish(): void {
    this.xor(0, this.high >>> 1);
    this.multiply(0xff51afd7, 0xed558ccd);
    this.xor(0, this.high >>> 1);
    this.multiply(0xc4ceb9fe, 0x1a85ec53);
    this.xor(0, this.high >>> 1);
  }
}

/**
 * Kafka's 128-bit hash of bytes: Murmur3, x64 variant. One instance hashes one thing at a time and allocates nothing but the
 * result.
 *
 * @source Kafka Streams `Murmur3.hash128`
 * @example
 * new Murmur3().hash(Buffer.from("abc"), 0, 3).length; // 16
 */
export class Murmur3 {
  private readonly h1 = new Word();
  private readonly h2 = new Word();
  private readonly k1 = new Word();
  private readonly k2 = new Word();

  /** The hash of bytes `[start, end)`: 16 bytes, big-endian, one per character. */
  hash(bytes: Buffer, start: number, end: number): string {
    const { h1, h2 } = this;
    h1.set(0, SEED);
    h2.set(0, SEED);
    let at = start;
    for (; at + 16 <= end; at += 16) {
      this.k1.set(bytes.readInt32LE(at + 4), bytes.readInt32LE(at));
      this.k2.set(bytes.readInt32LE(at + 12), bytes.readInt32LE(at + 8));
      this.block();
    }
    this.tail(bytes, at, end);
    h1.xor(0, end - start);
    h2.xor(0, end - start);
    h1.add(h2.high, h2.low);
    h2.add(h1.high, h1.low);
    h1.finish();
    h2.finish();
    h1.add(h2.high, h2.low);
    h2.add(h1.high, h1.low);
    return int32Text(h1.high) + int32Text(h1.low) + int32Text(h2.high) + int32Text(h2.low);
  }

  private block(): void {
    const { h1, h2 } = this;
    this.mixFirst();
    h1.rotateLeft(27);
    h1.add(h2.high, h2.low);
    h1.multiply(0, 5);
    h1.add(0, 0x52dce729);
    this.mixSecond();
    h2.rotateLeft(31);
    h2.add(h1.high, h1.low);
    h2.multiply(0, 5);
    h2.add(0, 0x38495ab5);
  }

  private mixFirst(): void {
    const { k1 } = this;
    k1.multiply(C1[0], C1[1]);
    k1.rotateLeft(31);
    k1.multiply(C2[0], C2[1]);
    this.h1.xor(k1.high, k1.low);
  }

  private mixSecond(): void {
    const { k2 } = this;
    k2.multiply(C2[0], C2[1]);
    k2.rotateLeft(33);
    k2.multiply(C1[0], C1[1]);
    this.h2.xor(k2.high, k2.low);
  }

  /** The last bytes, fewer than 16: zeros where there are none. */
  private tail(bytes: Buffer, start: number, end: number): void {
    const half = (from: number): number => {
      let word = 0;
      for (let at = Math.min(end, from + 4) - 1; at >= from; at--) word = (word << 8) | (bytes[at] as number);
      return word;
    };
    if (start === end) return;
    if (end - start > 8) {
      this.k2.set(half(start + 12), half(start + 8));
      this.mixSecond();
    }
    this.k1.set(half(start + 4), half(start));
    this.mixFirst();
  }
}
