import type { PartitionKey } from "../../../lib/core/ids.ts";
import type { LogRecord, Step } from "./generate.ts";

/** Which part of a partition to read. */
export interface ReadRange {
  readonly from: number;
  /** Read until the position is here. */
  readonly end: number;
}

/** What was read, by partition: one line a record, `offset timestamp key value name~value…`. */
export type ReadLines = ReadonlyMap<PartitionKey, readonly string[]>;

/** Where a log is written. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  /** Logs of one lane are written one after the other, with the producers of that lane. */
  readonly lane: number;
}

/** A client of Kafka that writes and reads logs: Kafka's own, or ours. */
export interface Peer {
  write(place: Place, steps: readonly Step[]): Promise<void>;
  /** Committed records. */
  read(ranges: ReadonlyMap<PartitionKey, ReadRange>, maxPartitionBytes: number): Promise<ReadLines>;
  close(): Promise<void>;
}

/** Bytes as a word. */
export const wordOf = (bytes: Uint8Array | null): string =>
  bytes === null ? "-" : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");

/** A record without its offset, as both peers tell it. */
export function lineOf({ timestampMs, key, value, headers }: LogRecord): string {
  const words = headers.map((header) => `${wordOf(Buffer.from(header.key))}~${wordOf(header.value)}`);
  return [timestampMs, wordOf(key), wordOf(value), ...words].join(" ");
}
