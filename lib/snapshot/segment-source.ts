import type { ObjectStore } from "../ports/object-store.ts";
import type { RowSink } from "../state/store.ts";
import { readPart, readTwice } from "./load.ts";
import { isCorrupt } from "./manifest.ts";
import { parseSnapshotPath } from "./paths.ts";
import type { BlockInfo, SegmentIndex } from "./segment-format.ts";
import { openBlock, readBlock, readSegmentIndex } from "./segment-reader.ts";
import type { SegmentRef } from "./types.ts";

/** Segments that lie side by side are read together up to this size; larger ones in parts of it. */
const READ_BYTES = 8 * 1024 * 1024;
/** Requests under way at once: one connection alone does not fill the line. */
const READS_AT_ONCE = 4;

/** Rows that are handed on between two yields: a few milliseconds. */
const YIELD_BYTES = 256 * 1024;

/** A segment and whatever the caller wants back with it. */
export interface WantedSegment<Owner> {
  readonly ref: SegmentRef;
  readonly owner: Owner;
}

/** A segment in memory. */
export interface LoadedSegment<Owner> extends WantedSegment<Owner> {
  readonly bytes: Buffer;
}

/** Segments of one object that are read with one request, or one segment that needs several. */
interface Read<Owner> {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly segments: readonly WantedSegment<Owner>[];
}

/**
 * Loads segments in the order of the objects' versions, oldest first, so that each owner gets its own oldest first; the next
 * ones are read ahead.
 */
export async function* loadSegments<Owner>(
  objects: ObjectStore,
  wanted: readonly WantedSegment<Owner>[],
): AsyncGenerator<LoadedSegment<Owner>> {
  const reads = planReads(inObjectOrder(wanted));
  const ahead: { read: Read<Owner>; bytes: Promise<Buffer> }[] = [];
  let next = 0;
  const fill = () => {
    while (ahead.length < READS_AT_ONCE && next < reads.length) {
      const read = reads[next++] as Read<Owner>;
      const bytes = readAll(objects, read);
      bytes.catch(() => {}); // its turn reports it; a failure before that must not end the process
      ahead.push({ read, bytes });
    }
  };
  for (fill(); ahead.length > 0; fill()) {
    const { read, bytes } = ahead.shift() as (typeof ahead)[number];
    const whole = await bytes;
    for (const { ref, owner } of read.segments) {
      const at = ref.offset - read.start;
      yield { ref, owner, bytes: whole.subarray(at, at + ref.length) };
    }
  }
}

/**
 * Hands every row of a loaded segment to `sink`; a damaged block is read once more.
 *
 * @throws {StreamError} `CORRUPT_SNAPSHOT`, `SCHEMA_UNKNOWN`
 */
export async function readRows(
  objects: ObjectStore,
  { ref, bytes }: { ref: SegmentRef; bytes: Buffer },
  into: { sink: RowSink; yieldNow: () => Promise<void> },
): Promise<void> {
  const index = await loadedIndex(objects, ref, bytes);
  let sinceYield = 0;
  for (const block of index.blocks) {
    readBlock(await loadedBlock(objects, { ref, bytes, block }), block, into.sink);
    sinceYield += block.rawLength;
    if (sinceYield < YIELD_BYTES) continue;
    sinceYield = 0;
    await into.yieldNow();
  }
}

async function loadedIndex(objects: ObjectStore, ref: SegmentRef, bytes: Buffer): Promise<SegmentIndex> {
  try {
    return readSegmentIndex(bytes);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const range = { start: ref.offset + ref.length - ref.indexLength, length: ref.indexLength };
    return readTwice(ref.path, async () => readSegmentIndex(await readPart(objects, ref.path, range)));
  }
}

async function loadedBlock(
  objects: ObjectStore,
  { ref, bytes, block }: { ref: SegmentRef; bytes: Buffer; block: BlockInfo },
): Promise<Buffer> {
  try {
    return openBlock(bytes.subarray(block.offset, block.offset + block.storedLength), block);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const range = { start: ref.offset + block.offset, length: block.storedLength };
    return readTwice(ref.path, async () => openBlock(await readPart(objects, ref.path, range), block));
  }
}

function inObjectOrder<Owner>(wanted: readonly WantedSegment<Owner>[]): readonly WantedSegment<Owner>[] {
  const version = ({ ref }: WantedSegment<Owner>) => parseSnapshotPath(ref.path)?.version ?? 0;
  const sorted = [...wanted].sort((a, b) => version(a) - version(b) || a.ref.offset - b.ref.offset);
  // The manifest's order is the law; version order only saves requests. They differ when objects of several pins are mixed.
  const sequence = (list: readonly WantedSegment<Owner>[], owner: Owner) =>
    list.filter((one) => one.owner === owner).map(({ ref }) => ref);
  const owners = new Set(wanted.map(({ owner }) => owner));
  for (const owner of owners) {
    const [want, got] = [sequence(wanted, owner), sequence(sorted, owner)];
    if (want.some((ref, i) => ref !== got[i])) return wanted;
  }
  return sorted;
}

function planReads<Owner>(wanted: readonly WantedSegment<Owner>[]): Read<Owner>[] {
  const reads: (Read<Owner> & { end: number; segments: WantedSegment<Owner>[] })[] = [];
  for (const one of wanted) {
    const { path, offset, length } = one.ref;
    const last = reads.at(-1);
    if (last?.path === path && last.end === offset && offset + length - last.start <= READ_BYTES) {
      last.end = offset + length;
      last.segments.push(one);
    } else reads.push({ path, start: offset, end: offset + length, segments: [one] });
  }
  return reads;
}

async function readAll(objects: ObjectStore, { path, start, end }: Read<unknown>): Promise<Buffer> {
  if (end - start <= READ_BYTES) return readPart(objects, path, { start, length: end - start });
  const whole = Buffer.allocUnsafeSlow(end - start);
  let next = start;
  const reader = async () => {
    while (next < end) {
      const from = next;
      next = Math.min(end, from + READ_BYTES);
      (await readPart(objects, path, { start: from, length: next - from })).copy(whole, from - start);
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, reader));
  return whole;
}
