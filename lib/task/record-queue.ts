import { isStreamError, StreamError } from "../core/errors.ts";
import type { RecordReader } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";
import { Cursor, type CursorSource } from "../topology/cursor.ts";
import type { TimestampExtractor } from "../topology/node.ts";

/** How the records of an input partition are read. */
export interface QueueSource extends CursorSource {
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestampExtractor?: TimestampExtractor | undefined;
  /** Decode key and value when a record becomes the head: one that cannot be read is skipped, not processed. */
  readonly readsAhead?: boolean;
}

/**
 * Fetched, unprocessed records of one input partition, in offset order. The head is looked at, not copied.
 *
 * Bounded from outside: the fetcher stops asking while `bufferedBytes` is above its limit.
 */
export class RecordQueue {
  readonly source: QueueSource;
  /** Where to fetch next: past everything that was received. */
  fetchNext: number;
  /** Next offset to commit: everything below is processed, or holds no record. */
  position: number;
  /** Largest timestamp taken so far, -1 at first. */
  partitionTimeMs: number;
  /** Last stable offset of the last answer; -1 before the first: then nothing is known of what is on the log. */
  lastStable = -1;
  bufferedBytes = 0;
  head: RecordReader | undefined;
  /** Negative: the head is to be skipped. */
  headTimestampMs = 0;
  /** Why the head cannot be read, when records are read ahead. */
  headFailure: StreamError | undefined;

  private readonly readers: RecordReader[] = [];
  private readonly probe: Cursor;
  /** Holds the head decoded, when records are read ahead. */
  private readonly decoded: Cursor | undefined;

  constructor(source: QueueSource, start: { position: number; partitionTimeMs: number }, probe: Cursor) {
    this.source = source;
    this.position = start.position;
    this.fetchNext = start.position;
    this.partitionTimeMs = start.partitionTimeMs;
    this.decoded = source.readsAhead === true ? new Cursor() : undefined;
    this.probe = this.decoded ?? probe;
  }

  /** Takes an answer of the log. `next` is where to fetch on. */
  add(answer: { records: RecordReader; next: number; lastStable: number }): void {
    this.lastStable = answer.lastStable;
    this.fetchNext = answer.next;
    this.readers.push(answer.records);
    this.bufferedBytes += answer.records.byteLength;
    if (this.head === undefined) this.moveToNextRecord();
  }

  /** Forgets everything received and starts again at a position. */
  rewind(position: number, partitionTimeMs: number): void {
    this.readers.length = 0;
    this.head = undefined;
    this.bufferedBytes = 0;
    this.position = position;
    this.fetchNext = position;
    this.partitionTimeMs = partitionTimeMs;
    this.lastStable = -1;
  }

  /** True when nothing is buffered and the log is known to hold nothing more. */
  get caughtUp(): boolean {
    return this.head === undefined && this.lastStable >= 0 && this.fetchNext >= this.lastStable;
  }

  /** Points the cursor at the head. There must be one. */
  bindHead(cursor: Cursor): void {
    if (this.decoded === undefined) cursor.bind(this.head as RecordReader, this.headTimestampMs, this.source);
    else {
      cursor.copyFrom(this.decoded);
      cursor.timestampMs = this.headTimestampMs;
    }
  }

  /** The head was processed (or skipped): moves on. */
  take(): void {
    const head = this.head as RecordReader;
    this.position = head.offset + 1;
    if (this.headTimestampMs > this.partitionTimeMs) this.partitionTimeMs = this.headTimestampMs;
    this.moveToNextRecord();
  }

  private moveToNextRecord(): void {
    for (;;) {
      const reader = this.readers[0];
      if (reader === undefined) {
        this.head = undefined;
        this.position = this.fetchNext;
        return;
      }
      if (reader.advance()) {
        this.head = reader;
        this.headFailure = this.decoded && this.readAhead(this.decoded, reader);
        this.headTimestampMs = this.headFailure === undefined ? this.timestampOf(reader) : -1;
        return;
      }
      this.bufferedBytes -= reader.byteLength;
      this.readers.shift();
    }
  }

  private readAhead(decoded: Cursor, reader: RecordReader): StreamError | undefined {
    decoded.bind(reader, reader.timestampMs, this.source);
    try {
      void decoded.key;
      void decoded.value;
      return undefined;
    } catch (error) {
      if (isStreamError(error, "DESERIALIZATION_FAILED")) return error;
      throw error;
    }
  }

  private timestampOf(reader: RecordReader): number {
    const extractor = this.source.timestampExtractor;
    if (extractor === undefined) return reader.timestampMs;
    const { topic, partition } = this.source;
    const { offset, timestampMs } = reader;
    const { partitionTimeMs, probe } = this;
    if (this.decoded === undefined) probe.bind(reader, timestampMs, this.source);
    let extracted: number;
    try {
      extracted = extractor({
        timestampMs,
        topic,
        partition,
        offset,
        key: probe.key,
        value: probe.value,
        partitionTimeMs,
      });
    } catch (cause) {
      if (isStreamError(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw this.failure("PROCESSING_FAILED", { offset, why: `the timestamp extractor failed: ${reason}`, cause });
    }
    if (Number.isSafeInteger(extracted)) return extracted;
    const why = `the timestamp extractor answered ${String(extracted)}: answer whole milliseconds, or a negative number to drop the record`;
    throw this.failure("TIMESTAMP_INVALID", { offset, why });
  }

  private failure(
    code: "PROCESSING_FAILED" | "TIMESTAMP_INVALID",
    { offset, why, cause }: { offset: number; why: string; cause?: unknown },
  ): StreamError {
    const { topic, partition } = this.source;
    const details = { topic, partition, offset };
    return new StreamError(code, `${topic}-${partition}@${offset}: ${why}`, { details, cause });
  }
}
