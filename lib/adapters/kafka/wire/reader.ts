import { readInt64 } from "../../../records/layout.ts";

const NO_BYTES = Buffer.alloc(0);

/**
 * Reads the fields of a Kafka response body. Reading past the end throws a `RangeError`: the answer is not what we asked.
 */
export class WireReader {
  private readonly source: Buffer;
  private position = 0;

  constructor(source: Buffer) {
    this.source = source;
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  int8(): number {
    const value = this.source.readInt8(this.position);
    this.position += 1;
    return value;
  }

  int16(): number {
    const value = this.source.readInt16BE(this.position);
    this.position += 2;
    return value;
  }

  int32(): number {
    const value = this.source.readInt32BE(this.position);
    this.position += 4;
    return value;
  }

  /** Exact for safe integers: every offset, time and producer id. */
  int64(): number {
    const value = readInt64(this.source, this.position);
    this.position += 8;
    return value;
  }

  string(): string {
    return this.nullableString() ?? "";
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.take(length).toString("utf8");
  }

  /** A view of the answer; null reads as empty. */
  bytes(): Buffer {
    const length = this.int32();
    return length <= 0 ? NO_BYTES : this.take(length);
  }

  /** A null array reads as empty. */
  array<T>(read: () => T): T[] {
    return this.items(this.int32(), read);
  }

  compactString(): string {
    return this.compactNullableString() ?? "";
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1;
    return length < 0 ? null : this.take(length).toString("utf8");
  }

  compactArray<T>(read: () => T): T[] {
    return this.items(this.unsignedVarint() - 1, read);
  }

  /** Bytes of fixed length. */
  raw(length: number): Buffer {
    return this.take(length);
  }

  /** Skips a section of tagged fields. */
  tags(): void {
    this.taggedField(-1);
  }

  /** Reads one field of a section of tagged fields, and skips the others; undefined when it is not there. */
  taggedField(wanted: number): WireReader | undefined {
    let found: WireReader | undefined;
    for (let left = this.unsignedVarint(); left > 0; left--) {
      const tag = this.unsignedVarint();
      const field = this.take(this.unsignedVarint());
      if (tag === wanted) found = new WireReader(field);
    }
    return found;
  }

  private items<T>(count: number, read: () => T): T[] {
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }

  private take(length: number): Buffer {
    const end = this.position + length;
    if (length < 0 || end > this.source.length) throw new RangeError(`a field ends at ${end} of ${this.source.length}`);
    const taken = this.source.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  private unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.int8();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0) return value >>> 0;
    }
    throw new RangeError("a varint does not end");
  }
}
