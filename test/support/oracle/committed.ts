import { partitionKey, type TopicPartition } from "../../../lib/core/ids.ts";
import type { Log } from "../../../lib/ports/log.ts";
import type { RecordReader } from "../../../lib/records/reader.ts";

const READ_BYTES = 8 << 20;
const ANSWER_LIMIT_MS = 30_000;

/**
 * Visits every committed record of a partition, in order, up to its last stable offset of now.
 *
 * @returns the last stable offset
 */
export async function forEachCommitted(
  log: Log,
  partition: TopicPartition,
  visit: (record: RecordReader) => void,
): Promise<number> {
  const key = partitionKey(partition.topic, partition.partition);
  const end = (await log.offsets([partition], "lso")).get(key) ?? 0;
  let next = (await log.offsets([partition], "earliest")).get(key) ?? 0;
  let giveUpAtMs = performance.now() + ANSWER_LIMIT_MS;
  while (next < end) {
    const request = {
      positions: new Map([[key, next]]),
      maxWaitMs: 100,
      maxBytes: READ_BYTES,
      maxPartitionBytes: READ_BYTES,
    };
    const answer = (await log.fetch(request)).get(key);
    if (answer?.kind === "records") {
      while (answer.records.advance()) visit(answer.records);
      if (answer.next > next) giveUpAtMs = performance.now() + ANSWER_LIMIT_MS;
      next = answer.next;
    }
    if (performance.now() > giveUpAtMs)
      throw new Error(
        `${key} cannot be read from ${next} to ${end}: ${answer?.kind === "error" ? answer.error.message : "no progress"}`,
      );
  }
  return end;
}

/** The key of a record as one character per byte. */
export function keyTextOf({ bytes, keyStart, keyLength }: RecordReader): string {
  return bytes.latin1Slice(keyStart, keyStart + Math.max(0, keyLength));
}

/** A copy of a record's value, or undefined for a tombstone. */
export function valueBytes({ bytes, valueStart, valueLength }: RecordReader): Buffer | undefined {
  return valueLength < 0 ? undefined : Buffer.from(bytes.subarray(valueStart, valueStart + valueLength));
}

/** Collects what is wrong, the first few of each kind in full and the rest as a count. */
export class Violations {
  private readonly limit: number;
  private readonly found: string[] = [];
  private count = 0;

  constructor(limit = 5) {
    this.limit = limit;
  }

  add(violation: string): void {
    this.count++;
    if (this.found.length < this.limit) this.found.push(violation);
  }

  get list(): readonly string[] {
    const more = this.count - this.found.length;
    return more === 0 ? this.found : [...this.found, `… and ${more} more`];
  }
}
