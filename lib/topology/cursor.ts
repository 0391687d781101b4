import type { ByteSink } from "../core/byte-sink.ts";
import { latin1Text } from "../core/byte-text.ts";
import { StreamError } from "../core/errors.ts";
import type { Header, RecordReader } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";

const NO_BYTES = Buffer.alloc(0);
const NO_HEADERS: readonly Header[] = [];

/**
 * The record that flows through a chain: one mutable object per task, no object per record.
 *
 * Key, value and headers of the source record are decoded on first use, so a filter on the key never parses the value, and
 * what nobody touched is copied to the output as bytes. On a table's edge `value` is the new and `oldValue` the previous
 * value.
 *
 * Law of the operator contract: an operator may change the cursor before it calls `next`; **whoever calls more than once
 * restores what it had** (`CursorRegisters`), because everything below may change the cursor too.
 */
export class Cursor<K = unknown, V = unknown> {
  timestampMs = 0;
  /** Offset, topic and partition of the source record: for errors, tie-breaks and record context. */
  offset = -1;
  topic = "";
  partition = -1;
  /** Previous value on a table's edge, when `hasOldValue`. */
  oldValue: unknown = null;
  hasOldValue = false;
  /** False on the edge of a versioned table for a version that came out of order: a newer one of its key is there. */
  isNewest = true;

  private currentKey: unknown = null;
  private currentValue: unknown = null;
  private keyDecoded = true;
  private valueDecoded = true;
  private bytes: Buffer = NO_BYTES;
  private keyStart = 0;
  private keyLength = -1;
  private valueStart = 0;
  private valueLength = -1;
  private keySerde: Serde<unknown> | undefined;
  private valueSerde: Serde<unknown> | undefined;
  private keyLatin1: string | undefined;
  private reader: RecordReader | undefined;
  private currentHeaders: readonly Header[] | undefined = NO_HEADERS;

  /** Points the cursor at the current record of a reader. */
  bind(reader: RecordReader, timestampMs: number, source: CursorSource): void {
    this.timestampMs = timestampMs;
    this.offset = reader.offset;
    this.topic = source.topic;
    this.partition = source.partition;
    this.oldValue = null;
    this.hasOldValue = false;
    this.isNewest = true;
    this.bytes = reader.bytes;
    this.keyStart = reader.keyStart;
    this.keyLength = reader.keyLength;
    this.valueStart = reader.valueStart;
    this.valueLength = reader.valueLength;
    this.keySerde = source.keySerde;
    this.valueSerde = source.valueSerde;
    this.keyDecoded = reader.keyLength < 0;
    this.valueDecoded = reader.valueLength < 0;
    this.currentKey = null;
    this.currentValue = null;
    this.keyLatin1 = undefined;
    this.reader = reader;
    this.currentHeaders = reader.headerCount === 0 ? NO_HEADERS : undefined;
  }

  get key(): K {
    if (!this.keyDecoded) {
      this.currentKey = this.decode("key");
      this.keyDecoded = true;
    }
    return this.currentKey as K;
  }

  get value(): V {
    if (!this.valueDecoded) {
      this.currentValue = this.decode("value");
      this.valueDecoded = true;
    }
    return this.currentValue as V;
  }

  /** True for a null key; decodes nothing. */
  get keyIsNull(): boolean {
    if (this.keyDecoded) return this.currentKey === null || this.currentKey === undefined;
    const { keySerde, keyStart } = this;
    if (keySerde?.isNull === undefined) return false;
    return keySerde.isNull(this.bytes, keyStart, keyStart + this.keyLength);
  }

  /** True for a null value; decodes nothing. */
  get valueIsNull(): boolean {
    if (this.valueDecoded) return this.currentValue === null || this.currentValue === undefined;
    const { valueSerde, valueStart } = this;
    if (valueSerde?.isNull === undefined) return false;
    return valueSerde.isNull(this.bytes, valueStart, valueStart + this.valueLength);
  }

  get headers(): readonly Header[] {
    if (this.currentHeaders === undefined) this.currentHeaders = this.reader?.headers() ?? NO_HEADERS;
    return this.currentHeaders;
  }

  /** Replaces the key. */
  setKey(key: unknown): void {
    this.currentKey = key;
    this.keyDecoded = true;
    this.keySerde = undefined;
    this.keyLatin1 = undefined;
  }

