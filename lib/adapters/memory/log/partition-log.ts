import { BatchCursor } from "../../../records/batch.ts";
import { BatchReader } from "../../../records/batch-reader.ts";
import type { AbortedTransaction } from "../../../records/committed.ts";
import { markerOf } from "../../../records/control.ts";
import { afterData, afterMarker, type ProducerState } from "./producer-state.ts";
import { SegmentList } from "./segments.ts";

/** An aborted transaction in a partition's index. */
export interface AbortedRange extends AbortedTransaction {
  /** Offset of its marker. */
  readonly lastOffset: number;
  /** Last stable offset right after the marker: where a search of the index may stop. */
  readonly lastStable: number;
}

/** What a partition knows besides its batches. */
export interface PartitionKnowledge {
  readonly start: number;
  readonly end: number;
  readonly producers: readonly (readonly [number, ProducerState])[];
  /** First offset of each producer's open transaction. */
  readonly open: readonly (readonly [number, number])[];
  readonly aborted: readonly AbortedRange[];
}

/** One partition: batches by offset, what is known of producers, and which transactions are open or were aborted. */
export class PartitionLog {
  readonly topic: string;
  readonly partition: number;
  /** First offset that can be read. */
  start = 0;
  /** Next offset to write: the high watermark, as there is one replica. */
  end = 0;
  readonly producers = new Map<number, ProducerState>();
  /** In completion order, as brokers list them. */
  private aborted: AbortedRange[] = [];
  /** First offset of each producer's open transaction. */
  private readonly open = new Map<number, number>();
  private readonly segments = new SegmentList();
  private readonly waiting = new Set<() => void>();

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** First offset that belongs to an open transaction, or the end: readers of committed records stop here. */
  get lastStable(): number {
    let lowest = this.end;
    for (const first of this.open.values()) if (first < lowest) lowest = first;
    return Math.max(lowest, this.start);
  }

  /** Whether the producer has a transaction open here with this epoch. */
  hasOpen(producerId: number, producerEpoch: number): boolean {
    return this.open.has(producerId) && this.producers.get(producerId)?.epoch === producerEpoch;
  }

  /** Appends a batch whose offsets are in place; whether it may be appended was decided before. */
  append(bytes: Buffer): void {
    const batch = new BatchCursor(bytes, this);
    batch.advance();
    const { baseOffset, lastOffset, maxTimestampMs } = batch;
    const stableBefore = this.lastStable;
    this.segments.append(bytes, { baseOffset, lastOffset, maxTimestampMs });
    this.end = lastOffset + 1;
    this.noteProducer(batch);
    if (this.lastStable !== stableBefore) this.wake();
  }

  /** Committed and undecided batches from `from`, below the last stable offset; undefined when there are none. */
  read(range: { from: number; maxBytes: number; wholeFirst: boolean }): Buffer | undefined {
    return this.segments.read({ ...range, below: this.lastStable });
  }

  /**
   * Aborted transactions that overlap `[from, upTo)`.
   * @source Kafka 4.3 `TransactionIndex.collectAbortedTxns`
   */
  abortedIn(from: number, upTo: number): readonly AbortedRange[] {
    if (this.aborted.length === 0) return this.aborted;
    const found: AbortedRange[] = [];
    for (const range of this.aborted) {
      if (range.lastOffset >= from && range.firstOffset < upTo) found.push(range);
      if (range.lastStable >= upTo) break;
    }
    return found;
  }

  /** Offset of the first record at or after a time, committed or not; undefined when there is none. */
  offsetAt(timestampMs: number): number | undefined {
    for (const { bytes } of this.segments.since(timestampMs)) {
      const reader = new BatchReader(bytes, [0], { from: this.start });
      while (reader.advance()) if (reader.timestampMs >= timestampMs) return reader.offset;
    }
    return undefined;
  }

  /** Moves the first readable offset up; batches wholly below it are freed by segment. */
  moveStart(offset: number): void {
    this.start = Math.max(this.start, offset);
    this.segments.dropBelow(this.start);
    for (const [producerId, first] of this.open) if (first < this.start) this.open.set(producerId, this.start);
  }

  /** Puts compacted batches in place of all batches; offsets and knowledge of producers stay. */
  replace(bytes: Buffer, aborted: readonly AbortedRange[]): void {
    this.aborted = [...aborted];
    this.segments.clear();
    this.store(bytes);
  }

  /** Puts batches behind the others, as they were before a restart. */
  store(bytes: Buffer): void {
    const batch = new BatchCursor(bytes, this);
    while (batch.advance()) {
      const { baseOffset, lastOffset, maxTimestampMs } = batch;
      this.segments.append(bytes.subarray(batch.start, batch.end), { baseOffset, lastOffset, maxTimestampMs });
    }
  }

  knowledge(): PartitionKnowledge {
    const { start, end, aborted } = this;
    return { start, end, aborted, producers: [...this.producers], open: [...this.open] };
  }

  /** Takes over what was known before a restart. */
  know(knowledge: PartitionKnowledge): void {
    this.start = knowledge.start;
    this.end = knowledge.end;
    this.aborted = [...knowledge.aborted];
    for (const [producerId, state] of knowledge.producers) this.producers.set(producerId, state);
    for (const [producerId, firstOffset] of knowledge.open) this.open.set(producerId, firstOffset);
  }

  /** All batches, segment by segment. */
  contents(): readonly Buffer[] {
    return this.segments.contents();
  }

  /** Every entry of the index of aborted transactions. */
  abortedRanges(): readonly AbortedRange[] {
    return this.aborted;
  }

  /** Calls back once, as soon as there is more to read or `cancel` is called. */
  onReadable(callback: () => void): { cancel(): void } {
    this.waiting.add(callback);
    return { cancel: () => this.waiting.delete(callback) };
  }

  private wake(): void {
    const callbacks = [...this.waiting];
    this.waiting.clear();
    for (const callback of callbacks) callback();
  }

  private noteProducer(batch: BatchCursor): void {
    const producerId = batch.producerId;
    if (producerId < 0) return;
    const known = this.producers.get(producerId);
    if (!batch.isControl) {
      this.producers.set(producerId, afterData(known, batch));
      if (batch.isTransactional && !this.open.has(producerId)) this.open.set(producerId, batch.baseOffset);
      return;
    }
    this.producers.set(producerId, afterMarker(known, batch.producerEpoch));
    const firstOffset = this.open.get(producerId);
    if (firstOffset === undefined) return;
    this.open.delete(producerId);
    if (markerOf(batch) !== "abort") return;
    this.aborted.push({ producerId, firstOffset, lastOffset: batch.lastOffset, lastStable: this.lastStable });
  }
}
