import { ByteSink } from "../core/byte-sink.ts";
import type { Header } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";
import { RecordGroup } from "../state/record-group.ts";
import type { KeyValueStore } from "../state/store.ts";
import { TimeHeap } from "../state/time-heap.ts";
import { Cursor } from "../topology/cursor.ts";
import type { Operator, OperatorContext } from "../topology/operator.ts";
import type { Cancellable } from "../topology/punctuation.ts";
import type { KeyedStore } from "./keyed-store.ts";

/** What `groupedWithin` needs. */
export interface GroupedWithinProps extends Omit<KeyedStore, "sourceKeyed"> {
  /** Records at most in a group. */
  readonly max: number;
  /** How long after its first record a group goes on, by the wall clock. */
  readonly withinMs: number;
  /** Which records make up a group. */
  readonly per: "key" | "partition";
}

const NO_HEADERS: readonly Header[] = [];
/** The key of the only group of a partition. */
const WHOLE_PARTITION = "";
/** Groups that one call of the timer lets go: the next call follows at once. */
const GROUPS_PER_CALL = 1_000;

/**
 * Collects records into groups: one goes on when it has `max` records, or `withinMs` after its first one, with the largest
 * timestamp of its records and no headers. A group per key is the list of values; one per partition is the list of keys and
 * values, and has the key of its first record. Groups are logged: every record is in exactly one, whatever is restarted.
 *
 * @example
 * groupedWithin({ store: "waiting", keySerde: string(), max: 100, withinMs: 200, per: "key" });
 */
export function groupedWithin(props: GroupedWithinProps): Operator {
  return Object.freeze<Operator>({
    kind: "grouped-within",
    create: (context) => {
      const groups = new Groups(context, props);
      context.lifecycle({ start: () => groups.start(), close: () => undefined });
      return (cursor) => groups.take(cursor);
    },
  });
}

class Groups {
  private readonly context: OperatorContext;
  private readonly props: GroupedWithinProps;
  private readonly rows: KeyValueStore;
  /** Groups by the time at which they are over; those that went on earlier are passed over. */
  private readonly order = new TimeHeap();
  private timer: Cancellable | undefined;
  private readonly scratch = new ByteSink(64);
  /** For groups that no record lets go. */
  private readonly cursor = new Cursor();

  constructor(context: OperatorContext, props: GroupedWithinProps) {
    this.context = context;
    this.props = props;
    this.rows = context.store<KeyValueStore>(props.store);
  }

  /** What waits was restored, or rolled back. */
  start(): void {
    this.order.refill(this.dueTimes());
    this.timer = undefined;
    this.rest();
  }

  take(cursor: Cursor): void {
    const { max, per, keySerde } = this.props;
    const perKey = per === "key";
    if (perKey && cursor.keyIsNull) {
      this.context.dropped("null-key");
      return;
    }
    const keyText = cursor.keyIsNull ? null : cursor.keyText(keySerde, this.scratch);
    const groupKey = perKey ? (keyText as string) : WHOLE_PARTITION;
    const group = (this.rows.get(groupKey)?.value as RecordGroup | undefined) ?? this.begin(groupKey);
    group.add(cursor.value, cursor.timestampMs, perKey ? undefined : keyText);
    if (group.values.length >= max) this.forward(cursor, groupKey, group);
    else this.rows.put(groupKey, group, group.timestampMs);
    if (this.timer === undefined) this.rest();
  }

  private begin(groupKey: string): RecordGroup {
    const group = new RecordGroup(this.context.task.nowMs() + this.props.withinMs);
    // Groups that were full leave theirs behind.
    if (this.order.isCrowded) this.order.refill(this.dueTimes());
    this.order.add(groupKey, group.dueMs);
    return group;
  }

  private *dueTimes(): IterableIterator<readonly [string, number]> {
    for (const [keyText, { value }] of this.rows.range(undefined, undefined)) {
      yield [keyText, (value as RecordGroup).dueMs];
    }
  }

  /** Sets the timer for the next group that is over. */
  private rest(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.dropStale();
    if (this.order.size === 0) return;
    const interval = Math.max(1, this.order.firstMs - this.context.task.nowMs());
    this.timer = this.context.schedule({ interval, type: "wallClockTime", name: "within" }, (nowMs) => this.due(nowMs));
  }

  private due(nowMs: number): void {
    for (let left = GROUPS_PER_CALL; left > 0 && this.order.firstMs <= nowMs; left--) {
      const group = this.waiting();
      const keyText = this.order.take();
      if (group !== undefined) this.forward(this.cursor, keyText, group);
    }
    this.rest();
  }

  private dropStale(): void {
    while (this.order.size > 0 && this.waiting() === undefined) this.order.take();
  }

  /** The first group of the order, unless it has gone on and perhaps another one of its key has begun. */
  private waiting(): RecordGroup | undefined {
    const group = this.rows.get(this.order.firstKey)?.value as RecordGroup | undefined;
    return group?.dueMs === this.order.firstMs ? group : undefined;
  }

  private forward(cursor: Cursor, groupKey: string, { keys, values, timestampMs }: RecordGroup): void {
    const { per, keySerde } = this.props;
    this.rows.put(groupKey, null, timestampMs);
    const decoded = keys.map((keyText) => read(keySerde, keyText));
    cursor.setKey(per === "key" ? read(keySerde, groupKey) : decoded[0]);
    cursor.setValue(per === "key" ? values : values.map((value, index) => [decoded[index], value]));
    cursor.setHeaders(NO_HEADERS);
    cursor.timestampMs = timestampMs;
    this.context.next(cursor);
  }
}

function read(serde: Serde<unknown>, keyText: string | null): unknown {
  if (keyText === null) return null;
  const bytes = Buffer.from(keyText, "latin1");
  return serde.read(bytes, 0, bytes.length);
}
