import { ByteSink } from "../core/byte-sink.ts";
import type { PartitionKey } from "../core/ids.ts";
import { partitionKey } from "../core/ids.ts";
import type { PartitionBatch } from "../ports/log.ts";
import type { Header, RecordReader } from "../records/reader.ts";
import { RecordWriter } from "../records/writer.ts";
import { murmur2 } from "../serde/murmur2.ts";
import { changelogHeaders } from "../state/changelog-headers.ts";
import type { RowSink, StoreType } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import type { SinkNode } from "../topology/node.ts";
import type { PartitionerContext } from "../topology/routing.ts";
import { chosenPartitions } from "./chosen-partitions.ts";

/** How many bytes of a partition's records go into one batch: below every broker's default limit of 1 MiB. */
const BATCH_BYTES = 512 * 1024;

interface Output {
  readonly topic: string;
  readonly partition: number;
  writer: RecordWriter;
}

/**
 * Output of one pin's open transaction: records are encoded straight into the batches that are sent.
 *
 * Owns: choice of the partition (Kafka's default partitioner over the key bytes), batches per partition. Does not own:
 * sending. Full batches wait in `full` until the pin sends them; nothing is dropped here.
 */
export class Collector {
  private readonly outputs = new Map<PartitionKey, Output>();
  private readonly sinks = new Map<string, (Output | undefined)[]>();
  /** Most records go where the one before went. */
  private lastTopic: string | undefined;
  private lastPartitions: (Output | undefined)[] = [];
  private readonly pool: RecordWriter[] = [];
  private full: PartitionBatch[] = [];
  private readonly keySink = new ByteSink(256);
  private readonly partitionCounts: ReadonlyMap<string, number>;
  private unkeyed = 0;
  /** Bytes encoded since the last `take`, full batches included; roughly. */
  pendingBytes = 0;

  /** @param partitionCounts partitions of every topic that may be written */
  constructor(partitionCounts: ReadonlyMap<string, number>) {
    this.partitionCounts = partitionCounts;
  }

  /** Appends the cursor's record to a sink's topic. */
  emit(sink: SinkNode, topic: string, cursor: Cursor): void {
    const keySink = this.keySink;
    keySink.reset();
    const keyed = !cursor.keyIsNull;
    if (keyed) cursor.writeKey(sink.keySerde, keySink);
    const keyLength = keyed ? keySink.length - (sink.keySerde.unpartitionedSuffixBytes ?? 0) : -1;
    const partitions = sink.partitioner && chosenPartitions(sink.partitioner, cursor, this.context(topic));
    if (partitions === undefined) this.encode(sink, cursor, this.output(topic, keyLength));
    else for (const partition of partitions) this.encode(sink, cursor, this.outputAt(topic, partition));
  }

  /** The key is in `keySink`, if the record has one. */
  private encode(sink: SinkNode, cursor: Cursor, output: Output): void {
    const { keySink } = this;
    const { writer } = output;
    const before = writer.byteLength;
    writer.openRecord(cursor.timestampMs);
    try {
      if (!cursor.keyIsNull) {
        writer.sink.copy(keySink.bytes, 0, keySink.length);
        writer.endKey();
      } else writer.nullKey();
      if (cursor.valueIsNull) writer.nullValue();
      else {
        cursor.writeValue(sink.valueSerde, writer.sink);
        writer.endValue();
      }
      writer.closeRecord(cursor.headers);
    } catch (error) {
      writer.discardRecord();
      throw error;
    }
    this.grown(output, before);
  }

  /** Appends a record as it was read, with other headers. Without a partition it follows from the key's bytes. */
  append(
    to: { readonly topic: string; readonly partition?: number },
    record: RecordReader,
    headers: readonly Header[],
  ): void {
    const { bytes, keyStart, keyLength, valueStart, valueLength, timestampMs } = record;
    const keySink = this.keySink;
    keySink.reset();
    if (keyLength >= 0) keySink.copy(bytes, keyStart, keyStart + keyLength);
    const output =
      to.partition === undefined ? this.output(to.topic, keyLength) : this.outputAt(to.topic, to.partition);
    const before = output.writer.byteLength;
    const value = valueLength < 0 ? null : bytes.subarray(valueStart, valueStart + valueLength);
    output.writer.append(timestampMs, keyLength < 0 ? null : keySink.view(), value, headers);
    this.grown(output, before);
  }

