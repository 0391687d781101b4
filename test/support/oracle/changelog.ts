import type { TopicPartition } from "../../../lib/core/ids.ts";
import type { Log } from "../../../lib/ports/log.ts";
import { forEachCommitted, keyTextOf } from "./committed.ts";

/** A committed changelog record. */
export interface ChangelogRow {
  readonly offset: number;
  /** One character per byte. */
  readonly keyText: string;
  /** Value and timestamp in one word, or undefined for a tombstone. */
  readonly text: string | undefined;
}

/** Rows of a store: key text → value and timestamp in one word. */
export type Rows = ReadonlyMap<string, string>;

/** A committed changelog partition, in order. */
export async function readChangelog(log: Log, partition: TopicPartition): Promise<readonly ChangelogRow[]> {
  const rows: ChangelogRow[] = [];
  await forEachCommitted(log, partition, (record) => {
    const { bytes, valueStart, valueLength, timestampMs } = record;
    const text = valueLength < 0 ? undefined : rowText(bytes, valueStart, { length: valueLength, timestampMs });
    rows.push({ offset: record.offset, keyText: keyTextOf(record), text });
  });
  return rows;
}

/** Value bytes (as latin1, so that JSON stays readable) and timestamp in one word. */
export function rowText(
  bytes: Buffer,
  start: number,
  of: { readonly length: number; readonly timestampMs: number },
): string {
  return `${bytes.latin1Slice(start, start + of.length)} at ${of.timestampMs}`;
}

/** The fold of a changelog, up to ever higher offsets. */
export class ChangelogFold {
  private readonly rows: readonly ChangelogRow[];
  private readonly current = new Map<string, string>();
  private index = 0;

  constructor(rows: readonly ChangelogRow[]) {
    this.rows = rows;
  }

  /** The fold of everything below `next`, which must not go back. Read it before the next call. */
  upTo(next: number): Rows {
    for (; (this.rows[this.index]?.offset ?? Number.POSITIVE_INFINITY) < next; this.index++) {
      const { keyText, text } = this.rows[this.index] as ChangelogRow;
      if (text === undefined) this.current.delete(keyText);
      else this.current.set(keyText, text);
    }
    return this.current;
  }
}

const WINDOW_SUFFIX_LENGTH = 12;

/** The window start in a window store's changelog key: 8 bytes before the 4 of the sequence number. */
export function windowStartOf(keyText: string): number {
  return Number(Buffer.from(keyText.slice(-WINDOW_SUFFIX_LENGTH, -4), "latin1").readBigInt64BE());
}

/** The record key in a window store's changelog key. */
export function windowKeyOf(keyText: string): string {
  return keyText.slice(0, -WINDOW_SUFFIX_LENGTH);
}

/** Without the windows that have expired: Kafka Streams keeps those that start after stream time − retention. */
export function unexpired(rows: Rows, retentionMs: number | undefined): Rows {
  if (retentionMs === undefined) return rows;
  let storeTimeMs = -1;
  for (const key of rows.keys()) storeTimeMs = Math.max(storeTimeMs, windowStartOf(key));
  return new Map([...rows].filter(([key]) => windowStartOf(key) > storeTimeMs - retentionMs));
}

/** How two sets of rows differ: one sentence per row. */
export function* rowDifferences(held: Rows, expected: Rows): IterableIterator<string> {
  for (const [key, text] of expected)
    if (held.get(key) !== text) yield `${printable(key)} is ${held.get(key) ?? "absent"}, expected ${text}`;
  for (const [key, text] of held) if (!expected.has(key)) yield `${printable(key)} is ${text}, expected none`;
}

/** A key for a person: text, with its window where it has one. */
function printable(key: string): string {
  return /^[\x20-\x7e]*$/.test(key) ? key : `${windowKeyOf(key)}@${windowStartOf(key)}`;
}
