import type { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { Header } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";

/** A change of a table that waits in a suppress buffer, values as bytes: their objects go on changing elsewhere. */
export interface BufferedChange {
  /** Orders the buffer: end of the window, or timestamp of the first update. */
  readonly bufferTimeMs: number;
  /** Value before the first update that waits; null is none. */
  readonly prior: Buffer | null;
  /** Value before the newest update. */
  readonly before: Buffer | null;
  readonly after: Buffer | null;
  /** Record that gave the newest update. */
  readonly timestampMs: number;
  readonly offset: number;
  readonly topic: string;
  readonly partition: number;
  readonly headers: readonly Header[];
}

/** Length of bytes that are null, and of a value before that equals the prior one. */
const NULL_LENGTH = -1;
const SAME_AS_PRIOR = -2;

/**
 * Rows of suppress buffers in Kafka Streams' bytes: record context, prior value, value before, value after, buffer time.
 *
 * @param value Serde of the table's values: tells what is inside.
 * @source Kafka Streams `BufferValue`, `ProcessorRecordContext`, `TimeOrderedKeyValueBufferChangelogDeserializationHelper` (v3)
 */
export function bufferedChange(value: Serde<unknown>): Serde<BufferedChange> {
  return Object.freeze<Serde<BufferedChange>>({
    id: `buffered-change(${value.id})`,
    write: writeChange,
    read: (bytes, start, end) => new ChangeReader(bytes, start, end).change(),
  });
}

function writeChange(change: BufferedChange, sink: ByteSink): void {
  const { prior, before, after } = change;
  sink.int64(change.timestampMs);
  sink.int64(change.offset);
  writeText(change.topic, sink);
  sink.int32(change.partition);
  sink.int32(change.headers.length);
  for (const { key, value } of change.headers) {
    writeText(key, sink);
    writeSized(value, sink);
  }
  writeSized(prior, sink);
  if (before !== null && prior?.equals(before) === true) sink.int32(SAME_AS_PRIOR);
  else writeSized(before, sink);
  writeSized(after, sink);
  sink.int64(change.bufferTimeMs);
}

function writeText(text: string, sink: ByteSink): void {
  const at = sink.length;
  sink.int32(0);
  sink.utf8(text);
  sink.bytes.writeInt32BE(sink.length - at - 4, at);
}

function writeSized(bytes: Uint8Array | null, sink: ByteSink): void {
  sink.int32(bytes?.length ?? NULL_LENGTH);
  if (bytes !== null) sink.copy(bytes);
}

/** Reads one change from bytes `[at, end)`. */
class ChangeReader {
  private readonly bytes: Buffer;
  private readonly end: number;
  private at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  change(): BufferedChange {
    const timestampMs = this.int64();
    const offset = this.int64();
    const topic = this.text();
    const partition = this.int32();
    const headers = Array.from({ length: this.int32() }, () => ({ key: this.text(), value: this.sized(this.int32()) }));
    const prior = this.sized(this.int32());
    const beforeLength = this.int32();
    const before = beforeLength === SAME_AS_PRIOR ? prior : this.sized(beforeLength);
    const after = this.sized(this.int32());
    const bufferTimeMs = this.int64();
    return { bufferTimeMs, prior, before, after, timestampMs, offset, topic, partition, headers };
  }

  private int32(): number {
    const value = this.bytes.readInt32BE(this.take(4));
    if (value >= SAME_AS_PRIOR && value <= this.end) return value;
    throw malformed();
  }

  private int64(): number {
    const at = this.take(8);
    return this.bytes.readInt32BE(at) * 0x1_0000_0000 + this.bytes.readUInt32BE(at + 4);
  }

  private text(): string {
    const length = this.int32();
    const at = this.take(length);
    return this.bytes.utf8Slice(at, at + length);
  }

  /** A copy: the bytes belong to the store. */
  private sized(length: number): Buffer | null {
    if (length === NULL_LENGTH) return null;
    const at = this.take(length);
    return Buffer.from(this.bytes.subarray(at, at + length));
  }

  private take(length: number): number {
    const { at } = this;
    this.at += length;
    if (length < 0 || this.at > this.end) throw malformed();
    return at;
  }
}

function malformed(): StreamError {
  return new StreamError("DESERIALIZATION_FAILED", "a row of a suppress buffer ends too early");
}

/** About what a change holds in memory, as Kafka Streams counts it for `maxBytes`. */
export function bufferedBytes(keyText: string, change: BufferedChange): number {
  const { prior, before, after, topic, headers } = change;
  const isKnown = before === null || prior?.equals(before) === true;
  const values = (prior?.length ?? 0) + (isKnown ? 0 : before.length) + (after?.length ?? 0);
  const context = 8 + 8 + topic.length + 4;
  const inHeaders = headers.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
  return 8 + keyText.length + values + context + inHeaders;
}
