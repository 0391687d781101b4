/** A record header. */
export interface Header {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/**
 * A cursor over the records of a fetch: no object per record.
 *
 * Fields describe the record that the last successful `advance` moved to. `bytes` may change from record to record
 * (compressed batches are inflated one by one); it is valid until `release`.
 */
export interface RecordReader {
  /** Moves to the next record; false at the end. */
  advance(): boolean;
  readonly bytes: Buffer;
  readonly offset: number;
  /** Exact within ±2^53; a time beyond is the nearest double that is a 64-bit integer. */
  readonly timestampMs: number;
  readonly keyStart: number;
  /** -1 for a null key. */
  readonly keyLength: number;
  readonly valueStart: number;
  /** -1 for a null value. */
  readonly valueLength: number;
  readonly headerCount: number;
  /** Where the encoded headers (without their count) lie. */
  readonly headersStart: number;
  readonly headersLength: number;
  /** Decodes the headers of the current record, into memory of their own. */
  headers(): readonly Header[];
  /** Bytes of the whole answer that this reader holds, for queue limits. */
  readonly byteLength: number;
  /**
   * Nobody reads these records or what `bytes` was any more: the memory may be written again. Nobody has to call it; then the
   * memory is collected.
   */
  release(): void;
}
