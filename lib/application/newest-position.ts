import { partitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";
import { decodePosition, type Position } from "./position.ts";
import { readPartition } from "./read-partition.ts";

/** How far back to look first: a position, its marker, and some aborted ones. Four times as far until something is found. */
const FIRST_LOOK_BACK = 16;

/**
 * The newest committed position of a pin, or undefined when there is none.
 *
 * Reads backwards from the last stable offset. Only this pin's transactional id writes the partition, and after
 * InitProducerId none of its transactions is open, so nothing newer can be hidden.
 *
 * @throws {StreamError} `LOG_UNAVAILABLE` when the partition cannot be read, `SCHEMA_UNKNOWN` for a newer format
 */
export async function readNewestPosition(log: Log, topic: string, pin: number): Promise<Position | undefined> {
  const partition = [{ topic, partition: pin }];
  const [ends, starts] = await Promise.all([log.offsets(partition, "lso"), log.offsets(partition, "earliest")]);
  const key = partitionKey(topic, pin);
  return readPositionBelow(log, { topic, pin, start: starts.get(key) ?? 0, end: ends.get(key) ?? 0 });
}

/** The same, where it is known which offsets the partition has. */
export async function readPositionBelow(
  log: Log,
  { topic, pin, start, end }: { topic: string; pin: number; start: number; end: number },
): Promise<Position | undefined> {
  for (let back = FIRST_LOOK_BACK, to = end; to > start; back *= 4) {
    const from = Math.max(start, to - back);
    let newest: Position | undefined;
    await readPartition(log, { topic, partition: pin, from, to }, ({ bytes, valueStart, valueLength }) => {
      newest = decodePosition(bytes.subarray(valueStart, valueStart + valueLength));
    });
    if (newest !== undefined) return newest;
    to = from;
  }
  return undefined;
}
