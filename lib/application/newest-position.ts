import { StreamError } from "../core/errors.ts";
import { partitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";
import { decodePosition, type Position } from "./position.ts";

/** How far back to look first: a position, its marker, and some aborted ones. Doubled until something is found. */
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
  const key = partitionKey(topic, pin);
  const partition = [{ topic, partition: pin }];
  const end = (await log.offsets(partition, "lso")).get(key) ?? 0;
  const start = (await log.offsets(partition, "earliest")).get(key) ?? 0;
  for (let back = FIRST_LOOK_BACK, to = end; to > start; back *= 4) {
    const from = Math.max(start, to - back);
    const found = await newestIn(log, topic, { pin, from, to });
    if (found !== undefined) return found;
    to = from;
  }
  return undefined;
}

async function newestIn(
  log: Log,
  topic: string,
  range: { pin: number; from: number; to: number },
): Promise<Position | undefined> {
  const key = partitionKey(topic, range.pin);
  let newest: Position | undefined;
  for (let next = range.from; next < range.to; ) {
    const answer = (
      await log.fetch({
        positions: new Map([[key, next]]),
        maxWaitMs: 0,
        maxBytes: 1 << 20,
        maxPartitionBytes: 1 << 20,
      })
    ).get(key);
    if (answer === undefined || answer.kind === "error") {
      throw new StreamError("LOG_UNAVAILABLE", `cannot read the position of pin ${range.pin} from ${topic}`, {
        details: { topic, partition: range.pin },
        cause: answer?.error,
      });
    }
    const { records } = answer;
    while (records.advance()) {
      if (records.offset >= range.to) break;
      newest = decodePosition(records.bytes.subarray(records.valueStart, records.valueStart + records.valueLength));
    }
    if (answer.next <= next) break;
    next = answer.next;
  }
  return newest;
}
