import type { Entry } from "./entry.ts";
import { OrderedKeys } from "./ordered-keys.ts";

/** Rows that live and expire together: one window start of a window store, or everything in a key-value store. */
export class RowBucket {
  readonly rows = new Map<string, Entry>();
  readonly order = new OrderedKeys(this.rows);
  /** Appended to every key in the changelog. */
  readonly keySuffix: string;
  /** Window start; 0 in a key-value store. */
  readonly startMs: number;
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

  constructor(keySuffix: string, startMs: number) {
    this.keySuffix = keySuffix;
    this.startMs = startMs;
  }
}
