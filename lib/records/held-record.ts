import type { Header, RecordReader } from "./reader.ts";

/** One record of a reader that has moved on: where it lies, and its headers. The reader must not be released before it. */
export class HeldRecord implements RecordReader {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly timestampMs: number;
  readonly keyStart: number;
  readonly keyLength: number;
  readonly valueStart: number;
  readonly valueLength: number;
  readonly headerCount: number;
  readonly headersStart: number;
  readonly headersLength: number;
  readonly byteLength = 0;
  private readonly kept: readonly Header[];

  constructor(reader: RecordReader) {
    this.bytes = reader.bytes;
    this.offset = reader.offset;
    this.timestampMs = reader.timestampMs;
    this.keyStart = reader.keyStart;
    this.keyLength = reader.keyLength;
    this.valueStart = reader.valueStart;
    this.valueLength = reader.valueLength;
    this.headerCount = reader.headerCount;
    this.headersStart = reader.headersStart;
    this.headersLength = reader.headersLength;
    this.kept = reader.headers();
  }

  /** It is the only one. */
  advance(): boolean {
    return false;
  }

  headers(): readonly Header[] {
    return this.kept;
  }

  release(): void {}
}
