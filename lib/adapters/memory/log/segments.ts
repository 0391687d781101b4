const FIRST_CAPACITY_BYTES = 4 * 1024;
const FULL_CAPACITY_BYTES = 1024 * 1024;

/** What a segment keeps of a batch besides its bytes. */
export interface StoredBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestampMs: number;
}

/** Where a batch lies. */
interface Place {
  readonly segment: Segment;
  readonly index: number;
}

/** Batches one after the other in one buffer. Written bytes never change, so views of them stay valid. */
class Segment {
  bytes: Buffer;
  usedBytes = 0;
  readonly batches: StoredBatch[] = [];
  readonly positions: number[] = [];

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
  }

  get lastOffset(): number {
    return this.batches[this.batches.length - 1]?.lastOffset ?? -1;
  }

  endOf(index: number): number {
    return this.positions[index + 1] ?? this.usedBytes;
  }

  append(batch: Buffer, stored: StoredBatch): void {
    if (this.usedBytes + batch.length > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.usedBytes + batch.length, this.bytes.length * 4));
      this.bytes.copy(grown, 0, 0, this.usedBytes);
      this.bytes = grown;
    }
    batch.copy(this.bytes, this.usedBytes);
    this.positions.push(this.usedBytes);
    this.batches.push(stored);
    this.usedBytes += batch.length;
  }

  /** First batch that ends at or after `offset`; the number of batches when none does. */
  find(offset: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.batches[middle] as StoredBatch).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The bytes of one partition: segments of about 1 MiB, found by offset. */
export class SegmentList {
  private segments: Segment[] = [];

  /** Copies a batch to the end. */
  append(batch: Buffer, stored: StoredBatch): void {
    let last = this.segments[this.segments.length - 1];
    if (last === undefined || last.usedBytes + batch.length > FULL_CAPACITY_BYTES) {
      const capacity = last === undefined ? FIRST_CAPACITY_BYTES : FULL_CAPACITY_BYTES;
      last = new Segment(Math.max(capacity, batch.length));
      this.segments.push(last);
    }
    last.append(batch, stored);
  }

  /**
   * Bytes from the batch that holds `from`, cut at `maxBytes` (inside a batch, as brokers do) or at the segment's end.
   * @param range `below`: batches at or above this offset are not read; `wholeFirst`: the first batch is read in any case
   */
  read(range: { from: number; below: number; maxBytes: number; wholeFirst: boolean }): Buffer | undefined {
    const place = this.find(range.from);
    if (place === undefined) return undefined;
    const { segment, index } = place;
    const start = segment.positions[index] as number;
    let end = segment.usedBytes;
    if (segment.lastOffset >= range.below) end = segment.positions[segment.find(range.below)] ?? segment.usedBytes;
    if (end <= start) return undefined;
    const first = segment.endOf(index) - start;
    if (first > range.maxBytes && !range.wholeFirst) return undefined;
    return segment.bytes.subarray(start, Math.min(end, start + Math.max(range.maxBytes, first)));
  }

  /** Every batch that reaches the time, in order, with its bytes. */
  *since(timestampMs: number): Generator<{ readonly stored: StoredBatch; readonly bytes: Buffer }> {
    for (const segment of this.segments) {
      for (const [index, stored] of segment.batches.entries()) {
        if (stored.maxTimestampMs < timestampMs) continue;
        yield { stored, bytes: segment.bytes.subarray(segment.positions[index], segment.endOf(index)) };
      }
    }
  }

  /** The written bytes, segment by segment. */
  contents(): readonly Buffer[] {
    return this.segments.map((segment) => segment.bytes.subarray(0, segment.usedBytes));
  }

  /** Forgets whole segments below an offset. */
  dropBelow(offset: number): void {
    const kept = this.segments.findIndex((segment) => segment.lastOffset >= offset);
    this.segments = kept === -1 ? [] : this.segments.slice(kept);
  }

  clear(): void {
    this.segments = [];
  }

  private find(offset: number): Place | undefined {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.segments[middle] as Segment).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    const segment = this.segments[low];
    return segment === undefined ? undefined : { segment, index: segment.find(offset) };
  }
}