  /** A sink for the changelog of one store and partition. */
  changelog(topic: string, partition: number, type: StoreType): RowSink {
    const output = this.outputAt(topic, partition);
    return new ChangelogRows(output, changelogHeaders(type), (before) => this.grown(output, before));
  }

  /** Everything encoded so far, oldest first per partition; the collector starts new batches. */
  take(): PartitionBatch[] {
    const batches = this.full;
    for (const output of this.outputs.values()) {
      if (output.writer.count === 0) continue;
      batches.push({ topic: output.topic, partition: output.partition, records: output.writer });
      output.writer = this.freshWriter();
    }
    this.full = [];
    this.pendingBytes = 0;
    return batches;
  }

  /** True when a send is worth while before the commit. */
  get hasFullBatches(): boolean {
    return this.full.length > 0;
  }

  /** Gives sent batches' memory back. */
  recycle(batches: readonly PartitionBatch[]): void {
    for (const { records } of batches) {
      if (this.pool.length >= 64) return;
      records.reset();
      this.pool.push(records);
    }
  }

  /** Forgets everything that was not taken. */
  clear(): void {
    this.recycle(this.full);
    this.full = [];
    this.pendingBytes = 0;
    for (const output of this.outputs.values()) output.writer.reset();
  }

  private context(topic: string): PartitionerContext {
    return { topic, partitionCount: this.partitionCounts.get(topic) ?? 1 };
  }

  private output(topic: string, keyLength: number): Output {
    if (topic !== this.lastTopic) {
      this.lastTopic = topic;
      this.lastPartitions = this.partitionsOf(topic);
    }
    const partitions = this.lastPartitions;
    const count = partitions.length;
    let partition = 0;
    if (keyLength < 0) partition = this.unkeyed++ % count;
    else if (count > 1) partition = (murmur2(this.keySink.bytes, 0, keyLength) & 0x7fffffff) % count;
    let output = partitions[partition];
    if (output === undefined) {
      output = this.outputAt(topic, partition);
      partitions[partition] = output;
    }
    return output;
  }

  private partitionsOf(topic: string): (Output | undefined)[] {
    const known = this.sinks.get(topic);
    if (known !== undefined) return known;
    const partitions = new Array<Output | undefined>(this.partitionCounts.get(topic) ?? 1).fill(undefined);
    this.sinks.set(topic, partitions);
    return partitions;
  }

  private outputAt(topic: string, partition: number): Output {
    const key = partitionKey(topic, partition);
    let output = this.outputs.get(key);
    if (output === undefined) {
      output = { topic, partition, writer: this.freshWriter() };
      this.outputs.set(key, output);
    }
    return output;
  }

  private grown(output: Output, before: number): void {
    const now = output.writer.byteLength;
    this.pendingBytes += now - before;
    if (now < BATCH_BYTES) return;
    this.full.push({ topic: output.topic, partition: output.partition, records: output.writer });
    output.writer = this.freshWriter();
  }

  private freshWriter(): RecordWriter {
    return this.pool.pop() ?? new RecordWriter();
  }
}

/** Encodes rows of a store into the batch of its changelog. */
class ChangelogRows implements RowSink {
  private readonly output: Output;
  /** Of records with a value, unless they bring their own. */
  private readonly headers: readonly Header[];
  private readonly grown: (before: number) => void;

  constructor(output: Output, headers: readonly Header[], grown: (before: number) => void) {
    this.output = output;
    this.headers = headers;
    this.grown = grown;
  }

  /** @hotPath once per changed row of a commit */
  row(
    keyText: string,
    bytes: Buffer,
    valueStart: number,
    valueLength: number,
    timestampMs: number,
    headers?: readonly Header[],
  ): void {
    const { writer } = this.output;
    const before = writer.byteLength;
    writer.openRecord(timestampMs);
    writer.sink.latin1(keyText);
    writer.endKey();
    if (valueLength < 0) {
      writer.nullValue();
      writer.closeRecord(headers);
    } else {
      writer.sink.copy(bytes, valueStart, valueStart + valueLength);
      writer.endValue();
      writer.closeRecord(headers ?? this.headers);
    }
    this.grown(before);
  }
}
