import { BatchCursor, type BatchOrigin } from "./batch.ts";
import { BatchReader } from "./batch-reader.ts";
import { markerOf } from "./control.ts";
import { canInflate, unsupportedCompression } from "./inflate.ts";
import type { RecordReader } from "./reader.ts";

/** An aborted transaction that overlaps a fetched range, as brokers list them. */
export interface AbortedTransaction {
  readonly producerId: number;
  /** Offset of its first record in the partition. */
  readonly firstOffset: number;
}

/** What a committed read starts from. */
export interface CommittedReadOptions extends BatchOrigin {
  /** The offset that was asked for: records below it are skipped. */
  readonly from: number;
  /** Batches at or above this offset are not read; without it the whole buffer is committed or aborted. */
  readonly lastStable?: number;
  /** In any order: brokers list them by completion. */
  readonly aborted: readonly AbortedTransaction[];
  /** Bytes one compressed batch may inflate to. */
  readonly maxInflatedBytes?: number;
  /** See `RecordReader.release`. */
  readonly onRelease?: () => void;
}

/** Committed records, and where to go on. */
export interface CommittedRead {
  readonly reader: RecordReader;
  /** Past the last complete batch, be it empty, aborted or a marker; `from` when there is none. */
  readonly next: number;
}

/**
 * Reads what a transaction-aware consumer may see of fetched batches.
 *
 * The decision is made per batch: a producer's batches are dropped from the first offset of an aborted transaction of it
 * until its abort marker. Every checksum is verified here, before the first record is handed out.
 *
 * @throws {StreamError} `CORRUPT_BATCH`, `UNSUPPORTED_COMPRESSION`
 * @source Kafka 4.3 `org.apache.kafka.clients.consumer.internals.CompletedFetch.nextFetchedRecord`
 */
export function committedReader(bytes: Buffer, options: CommittedReadOptions): CommittedRead {
  const batches = new BatchCursor(bytes, options);
  const filter = new AbortFilter(options.aborted);
  const lastStable = options.lastStable ?? Number.POSITIVE_INFINITY;
  const starts: number[] = [];
  let next = options.from;
  while (batches.advance()) {
    if (batches.baseOffset >= lastStable) break;
    batches.verifyCrc();
    const lastOffset = batches.lastOffset;
    next = Math.max(next, lastOffset + 1);
    if (!filter.admits(batches) || lastOffset < options.from || batches.recordCount === 0) continue;
    if (batches.recordCount < 0) throw batches.corrupt(batches.start, `it declares ${batches.recordCount} records`);
    if (!canInflate(batches.compression)) throw unsupportedCompression(batches.compression, options);
    starts.push(batches.start);
  }
  return { reader: new BatchReader(bytes, starts, options), next };
}

/** Which batches of a range are committed data; fed in log order. */
class AbortFilter {
  private readonly pending: readonly AbortedTransaction[];
  private pendingAt = 0;
  /** Producers whose current transaction was aborted. */
  private readonly aborting = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.pending = aborted.length < 2 ? aborted : aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  admits(batch: BatchCursor): boolean {
    const producerId = batch.producerId;
    if (producerId < 0) return !batch.isControl;
    if (this.pendingAt < this.pending.length) this.openUpTo(batch.lastOffset);
    if (batch.isControl) {
      if (markerOf(batch) === "abort") this.aborting.delete(producerId);
      return false;
    }
    return !(batch.isTransactional && this.aborting.has(producerId));
  }

  private openUpTo(lastOffset: number): void {
    for (;;) {
      const transaction = this.pending[this.pendingAt];
      if (transaction === undefined || transaction.firstOffset > lastOffset) return;
      this.aborting.add(transaction.producerId);
      this.pendingAt++;
    }
  }
}
