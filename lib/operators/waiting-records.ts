import type { JoinSideValue } from "../serde/join-side.ts";
import { JOIN_SIDE_PREFIX_BYTES } from "../serde/join-side.ts";
import { int64FromText, int64Text } from "../state/int64-text.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { OperatorClock, OperatorContext } from "../topology/operator.ts";
import type { JoinWindowShape } from "./join-side.ts";

const LEFT = "\u0001";
const RIGHT = "\0";
/** No record waits: larger than every timestamp, and a number that JSON can write. */
const NOBODY = Number.MAX_SAFE_INTEGER;

/** Records that have waited long enough, all of one key, side and timestamp. */
export interface DueRecords {
  readonly changelogKey: string;
  readonly keyText: string;
  readonly timestampMs: number;
  readonly values: readonly JoinSideValue[];
}

/**
 * Records of the outer sides of a join that have no match yet. Both sides share the store and the clocks.
 *
 * Stream time is the largest timestamp that either side has seen. `earliest` is a lower limit for when it is worth while to
 * look for due records; it may be too high, which delays them, exactly as in Kafka Streams.
 *
 * @source Kafka Streams `KStreamKStreamJoin.emitNonJoinedOuterRecords`
 */
export class WaitingRecords {
  private readonly store: KeyValueStore;
  private readonly streamTime: OperatorClock;
  private readonly earliest: OperatorClock;
  private readonly windows: JoinWindowShape;

  constructor(context: Pick<OperatorContext, "store" | "clock">, store: string, windows: JoinWindowShape) {
    this.store = context.store<KeyValueStore>(store);
    this.streamTime = context.clock("stream-time", -1);
    this.earliest = context.clock("earliest-waiting", NOBODY);
    this.windows = windows;
  }

  get streamTimeMs(): number {
    return this.streamTime.value;
  }

  /** Moves stream time on. @returns whether the record is not out of order */
  advance(timestampMs: number): boolean {
    if (timestampMs >= this.streamTime.value) this.streamTime.value = timestampMs;
    return timestampMs === this.streamTime.value;
  }

  /** How long after its timestamp a record of a side can find a match, without grace. */
  reachMs(left: boolean): number {
    return left ? this.windows.afterMs : this.windows.beforeMs;
  }

  /** Lets a record wait. */
  add(keyText: string, timestampMs: number, record: JoinSideValue): void {
    if (timestampMs < this.earliest.value) this.earliest.value = timestampMs;
    const key = waitingKey(keyText, timestampMs, record.left);
    const before = this.store.get(key)?.value as readonly JoinSideValue[] | undefined;
    this.store.put(key, before === undefined ? [record] : [...before, record], timestampMs);
  }

  /** Takes out what waits under a key, side and timestamp: it has a match. */
  forget(keyText: string, timestampMs: number, { left, atMs }: { left: boolean; atMs: number }): void {
    const key = waitingKey(keyText, timestampMs, left);
    if (this.store.get(key) !== undefined) this.store.put(key, null, atMs);
  }

  /**
   * The records that are due, by timestamp, side and key. They stay in the store until `remove`.
   *
   * @param left The side of the record that asks.
   */
  due(left: boolean): readonly DueRecords[] {
    const { streamTime, earliest, windows } = this;
    const isOpen = (timestampMs: number, side: boolean): boolean =>
      timestampMs + this.reachMs(side) + windows.graceMs >= streamTime.value;
    if (isOpen(earliest.value, left)) return [];
    earliest.value = NOBODY;
    const found: DueRecords[] = [];
    const open = { left: false, right: false };
    for (const [changelogKey, row] of this.store.range(undefined, undefined)) {
      const timestampMs = int64FromText(changelogKey, 0);
      const side = changelogKey[JOIN_SIDE_PREFIX_BYTES - 1] === LEFT;
      earliest.value = timestampMs;
      if (open.left && open.right) break;
      const values = row.value as readonly JoinSideValue[];
      if (isOpen(timestampMs, side)) {
        open[side ? "left" : "right"] = true;
        // Kafka Streams visits the records of a row one by one: the second one ends it.
        if (open.left && open.right && values.length > 1) break;
      } else {
        const keyText = changelogKey.slice(JOIN_SIDE_PREFIX_BYTES);
        found.push({ changelogKey, keyText, timestampMs, values });
      }
    }
    return found;
  }

  remove({ changelogKey }: DueRecords, atMs: number): void {
    this.store.put(changelogKey, null, atMs);
  }
}

function waitingKey(keyText: string, timestampMs: number, left: boolean): string {
  return int64Text(timestampMs) + (left ? LEFT : RIGHT) + keyText;
}
