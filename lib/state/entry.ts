import type { RowBucket } from "./bucket.ts";
import type { Slab } from "./slabs.ts";
import type { StoreRow } from "./store.ts";

/** `generation` of an entry whose value must be decoded from its committed bytes before use. */
export const NOT_DECODED = -1;

/**
 * One key of a store: the newest value, decoded, and the committed value as bytes. Mutable, so an update allocates nothing.
 *
 * Rows of the layer that waits for its acknowledgement are not here but in `SealedLayer`.
 */
export class Entry implements StoreRow {
  /** Newest value over all layers, valid when `present` and `generation` is the store's. */
  value: unknown = null;
  timestampMs = 0;
  present = false;
  /** The store's generation when `value` was put or decoded: a drop starts a new one, see `RowLayers.drop`. */
  generation = NOT_DECODED;
  /** In the open layer's dirty list. */
  open = false;
  /** In the layer that waits for its acknowledgement. */
  sealed = false;
  /** The store's freeze count when this entry was put in the list of changed rows. */
  changedIn = -1;
  /** Committed bytes: `slab.bytes[start, start + length)`; length -1 is absent. */
  slab: Slab;
  start = 0;
  length = -1;
  committedTimestampMs = 0;
  readonly keyText: string;
  readonly bucket: RowBucket;

  constructor(keyText: string, bucket: RowBucket, slab: Slab) {
    this.keyText = keyText;
    this.bucket = bucket;
    this.slab = slab;
  }
}
