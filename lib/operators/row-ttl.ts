import { ByteSink } from "../core/byte-sink.ts";
import type { Header } from "../records/reader.ts";
import type { KeyValueStore, StoreRow } from "../state/store.ts";
import { TimeHeap } from "../state/time-heap.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator, OperatorClock, OperatorContext, Process } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";

/** How long rows live. */
export interface RowTtlProps extends KeyedStore {
  /** A row is over when stream time has come so far beyond its timestamp. */
  readonly ttlMs: number;
  /** Whether a deletion tells what was deleted. */
  readonly sendsOldValues: boolean;
}

/** Rows that one record may let go, beside that of its own key: no record pays for all of them. */
const EXPIRED_PER_RECORD = 100;

const NO_HEADERS: readonly Header[] = [];

/** The rows of a store by the time at which theirs is over. */
interface RowOrder {
  /**
   * By timestamp: of every row an entry with its own or an earlier one. An update adds none; when the entry's turn comes, it
   * is put back by what the row's timestamp is then.
   */
  readonly heap: TimeHeap;
  /** It does not fit the rows: they were restored or rolled back, or it has too many entries that are of no use. */
  stale: boolean;
}

/** By the stream time that they share: nodes that aggregate into one table let each other's rows go. */
const orders = new WeakMap<OperatorClock, RowOrder>();

function orderOf(streamTime: OperatorClock): RowOrder {
  const order = orders.get(streamTime) ?? { heap: new TimeHeap(), stale: true };
  orders.set(streamTime, order);
  return order;
}

/**
 * A node of a table whose rows end: before a record is processed, its own row goes if its time is over, and then those of other
 * keys, the oldest first. Each is deleted in the store and forwarded as a deletion whose timestamp is the time at which the
 * row's was over. Stream time is that of the records that come to the node, and to others of the same table.
 *
 * What is due follows from the timestamps of the rows, so nothing beside them is stored.
 *
 * @example
 * const kept = { store: "counts", keySerde: string(), sourceKeyed: true };
 * withRowTtl(count(kept), { ...kept, ttlMs: 86_400_000, sendsOldValues: true });
 */
export function withRowTtl(operator: Operator, props: RowTtlProps): Operator {
  return Object.freeze<Operator>({
    ...operator,
    create: (context) => {
      const rows = new EndingRows(context, props);
      const process = operator.create({
        ...context,
        store: (name) => (name === props.store ? rows.noted(context.store(name)) : context.store(name)),
      });
      return (cursor) => {
        rows.expire(cursor);
        process(cursor);
      };
    },
  });
}

/** The rows of a store as one node sees them. */
class EndingRows {
  private readonly props: RowTtlProps;
  private readonly rows: KeyValueStore;
  private readonly next: Process;
  private readonly streamTime: OperatorClock;
  private readonly order: RowOrder;
  private readonly scratch = new ByteSink(64);
  private readonly registers = new CursorRegisters();

  constructor(context: OperatorContext, props: RowTtlProps) {
    this.props = props;
    this.rows = context.store<KeyValueStore>(props.store);
    this.next = context.next;
    this.streamTime = context.clock("ttl-stream-time", -1);
    this.order = orderOf(this.streamTime);
    context.lifecycle({
      start: () => {
        this.order.stale = true;
      },
      close: () => undefined,
    });
  }

  /** The store as the operator sees it: every put is noted. */
  noted<S>(store: S): S {
    const rows = store as KeyValueStore;
    const noted: KeyValueStore = {
      spec: rows.spec,
      get: (keyText) => rows.get(keyText),
      put: (keyText, value, timestampMs) => {
        const beforeMs = rows.get(keyText)?.timestampMs ?? Number.POSITIVE_INFINITY;
        const ends = value === null || value === undefined;
        if (!ends && !this.order.stale && timestampMs < beforeMs) this.note(keyText, timestampMs);
        rows.put(keyText, value, timestampMs);
      },
      range: (from, to) => rows.range(from, to),
      reverseRange: (from, to) => rows.reverseRange(from, to),
    };
    return noted as S;
  }

  /** Lets rows go that are over now. Leaves the cursor as it was. */
  expire(cursor: Cursor): void {
    const { streamTime, rows, props } = this;
    const { heap } = this.order;
    if (cursor.timestampMs > streamTime.value) streamTime.value = cursor.timestampMs;
    const overMs = streamTime.value - props.ttlMs;
    if (this.order.stale) this.refresh();
    if (heap.firstMs > overMs) return;
    const keyText = cursor.keyIsNull ? undefined : cursor.keyText(props.keySerde, this.scratch);
    this.registers.save(cursor);
    const own = keyText === undefined ? undefined : rows.get(keyText);
    if (keyText !== undefined && own !== undefined && own.timestampMs <= overMs) this.forward(cursor, keyText, own);
    for (let left = EXPIRED_PER_RECORD; left > 0 && heap.firstMs <= overMs; ) {
      const atMs = heap.firstMs;
      const oldest = heap.take();
      const row = rows.get(oldest);
      if (row === undefined || row.timestampMs < atMs) continue;
      if (row.timestampMs > atMs) heap.add(oldest, row.timestampMs);
      else {
        left--;
        this.forward(cursor, oldest, row);
      }
    }
  }

  private forward(cursor: Cursor, keyText: string, { value, timestampMs }: StoreRow): void {
    const { rows, props } = this;
    const overAtMs = timestampMs + props.ttlMs;
    rows.put(keyText, null, overAtMs);
    const bytes = Buffer.from(keyText, "latin1");
    cursor.setKey(props.keySerde.read(bytes, 0, bytes.length));
    if (props.sendsOldValues) cursor.setChange(null, value);
    else cursor.setValue(null);
    cursor.setHeaders(NO_HEADERS);
    cursor.timestampMs = overAtMs;
    this.next(cursor);
    this.registers.restore(cursor);
  }

  /** A row that is deleted leaves its entry behind: one that comes and goes would have many. */
  private note(keyText: string, timestampMs: number): void {
    const { order } = this;
    order.heap.add(keyText, timestampMs);
    if (order.heap.isCrowded) order.stale = true;
  }

  private refresh(): void {
    this.order.stale = false;
    this.order.heap.refill(this.times());
  }

  private *times(): IterableIterator<readonly [string, number]> {
    for (const [keyText, { timestampMs }] of this.rows.range(undefined, undefined)) yield [keyText, timestampMs];
  }
}
