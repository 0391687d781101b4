import { ByteSink } from "../../../core/byte-sink.ts";

/**
 * Writes the fields of a Kafka request body.
 *
 * "Compact" forms belong to flexible versions: lengths are unsigned varints, one more than the length, and structures end
 * with a section of tagged fields, which we leave empty.
 */
export class WireWriter {
  private readonly sink: ByteSink;

  /** @param memory Where to write; it is left for another when it is too small. */
  constructor(memory: Buffer = Buffer.allocUnsafe(256)) {
    this.sink = new ByteSink(memory);
  }

  boolean(value: boolean): this {
    this.sink.uint8(value ? 1 : 0);
    return this;
  }

  int8(value: number): this {
    this.sink.uint8(value);
    return this;
  }

  int16(value: number): this {
    this.sink.int16(value);
    return this;
  }

  int32(value: number): this {
    this.sink.int32(value);
    return this;
  }

  int64(value: number): this {
    this.sink.int64(value);
    return this;
  }

  string(value: string): this {
    this.sink.int16(Buffer.byteLength(value));
    this.sink.utf8(value);
    return this;
  }

  nullableString(value: string | null): this {
    return value === null ? this.int16(-1) : this.string(value);
  }

  bytes(value: Uint8Array): this {
    this.sink.int32(value.length);
    this.sink.copy(value);
    return this;
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.sink.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  compactString(value: string): this {
    this.unsignedVarint(Buffer.byteLength(value) + 1);
    this.sink.utf8(value);
    return this;
  }

  compactNullableString(value: string | null): this {
    if (value !== null) return this.compactString(value);
    this.unsignedVarint(0);
    return this;
  }

  compactBytes(value: Uint8Array): this {
    this.unsignedVarint(value.length + 1);
    this.sink.copy(value);
    return this;
  }

  compactArray<T>(items: readonly T[], write: (item: T) => void): this {
    this.unsignedVarint(items.length + 1);
    for (const item of items) write(item);
    return this;
  }

  /** An array that is null. */
  compactNullArray(): this {
    this.unsignedVarint(0);
    return this;
  }

  /** Bytes of fixed length, as they are. */
  raw(value: Uint8Array): this {
    this.sink.copy(value);
    return this;
  }

  /** An empty section of tagged fields. */
  noTags(): this {
    this.sink.uint8(0);
    return this;
  }

  view(): Buffer {
    return this.sink.view();
  }

  private unsignedVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.sink.uint8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.sink.uint8(rest);
  }
}
