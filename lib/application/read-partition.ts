import { StreamError } from "../core/errors.ts";
import { partitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";
import type { RecordReader } from "../records/reader.ts";

/** A range of one partition: offsets `[from, to)`. */
export interface PartitionRange {
  readonly topic: string;
  readonly partition: number;
  /** The log start without it. */
  readonly from?: number;
  /** The end for committed reads, as it is now, without it. */
  readonly to?: number;
}

const FETCH_BYTES = 4 << 20;
const WAIT_MS = 100;
/** Fetches in a row that bring nothing; each waits up to `WAIT_MS`. */
const FRUITLESS_MAX = 10;

/**
 * Reads the committed records of a partition, from one offset up to another, and stops there.
 *
 * @param visit Is called with the reader on each record; it keeps nothing of the reader.
 * @returns the offset to go on from: past markers and aborted records
 * @throws {StreamError} `LOG_UNAVAILABLE` when the partition cannot be read to the end of the range
 * @example
 * const { log } = embeddedPlatform({ app });
 * await log.createTopics([{ name: "words", partitions: 1, replicas: -1, configs: {} }]);
 * await readPartition(log, { topic: "words", partition: 0 }, (record) => seen.push(record.offset)); // 0
 */
export async function readPartition(
  log: Log,
  range: PartitionRange,
  visit: (record: RecordReader) => void,
): Promise<number> {
  const { topic, partition } = range;
  const key = partitionKey(topic, partition);
  const offset = async (at: "earliest" | "lso") => (await log.offsets([{ topic, partition }], at)).get(key) ?? 0;
  const to = range.to ?? (await offset("lso"));
  let next = range.from ?? (await offset("earliest"));
  for (let fruitless = 0; next < to; ) {
    const positions = new Map([[key, next]]);
    const limits = { maxWaitMs: WAIT_MS, maxBytes: FETCH_BYTES, maxPartitionBytes: FETCH_BYTES };
    const answer = (await log.fetch({ positions, ...limits })).get(key);
    if (answer?.kind === "error") throw unreadable(range, { next, to, cause: answer.error });
    if (answer === undefined || answer.next <= next) {
      // A leader that moves is unknown for a moment; what stays like this is a fault.
      if (++fruitless >= FRUITLESS_MAX) throw unreadable(range, { next, to });
      continue;
    }
    fruitless = 0;
    const { records } = answer;
    while (records.advance() && records.offset < to) visit(records);
    next = answer.next;
  }
  return next;
}

function unreadable(
  { topic, partition }: PartitionRange,
  { next, to, cause }: { next: number; to: number; cause?: unknown },
): StreamError {
  return new StreamError("LOG_UNAVAILABLE", `cannot read ${topic}-${partition} from ${next} to ${to}`, {
    details: { topic, partition, offset: next, end: to },
    ...(cause === undefined ? {} : { cause }),
  });
}
