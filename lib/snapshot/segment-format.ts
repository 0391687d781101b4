/**
 * Numbers of the segment format, version 1; docs/formats/snapshot.md describes it.
 *
 * `header | block* | index | trailer`, integers big-endian, varints as in `varints.ts`.
 */

/** First bytes of a segment and last but four of it. */
export const SEGMENT_MAGIC = "MRSG";
/** Version in header and trailer. A change of the layout needs a new one. */
export const SEGMENT_VERSION = 1;
/** `MRSG`, version, three zero bytes. */
export const SEGMENT_HEADER_BYTES = 8;
/** Index length (int32), CRC-32 of the index, `MRSG`, version, three zero bytes. */
export const SEGMENT_TRAILER_BYTES = 16;
/** A block is closed when its rows reach this size before compression. */
export const BLOCK_BYTES = 32 * 1024;

/** How the bytes of a block are stored. */
export const blockCodecs = { none: 0, deflateRaw: 1 } as const;

/** One block as the index tells. */
export interface BlockInfo {
  /** From the segment's first byte. */
  readonly offset: number;
  readonly storedLength: number;
  readonly rawLength: number;
  readonly rows: number;
  readonly codec: number;
  /** CRC-32 of the stored bytes. */
  readonly crc: number;
  /** latin1 text. */
  readonly firstKey: string;
}

/** The index of a segment. */
export interface SegmentIndex {
  readonly rows: number;
  readonly tombstones: number;
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
  /** latin1 text; empty for an empty segment. */
  readonly maxKey: string;
  readonly blocks: readonly BlockInfo[];
}
