import type { TaskChangelog } from "../application/plan.ts";
import { StreamError } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { FetchedPartition, Log } from "../ports/log.ts";
import type { RowSink } from "../state/store.ts";
import { fetchFailure } from "./pin-failure.ts";
import { readableRows } from "./source-changelog.ts";

const REPLAY_BYTES = 8 << 20;
/** Fetches in a row that bring no partition on; each waits up to `WAIT_MS`. */
const FRUITLESS_MAX = 100;
const WAIT_MS = 100;

/** A range of one changelog partition and where its rows go. */
export interface ReplayRange {
  readonly changelog: TaskChangelog;
  /** First offset to apply. */
  readonly from: number;
  /** End offset in the position: the fold stops exactly here. */
  readonly to: number;
  readonly store: RowSink;
}

/**
 * Applies the committed changelog `[from, to)` of several partitions, by position: a compacted-away or aborted record is
 * no reason to wait.
 *
 * @returns how many rows were applied
 * @throws {StreamError} `CHANGELOG_GAP` when the log starts above `from`, `CHANGELOG_TRUNCATED` when it ends below `to`,
 *   `LOG_UNAVAILABLE` when it cannot be read on
 */
export async function replayChangelogs(log: Log, ranges: readonly ReplayRange[]): Promise<number> {
  const wanted = ranges.filter((range) => range.from < range.to);
  if (wanted.length === 0) return 0;
  await checkEnds(log, wanted);
  const byKey = new Map(wanted.map((range) => [range.changelog.key, range]));
  let rows = 0;
  await readRanges(log, wanted, (key, answer) => {
    rows += apply(byKey.get(key) as ReplayRange, answer);
  });
  return rows;
}

/**
 * Asserts that no committed record lies beyond the ends in a position: one writer, so nothing can (I5).
 *
 * @param ends In a position, and of the log: its last stable offset.
 * @throws {StreamError} `CHANGELOG_BEYOND_POSITION`, `LOG_UNAVAILABLE`
 */
export async function assertNothingBeyond(
  log: Log,
  ends: readonly { readonly changelog: TaskChangelog; readonly end: number; readonly logEnd: number }[],
): Promise<void> {
  const ranges = ends
    .map(({ changelog, end, logEnd }) => ({ changelog, from: end, to: logEnd }))
    .filter(({ from, to }) => from < to);
  await readRanges(log, ranges, (key, { records }) => {
    const { changelog, from: end } = ranges.find((range) => range.changelog.key === key) as (typeof ranges)[number];
    if (!records.advance()) return;
    const { topic, partition } = changelog;
    const { offset } = records;
    throw new StreamError(
      "CHANGELOG_BEYOND_POSITION",
      `changelog ${topic}-${partition} has a committed record at ${offset}, beyond the end ${end} in the newest position: another program writes into it`,
      { details: { topic, partition, offset, end } },
    );
  });
}

type Records = Extract<FetchedPartition, { kind: "records" }>;

/** Reads several ranges with one fetch for all of them at a time. */
async function readRanges(
  log: Log,
  ranges: readonly Omit<ReplayRange, "store">[],
  take: (key: PartitionKey, answer: Records) => void,
): Promise<void> {
  const open = new Map(ranges.map(({ changelog, from, to }) => [changelog.key, { changelog, next: from, to }]));
  for (let fruitless = 0; open.size > 0; ) {
    if (fruitless++ > FRUITLESS_MAX) throw standstill([...open.keys()]);
    const positions = new Map([...open].map(([key, { next }]) => [key, next]));
    const limits = { maxWaitMs: WAIT_MS, maxBytes: REPLAY_BYTES, maxPartitionBytes: REPLAY_BYTES };
    for (const [key, answer] of await log.fetch({ positions, ...limits })) {
      const range = open.get(key);
      if (range === undefined) continue;
      if (answer.kind === "error") throw unreadable(range, answer);
      take(key, answer);
      if (answer.next > range.next) fruitless = 0;
      range.next = answer.next;
      if (range.next >= range.to) open.delete(key);
    }
  }
}

function apply({ changelog, store: into, to }: ReplayRange, { records }: Records): number {
  const store = changelog.isSource ? readableRows(changelog.store, into) : into;
  let rows = 0;
  while (records.advance()) {
    if (records.offset >= to) break;
    if (records.keyLength < 0) {
      if (changelog.isSource) continue;
      throw new StreamError(
        "INVARIANT_BROKEN",
        `${changelog.topic}-${changelog.partition}@${records.offset} has no key: a foreign record is in the changelog`,
      );
    }
    const keyText = records.bytes.latin1Slice(records.keyStart, records.keyStart + records.keyLength);
    store.row(keyText, records.bytes, records.valueStart, records.valueLength, records.timestampMs);
    rows++;
  }
  return rows;
}

async function checkEnds(log: Log, ranges: readonly ReplayRange[]): Promise<void> {
  const partitions = ranges.map((range) => range.changelog);
  const [starts, ends] = await Promise.all([log.offsets(partitions, "earliest"), log.offsets(partitions, "hw")]);
  for (const range of ranges) {
    const start = starts.get(range.changelog.key) ?? 0;
    const end = ends.get(range.changelog.key) ?? 0;
    if (start > range.from) throw gap(range.changelog, { from: range.from, start });
    if (end < range.to) throw truncated(range, end);
  }
}

function gap({ topic, partition }: TaskChangelog, { from, start }: { from: number; start?: number }): StreamError {
  return new StreamError(
    "CHANGELOG_GAP",
    `changelog ${topic}-${partition} starts at ${start ?? "a later offset"}, the state covers only up to ${from}: records in between were deleted; check retention of the topic, or run "millrace reset"`,
    { details: { topic, partition, from, start: start ?? null } },
  );
}

function truncated(range: ReplayRange, end: number): StreamError {
  const { topic, partition } = range.changelog;
  return new StreamError(
    "CHANGELOG_TRUNCATED",
    `changelog ${topic}-${partition} ends at ${end}, the position says ${range.to}: acknowledged records are gone (unclean leader election?); restore the topic or run "millrace reset"`,
    { details: { topic, partition, end, expected: range.to } },
  );
}

/** The adapter was patient already: what it tells is either for a person, or a reason to start over later. */
function unreadable(
  { changelog, next }: { changelog: TaskChangelog; next: number },
  answer: Extract<FetchedPartition, { kind: "error" }>,
): StreamError {
  if (answer.error.kafkaError === "OFFSET_OUT_OF_RANGE") return gap(changelog, { from: next });
  const typed = fetchFailure(changelog.key, next, answer);
  if (typed !== undefined) return typed;
  const { topic, partition } = changelog;
  return new StreamError("LOG_UNAVAILABLE", `cannot read ${topic}-${partition} at ${next}: ${answer.error.message}`, {
    details: { topic, partition, offset: next },
    cause: answer.error,
  });
}

function standstill(keys: readonly PartitionKey[]): StreamError {
  return new StreamError(
    "LOG_UNAVAILABLE",
    `no answer brings ${keys.join(", ")} on: is a transaction left open there?`,
    {
      details: { partitions: keys },
    },
  );
}
