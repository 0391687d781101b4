import { type KeySource, OrderedKeys } from "./ordered-keys.ts";

/** What a bucket asks its `Rows`. */
interface RowKeys {
  keysOf(bucket: RowBucket): Iterable<string>;
  knows(bucket: RowBucket, keyText: string): boolean;
}

/** Rows that live and expire together: one window start of a window store, or everything in a key-value store. */
export class RowBucket implements KeySource {
  /** Number of this bucket in its `Rows`. */
  readonly id: number;
  /** Appended to every key in the changelog. */
  readonly keySuffix: string;
  /** Window start, or the last time of its rows; 0 in a key-value store. */
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
  private readonly rows: RowKeys;
  private ordered: OrderedKeys | undefined;

  /** Expired: nothing in it counts any more. */
  get dropped(): boolean {
    return this.droppedIn !== Number.POSITIVE_INFINITY;
  }

  /** Keys of the rows in byte order. Made when first asked for: most windows never are. */
  get order(): OrderedKeys {
    this.ordered ??= new OrderedKeys(this);
    return this.ordered;
  }

  constructor(place: Pick<RowBucket, "id" | "firstSlot" | "keySuffix" | "startMs">, rows: RowKeys) {
    this.id = place.id;
    this.firstSlot = place.firstSlot;
    this.keySuffix = place.keySuffix;
    this.startMs = place.startMs;
    this.rows = rows;
  }

  keys(): Iterable<string> {
    return this.rows.keysOf(this);
  }

  has(keyText: string): boolean {
    return this.rows.knows(this, keyText);
  }

  /** Must be told of every key that is added. */
  added(keyText: string): void {
    this.ordered?.add(keyText);
  }
}
