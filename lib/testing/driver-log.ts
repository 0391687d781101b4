import type { PartitionBatch } from "../ports/log.ts";
import { committedReader } from "../records/committed.ts";
import type { Header, RecordReader } from "../records/reader.ts";
import { RecordWriter } from "../records/writer.ts";

const OVERWRITTEN = 0xdb;

/** A record in bytes, as it would lie in the log. */
export interface LogRecord {
  readonly topic: string;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: readonly Header[];
}

/** A batch of records in the log. */
export interface LogBatch {
  readonly topic: string;
  readonly bytes: Buffer;
  readonly baseOffset: number;
  /** Next offset behind it. */
  readonly endOffset: number;
}

/** What a fetch answers. */
export interface LogAnswer {
  readonly records: RecordReader;
  readonly next: number;
  readonly lastStable: number;
}

/**
 * The log of a test driver: topics of one partition, everything committed at once.
 *
 * Records go through the same encoder and decoder as on the way to a broker and back.
 */
export class DriverLog {
  private readonly ends = new Map<string, number>();

  /** Next offset of a topic. */
  end(topic: string): number {
    return this.ends.get(topic) ?? 0;
  }

  /** Encodes one record at the end of a topic. */
  append(topic: string, record: Omit<LogRecord, "topic" | "offset">): LogBatch {
    const writer = new RecordWriter({ initialBytes: 256 });
    writer.append(record.timestampMs, record.key, record.value, record.headers);
    return this.write({ topic, partition: 0, records: writer });
  }

  /** Puts a batch at the end of its topic. */
  write({ topic, records }: PartitionBatch): LogBatch {
    const baseOffset = this.end(topic);
    const stamp = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false, baseOffset };
    // A copy: the writer's memory is used again, what is in the log stays.
    const bytes = Buffer.from(records.finish(stamp));
    const endOffset = baseOffset + records.count;
    this.ends.set(topic, endOffset);
    return { topic, bytes, baseOffset, endOffset };
  }

  /**
   * What a fetch of the batch from an offset on, or of the end of a topic where nothing is yet, answers.
   *
   * As with a broker's answer, its memory is written again when it was read: a serde that keeps it is noticed.
   */
  answer({ topic, bytes, baseOffset }: LogBatch, from = baseOffset): LogAnswer {
    const answered = Buffer.from(bytes);
    const onRelease = () => answered.fill(OVERWRITTEN);
    const { reader, next } = committedReader(answered, { topic, partition: 0, from, aborted: [], onRelease });
    return { records: reader, next, lastStable: this.end(topic) };
  }

  /** The records of a batch. */
  *records(batch: LogBatch): IterableIterator<LogRecord> {
    const { records } = this.answer(batch);
    while (records.advance()) {
      const { bytes, offset, timestampMs, keyStart, keyLength, valueStart, valueLength } = records;
      const part = (start: number, length: number): Buffer | null =>
        length < 0 ? null : bytes.subarray(start, start + length);
      const key = part(keyStart, keyLength);
      const value = part(valueStart, valueLength);
      yield { topic: batch.topic, offset, timestampMs, key, value, headers: records.headers() };
    }
  }
}
