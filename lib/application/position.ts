import { StreamError } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";

/** Version of the stored form; see docs/formats/position.md. */
export const POSITION_FORMAT = 1;

/**
 * The position of a pin: what one committed transaction leaves behind, in `<app>-positions`, partition = pin.
 *
 * The newest committed one is the truth about where the pin is: it says which input was processed, which changelog belongs
 * to it, and whether a transaction with an unknown outcome landed.
 */
export interface Position {
  readonly pin: number;
  /** Lease epoch of the writer. Never goes down from one position to the next (I2). */
  readonly epoch: number;
  /** Number of the transaction: +1 each, from 1 (the birth commit). */
  readonly transaction: number;
  /** Next offset to fetch of **every** input partition, past control batches. */
  readonly inputs: Readonly<Record<PartitionKey, number>>;
  /** End offset (next after the pin's last record) of every changelog partition; the state is the fold below it. */
  readonly changelogs: Readonly<Record<PartitionKey, number>>;
  /** Per input partition the largest timestamp taken: stream time of a task is the largest of its partitions. */
  readonly partitionTimes: Readonly<Record<PartitionKey, number>>;
  /** Per `task/node/clock`: clocks of operators. */
  readonly clocks: Readonly<Record<string, number>>;
  /** Per `task/store`: the store's own stream time. */
  readonly storeTimes: Readonly<Record<string, number>>;
}

/** The bytes of a position: UTF-8 JSON with a format number. */
export function encodePosition(position: Position): Buffer {
  return Buffer.from(JSON.stringify({ format: POSITION_FORMAT, ...position }), "utf8");
}

/**
 * Reads a position.
 *
 * @throws {StreamError} `SCHEMA_UNKNOWN` when a newer version wrote it, `INVARIANT_BROKEN` when it is no position at all
 */
export function decodePosition(bytes: Uint8Array): Position {
  let parsed: { format?: unknown } & Position;
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch (cause) {
    throw new StreamError(
      "INVARIANT_BROKEN",
      "a record in the positions topic is not JSON: is another program writing there?",
      { cause },
    );
  }
  if (parsed.format !== POSITION_FORMAT) {
    throw new StreamError(
      "SCHEMA_UNKNOWN",
      `position format ${String(parsed.format)} is not known to this version (it knows ${POSITION_FORMAT}): deploy the version that wrote it, or a newer one`,
      { details: { format: String(parsed.format) } },
    );
  }
  const { pin, epoch, transaction, inputs, changelogs, partitionTimes, clocks, storeTimes } = parsed;
  return { pin, epoch, transaction, inputs, changelogs, partitionTimes, clocks, storeTimes };
}

/** Id of a clock that holds when a punctuator is due by wall-clock time: `task/owner/wallClockTime:name`. */
const wallClockTimer = /^[^/]+\/[^/]+\/wallClockTime:/;

/** When the first punctuator of a pin is due by wall-clock time, or undefined when none is scheduled. */
export function nextTimerMs({ clocks }: Position): number | undefined {
  let first: number | undefined;
  for (const [id, dueMs] of Object.entries(clocks)) {
    if (wallClockTimer.test(id) && (first === undefined || dueMs < first)) first = dueMs;
  }
  return first;
}

/** The record key of a pin's position: its number as text. Compaction then keeps the newest. */
export function positionRecordKey(pin: number): Buffer {
  return Buffer.from(String(pin), "latin1");
}

/** The topic of positions of an application: one partition per pin, exactly one writer each. */
export function positionsTopic(applicationId: string): string {
  return `${applicationId}-positions`;
}
