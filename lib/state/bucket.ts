import type { OrderedKeys } from "./ordered-keys.ts";

/** Rows that live and expire together: one window start of a window store, or everything in a key-value store. */
export class RowBucket {
  /** Number of this bucket in its `Rows`. */
  readonly id: number;
  /** Keys of the rows in byte order. */
  readonly order: OrderedKeys;
  /** Appended to every key in the changelog. */
  readonly keySuffix: string;
  /** Window start; 0 in a key-value store. */
  readonly startMs: number;
  /** Slot of the row that was added last, or `NO_ROW`; the others follow by `Rows.next`. */
  firstSlot: number;
  /** Rows in any layer. */
  size = 0;
  /** Committed rows and the bytes of their changelog keys and values. */
  rowCount = 0;
  sizeBytes = 0;
  /** Rows changed in the store's freeze `changedIn`. */
  changedCount = 0;
  changedIn = -1;
  /** The store's freeze count when this bucket expired: views frozen before still show it. */
  droppedIn = Number.POSITIVE_INFINITY;

  /** Expired: nothing in it counts any more. */
  get dropped(): boolean {
    return this.droppedIn !== Number.POSITIVE_INFINITY;
  }

  constructor(place: Pick<RowBucket, "id" | "firstSlot" | "keySuffix" | "startMs">, order: OrderedKeys) {
    this.id = place.id;
    this.firstSlot = place.firstSlot;
    this.keySuffix = place.keySuffix;
    this.startMs = place.startMs;
    this.order = order;
  }
}
