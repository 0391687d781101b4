import { isStreamError, StreamError } from "../core/errors.ts";
import { isTimestamp, LATEST_TIMESTAMP_MS } from "../core/latest-timestamp.ts";
import type { RecordReader } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";
import { Cursor, type CursorSource } from "../topology/cursor.ts";
import type { TimestampExtractor } from "../topology/node.ts";
import type { AheadCalls } from "./ahead-calls.ts";

/** How the records of an input partition are read. */
export interface QueueSource extends CursorSource {
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestampExtractor?: TimestampExtractor | undefined;
  /** Decode key and value when a record becomes the head: one that cannot be read is skipped, not processed. */
  readonly readsAhead?: boolean;
  /** Calls that are made for records before they can be the head. */
  readonly calls?: AheadCalls | undefined;
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
    if (this.source.calls !== undefined) this.look();
    else if (this.head === undefined) this.moveToNextRecord();
  }

  /**
   * Starts calls for records that have come near, and makes the first one the head if its calls have ended. Only for queues with
   * calls.
   */
  look(): void {
    const { calls } = this.source;
    if (calls === undefined) return;
    while (!calls.isFull && this.advance()) calls.add(this.readers[0] as RecordReader);
    if (calls.isEmpty) this.position = this.fetchNext;
    else if (this.head === undefined && calls.ready !== undefined) this.setHead(calls.ready);
  }

  /** Forgets everything received and starts again at a position. */
  rewind(position: number, partitionTimeMs: number): void {
    this.readers.length = 0;
    this.head = undefined;
    this.source.calls?.clear();
    this.bufferedBytes = 0;
    this.position = position;
    this.fetchNext = position;
    this.partitionTimeMs = partitionTimeMs;
    this.lastStable = -1;
  }

  /** True when nothing is buffered and the log is known to hold nothing more. */
  get caughtUp(): boolean {
    if (this.head !== undefined || this.source.calls?.isEmpty === false) return false;
    return this.lastStable >= 0 && this.fetchNext >= this.lastStable;
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
    const { calls } = this.source;
    if (calls === undefined) this.moveToNextRecord();
    else {
      calls.shift();
      this.head = undefined;
      this.look();
    }
  }

  private moveToNextRecord(): void {
    if (this.advance()) this.setHead(this.readers[0] as RecordReader);
    else {
      this.head = undefined;
      this.position = this.fetchNext;
    }
  }

  /** Moves the first reader to the next record. @returns whether there is one */
  private advance(): boolean {
    for (let reader = this.readers[0]; reader !== undefined; reader = this.readers[0]) {
      if (reader.advance()) return true;
      this.bufferedBytes -= reader.byteLength;
      this.readers.shift();
      // Its last record has been processed, unless it was looked ahead at and still waits.
      if (this.source.calls === undefined) reader.release();
    }
    return false;
  }

  private setHead(reader: RecordReader): void {
    this.head = reader;
    this.headFailure = this.decoded && this.readAhead(this.decoded, reader);
    this.headTimestampMs = this.headFailure === undefined ? this.timestampOf(reader) : -1;
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
    const { topic, partition } = this.source;
    const { offset, timestampMs } = reader;
    if (extractor === undefined) {
      if (timestampMs <= LATEST_TIMESTAMP_MS) return timestampMs;
      const why = `its time is ${timestampMs}, later than any that can be kept: give the source a timestampExtractor that answers another, or a negative number to drop the record`;
      throw this.failure("TIMESTAMP_INVALID", { offset, why });
    }
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
    if (isTimestamp(extracted)) return extracted;
    const why = `the timestamp extractor answered ${String(extracted)}: answer whole milliseconds up to ${LATEST_TIMESTAMP_MS}, or a negative number to drop the record`;
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
