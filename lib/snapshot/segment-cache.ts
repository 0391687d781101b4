import type { ObjectStore } from "../ports/object-store.ts";
import { readTwice } from "./load.ts";
import { SortedRows } from "./rows.ts";
import { loadSegments, readRows } from "./segment-source.ts";
import type { SegmentRef } from "./types.ts";

/**
 * Decoded segments by object and offset. Objects are immutable, so nothing is ever out of date; the least recently used go
 * first when there are too many bytes.
 */
export class SegmentCache {
  private readonly maxBytes: number;
  /** In order of last use. */
  private readonly entries = new Map<string, { rows: Promise<SortedRows>; bytes: number }>();
  private bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes of the decoded rows. */
  get sizeBytes(): number {
    return this.bytes;
  }

  /** The rows of a segment; concurrent callers share one read, a failed one is forgotten. */
  async rows(objects: ObjectStore, ref: SegmentRef): Promise<SortedRows> {
    const key = `${ref.path}@${ref.offset}`;
    const known = this.entries.get(key);
    if (known !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.rows;
    }
    const entry = { rows: decode(objects, ref), bytes: 0 };
    this.entries.set(key, entry);
    try {
      const rows = await entry.rows;
      if (this.entries.get(key) === entry) {
        entry.bytes = rows.sizeBytes;
        this.bytes += entry.bytes;
        this.evict(key);
      }
      return rows;
    } catch (error) {
      this.entries.delete(key);
      throw error;
    }
  }

  private evict(newest: string): void {
    for (const [key, { bytes }] of this.entries) {
      if (this.bytes <= this.maxBytes) return;
      if (key === newest || bytes === 0) continue;
      this.entries.delete(key);
      this.bytes -= bytes;
    }
  }
}

async function decode(objects: ObjectStore, ref: SegmentRef): Promise<SortedRows> {
  return readTwice(ref.path, async () => {
    const rows = new SortedRows();
    for await (const segment of loadSegments(objects, [{ ref, owner: rows }])) {
      await readRows(objects, segment, { sink: rows, yieldNow: async () => {} });
    }
    return rows;
  });
}
