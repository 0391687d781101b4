import type { Header, RecordReader } from "../../lib/records/reader.ts";

/** Bytes of one record. */
export interface RecordBytes {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestampMs: number;
  readonly headers?: readonly Header[];
  readonly offset?: number;
}

/** A reader that stands on one record. */
export class OneRecord implements RecordReader {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly timestampMs: number;
  readonly keyStart = 0;
  readonly keyLength: number;
  readonly valueStart: number;
  readonly valueLength: number;
  readonly headerCount: number;
  readonly headersStart = 0;
  readonly headersLength = 0;
  readonly byteLength: number;
  private readonly kept: readonly Header[];

  constructor({ key, value, timestampMs, headers = [], offset = 0 }: RecordBytes) {
    this.bytes = Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)]);
    this.offset = offset;
    this.timestampMs = timestampMs;
    this.keyLength = key?.length ?? -1;
    this.valueStart = key?.length ?? 0;
    this.valueLength = value?.length ?? -1;
    this.headerCount = headers.length;
    this.byteLength = this.bytes.length;
    this.kept = headers;
  }

  advance(): boolean {
    return false;
  }

  headers(): readonly Header[] {
    return this.kept;
  }

  release(): void {}
}
