import type { TaskChangelog } from "../application/plan.ts";
import { StreamError } from "../core/errors.ts";
import type { FetchedPartition, Log } from "../ports/log.ts";
import type { RowSink } from "../state/store.ts";

const REPLAY_BYTES = 8 << 20;

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
 * @throws {StreamError} `CHANGELOG_GAP` when the log starts above `from`, `CHANGELOG_TRUNCATED` when it ends below `to`
 */
export async function replayChangelogs(log: Log, ranges: readonly ReplayRange[]): Promise<number> {
  const open = new Map(
    ranges.filter((range) => range.from < range.to).map((range) => [range.changelog.key, { range, next: range.from }]),
  );
  if (open.size === 0) return 0;
  await checkEnds(
    log,
    [...open.values()].map(({ range }) => range),
  );
  let rows = 0;
  while (open.size > 0) {
    const positions = new Map([...open].map(([key, { next }]) => [key, next]));
    const answers = await log.fetch({
      positions,
      maxWaitMs: 100,
      maxBytes: REPLAY_BYTES,
      maxPartitionBytes: REPLAY_BYTES,
    });
    for (const [key, answer] of answers) {
      const entry = open.get(key);
      if (entry === undefined) continue;
      rows += applyAnswer(entry.range, answer);
      if (answer.kind === "records") entry.next = answer.next;
      if (entry.next >= entry.range.to) open.delete(key);
    }
  }
  return rows;
}

function applyAnswer(range: ReplayRange, answer: FetchedPartition): number {
  const { changelog, store, to } = range;
  if (answer.kind === "error") {
    if (answer.error.kafkaError === "OFFSET_OUT_OF_RANGE") throw gap(range, -1);
    return 0; // a leader that moves: the adapter refreshes, we ask again
  }
  const { records } = answer;
  let rows = 0;
  while (records.advance()) {
    if (records.offset >= to) break;
    if (records.keyLength < 0) {
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
  const [starts, ends] = [await log.offsets(partitions, "earliest"), await log.offsets(partitions, "hw")];
  for (const range of ranges) {
    const start = starts.get(range.changelog.key) ?? 0;
    const end = ends.get(range.changelog.key) ?? 0;
    if (start > range.from) throw gap(range, start);
    if (end < range.to) {
      throw new StreamError(
        "CHANGELOG_TRUNCATED",
        `changelog ${range.changelog.topic}-${range.changelog.partition} ends at ${end}, the position says ${range.to}: acknowledged records are gone (unclean leader election?); restore the topic or run "millrace reset"`,
        { details: { topic: range.changelog.topic, partition: range.changelog.partition, end, expected: range.to } },
      );
    }
  }
}

function gap(range: ReplayRange, start: number): StreamError {
  const { topic, partition } = range.changelog;
  return new StreamError(
    "CHANGELOG_GAP",
    `changelog ${topic}-${partition} starts at ${start < 0 ? "a later offset" : start}, the snapshot covers only up to ${range.from}: records in between were deleted; check retention of the topic, or run "millrace reset"`,
    { details: { topic, partition, start, from: range.from } },
  );
}

/**
 * Asserts that no committed record lies beyond the ends in a position: one writer, so nothing can (I5).
 *
 * @throws {StreamError} `CHANGELOG_BEYOND_POSITION`
 */
export async function assertNothingBeyond(
  log: Log,
  ends: readonly { changelog: TaskChangelog; end: number }[],
): Promise<void> {
  if (ends.length === 0) return;
  const stable = await log.offsets(
    ends.map(({ changelog }) => changelog),
    "lso",
  );
  for (const { changelog, end } of ends) {
    for (let next = end; next < (stable.get(changelog.key) ?? 0); ) {
      const answer = (
        await log.fetch({
          positions: new Map([[changelog.key, next]]),
          maxWaitMs: 0,
          maxBytes: REPLAY_BYTES,
          maxPartitionBytes: REPLAY_BYTES,
        })
      ).get(changelog.key);
      if (answer === undefined || answer.kind === "error")
        throw new StreamError("LOG_UNAVAILABLE", `cannot read ${changelog.topic}-${changelog.partition}`, {
          cause: answer?.error,
        });
      if (answer.records.advance()) {
        throw new StreamError(
          "CHANGELOG_BEYOND_POSITION",
          `changelog ${changelog.topic}-${changelog.partition} has a committed record at ${answer.records.offset}, beyond the end ${end} in the newest position: another program writes into it`,
          { details: { topic: changelog.topic, partition: changelog.partition, offset: answer.records.offset, end } },
        );
      }
      if (answer.next <= next) break;
      next = answer.next;
    }
  }
}