  /** Replaces the value; the old value goes with it. */
  setValue(value: unknown): void {
    this.currentValue = value;
    this.valueDecoded = true;
    this.valueSerde = undefined;
    this.oldValue = null;
    this.hasOldValue = false;
  }

  /** Replaces new and old value: a table's change. */
  setChange(value: unknown, oldValue: unknown): void {
    this.currentValue = value;
    this.valueDecoded = true;
    this.valueSerde = undefined;
    this.oldValue = oldValue;
    this.hasOldValue = true;
  }

  setHeaders(headers: readonly Header[]): void {
    this.currentHeaders = headers;
  }

  /**
   * The serialized key as one character per byte: the form in which stores hold keys. Computed once per record and serde.
   * The key must not be null.
   */
  keyText(serde: Serde<unknown>, scratch: ByteSink): string {
    if (this.keyLatin1 !== undefined && this.keySerde === serde) return this.keyLatin1;
    if (this.keySerde === serde && this.keyLength >= 0) {
      this.keyLatin1 = latin1Text(this.bytes, this.keyStart, this.keyStart + this.keyLength);
      return this.keyLatin1;
    }
    scratch.reset();
    serde.write(this.key, scratch);
    const text = latin1Text(scratch.bytes, 0, scratch.length);
    this.keySerde = serde;
    this.keyLength = -1;
    this.keyLatin1 = text;
    return text;
  }

  /** Appends the serialized key; bytes of an untouched source key are copied. The key must not be null. */
  writeKey(serde: Serde<unknown>, sink: ByteSink): void {
    if (this.keySerde === serde && this.keyLength >= 0) {
      sink.copy(this.bytes, this.keyStart, this.keyStart + this.keyLength);
    } else if (this.keySerde === serde && this.keyLatin1 !== undefined) {
      sink.latin1(this.keyLatin1);
    } else serde.write(this.key, sink);
  }

  /** Appends the serialized value; bytes of an untouched source value are copied. The value must not be null. */
  writeValue(serde: Serde<unknown>, sink: ByteSink): void {
    if (this.valueSerde === serde) sink.copy(this.bytes, this.valueStart, this.valueStart + this.valueLength);
    else serde.write(this.value, sink);
  }

  private decode(part: "key" | "value"): unknown {
    const isKey = part === "key";
    const serde = isKey ? this.keySerde : this.valueSerde;
    const start = isKey ? this.keyStart : this.valueStart;
    const length = isKey ? this.keyLength : this.valueLength;
    try {
      return (serde as Serde<unknown>).read(this.bytes, start, start + length);
    } catch (cause) {
      throw new StreamError(
        "DESERIALIZATION_FAILED",
        `the ${part} of ${this.topic}-${this.partition}@${this.offset} is not ${serde?.id ?? "readable"}: ${String((cause as Error)?.message ?? cause)}`,
        {
          details: { topic: this.topic, partition: this.partition, offset: this.offset, part, serde: serde?.id ?? "" },
          cause,
        },
      );
    }
  }

  /** @internal Copies all registers; see `CursorRegisters`. */
  copyFrom(other: Cursor): void {
    this.timestampMs = other.timestampMs;
    this.offset = other.offset;
    this.topic = other.topic;
    this.partition = other.partition;
    this.oldValue = other.oldValue;
    this.hasOldValue = other.hasOldValue;
    this.isNewest = other.isNewest;
    this.currentKey = other.currentKey;
    this.currentValue = other.currentValue;
    this.keyDecoded = other.keyDecoded;
    this.valueDecoded = other.valueDecoded;
    this.bytes = other.bytes;
    this.keyStart = other.keyStart;
    this.keyLength = other.keyLength;
    this.valueStart = other.valueStart;
    this.valueLength = other.valueLength;
    this.keySerde = other.keySerde;
    this.valueSerde = other.valueSerde;
    this.keyLatin1 = other.keyLatin1;
    this.reader = other.reader;
    this.currentHeaders = other.currentHeaders;
  }
}

/** Where bound records come from. */
export interface CursorSource {
  readonly topic: string;
  readonly partition: number;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
}

/**
 * What an operator keeps to restore the cursor between several calls of `next`. Allocated once per operator instance: a
 * node is never entered twice at a time, because a topology has no cycles inside a task.
 */
export class CursorRegisters {
  private readonly kept = new Cursor();

  save(cursor: Cursor): void {
    this.kept.copyFrom(cursor);
  }

  restore(cursor: Cursor): void {
    cursor.copyFrom(this.kept);
  }
}
