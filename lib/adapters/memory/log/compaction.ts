import { BatchCursor } from "../../../records/batch.ts";
import { BatchReader } from "../../../records/batch-reader.ts";
import { markerOf } from "../../../records/control.ts";
import { crc32c } from "../../../records/crc32c.ts";
import { BATCH_LENGTH_OVERHEAD, batchLayout } from "../../../records/layout.ts";
import type { AbortedRange, PartitionLog } from "./partition-log.ts";

/** Batches of a partition after compaction, and what is left of its index of aborted transactions. */
export interface Compacted {
  readonly bytes: Buffer;
  readonly aborted: readonly AbortedRange[];
}

/** A record's key as text, one character a byte. */
const keyText = (reader: BatchReader) => reader.bytes.latin1Slice(reader.keyStart, reader.keyStart + reader.keyLength);

/**
 * Compacts a partition below its last stable offset: the newest committed record of each key stays.
 *
 * Offsets never change. A batch that loses its records is removed, except the last batch of a producer (it holds the
 * sequence; a marker that raised the epoch does not need one) and the last batch of the cleaned part (it holds the offset): those stay as *empty batches*. Tombstones and
 * markers without data go when they are older than `deleteRetentionMs`. Compressed batches are left alone.
 *
 * @source Kafka 4.3 `LogCleaner.cleanInto`, `CleanedTransactionMetadata`; it counts the retention from the first cleaning,
 *   this model from the batch's newest timestamp
 */
export function compact(log: PartitionLog, limits: { nowMs: number; deleteRetentionMs: number }): Compacted {
  const upTo = log.lastStable;
  const horizonMs = limits.nowMs - limits.deleteRetentionMs;
  const batches = collect(log);
  const newest = newestOffsets(batches, log);
  const lastOfProducer = lastOffsets(batches);
  const aborting = new AbortedData(log.abortedRanges());
  const kept: Buffer[] = [];
  for (const bytes of batches) {
    const batch = new BatchCursor(bytes);
    batch.advance();
    if (batch.baseOffset >= upTo) {
      kept.push(bytes);
      continue;
    }
    const lost = aborting.isLost(batch);
    const mustStay = lastOfProducer.get(batch.producerId) === batch.lastOffset || batch.lastOffset + 1 === upTo;
    const old = batch.maxTimestampMs <= horizonMs;
    if (batch.isControl) {
      if (!lost || !old || mustStay) kept.push(bytes);
    } else if (batch.compression !== "none") kept.push(bytes);
    else {
      const slices = lost ? [] : keptRecords(batch, newest, old);
      if (slices.length > 0 || mustStay) kept.push(rebuild(batch, slices));
    }
  }
  return { bytes: Buffer.concat(kept), aborted: aborting.remaining(upTo) };
}

function collect(log: PartitionLog): Buffer[] {
  const batches: Buffer[] = [];
  for (const content of log.contents()) {
    const batch = new BatchCursor(content);
    while (batch.advance()) if (batch.lastOffset >= log.start) batches.push(content.subarray(batch.start, batch.end));
  }
  return batches;
}

/** Newest offset per key among committed records: an aborted record must not push out the one before it. */
function newestOffsets(batches: readonly Buffer[], log: PartitionLog): ReadonlyMap<string, number> {
  const newest = new Map<string, number>();
  const aborting = new AbortedData(log.abortedRanges());
  for (const bytes of batches) {
    const batch = new BatchCursor(bytes);
    batch.advance();
    if (aborting.isLost(batch) || batch.isControl || batch.baseOffset >= log.lastStable) continue;
    const reader = new BatchReader(bytes, [0], { from: 0 });
    while (reader.advance()) if (reader.keyLength >= 0) newest.set(keyText(reader), reader.offset);
  }
  return newest;
}

/** Of each producer the end of its last data batch, or of the marker after it that raised the epoch. */
function lastOffsets(batches: readonly Buffer[]): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  const epochs = new Map<number, number>();
  for (const bytes of batches) {
    const batch = new BatchCursor(bytes);
    batch.advance();
    const { producerId, producerEpoch } = batch;
    if (producerId < 0 || (batch.isControl && producerEpoch === epochs.get(producerId))) continue;
    last.set(producerId, batch.lastOffset);
    epochs.set(producerId, producerEpoch);
  }
  return last;
}

/** Follows the log and knows which batches belong to aborted transactions, and which of those have data left. */
class AbortedData {
  private readonly pending: AbortedRange[];
  private readonly open = new Map<number, AbortedRange>();
  private readonly withData = new Set<AbortedRange>();
  private readonly all: readonly AbortedRange[];
  private readonly committing = new Set<number>();

  constructor(ranges: readonly AbortedRange[]) {
    this.all = ranges;
    this.pending = ranges.toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Data of an aborted transaction, or a marker without data. */
  isLost(batch: BatchCursor): boolean {
    while (this.pending[0] !== undefined && this.pending[0].firstOffset <= batch.lastOffset) {
      const range = this.pending.shift() as AbortedRange;
      this.open.set(range.producerId, range);
    }
    const range = this.open.get(batch.producerId);
    if (batch.isControl) return this.isBareMarker(batch, range);
    if (!batch.isTransactional) return false;
    if (range === undefined) this.committing.add(batch.producerId);
    else this.withData.add(range);
    return range !== undefined;
  }

  remaining(upTo: number): readonly AbortedRange[] {
    return this.all.filter((range) => this.withData.has(range) || range.lastOffset >= upTo);
  }

  private isBareMarker(batch: BatchCursor, range: AbortedRange | undefined): boolean {
    if (markerOf(batch) !== "abort") return !this.committing.delete(batch.producerId);
    this.open.delete(batch.producerId);
    return range === undefined || !this.withData.has(range);
  }
}

/** Encoded records of a batch that stay. */
function keptRecords(batch: BatchCursor, newest: ReadonlyMap<string, number>, old: boolean): Buffer[] {
  const slices: Buffer[] = [];
  const reader = new BatchReader(batch.bytes, [batch.start], { from: 0 });
  let start = batch.recordsStart;
  while (reader.advance()) {
    const end = reader.headersStart + reader.headersLength;
    const stays =
      reader.keyLength >= 0 && newest.get(keyText(reader)) === reader.offset && !(reader.valueLength < 0 && old);
    if (stays) slices.push(batch.bytes.subarray(start, end));
    start = end;
  }
  return slices;
}

/** The batch with fewer records: offsets and times count from the same base. */
function rebuild(batch: BatchCursor, slices: readonly Buffer[]): Buffer {
  const header = batch.bytes.subarray(batch.start, batch.recordsStart);
  const bytes = Buffer.concat([header, ...slices]);
  bytes.writeInt32BE(bytes.length - BATCH_LENGTH_OVERHEAD, batchLayout.batchLength);
  bytes.writeInt32BE(slices.length, batchLayout.recordCount);
  bytes.writeUInt32BE(crc32c(bytes, batchLayout.attributes, bytes.length), batchLayout.crc);
  return bytes;
}
