import { ByteSink } from "../core/byte-sink.ts";
import { FoundRows } from "../state/found-rows.ts";
import type { JoinStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator, OperatorContext, Process } from "../topology/operator.ts";
import type { JoinSideProps } from "./join-side.ts";
import { reachOf, touchesOtherSide } from "./join-side.ts";
import { joinFrom } from "./value-joiner.ts";
import { WaitingRecords } from "./waiting-records.ts";

/** What `outerStreamJoin` needs. */
export interface OuterStreamJoinProps extends JoinSideProps {
  /** The store of records without a match, which both sides share. */
  readonly waiting: string;
  /** Whether records of this side without a match are joined with null: the left side of a left join, both of an outer one. */
  readonly outer: boolean;
}

/**
 * One side of a left or outer join of two streams: as `streamJoin`, and records of an outer side that find no match are joined
 * with null once their window and grace are over in stream time, with their own timestamp; at once when they come too late
 * to wait. Records of an outer side without a key are joined with null at once.
 *
 * @source Kafka Streams `KStreamKStreamJoin`, `KStreamKStreamJoinLeftSide`, `KStreamKStreamJoinRightSide`
 * @example
 * outerStreamJoin({
 *   side: "left", other: "right-store", waiting: "shared-store", outer: true, keySerde: string(),
 *   windows: { beforeMs: 500, afterMs: 500, graceMs: 0 }, joiner: (left, right) => [left, right], sourceKeyed: true,
 * });
 */
export function outerStreamJoin(props: OuterStreamJoinProps): Operator {
  return Object.freeze<Operator>({
    kind: "outer-stream-join",
    ...touchesOtherSide(props),
    create: (context) => {
      const instance = new OuterSide(props, context);
      return (cursor) => instance.process(cursor);
    },
  });
}

class OuterSide {
  private readonly left: boolean;
  private readonly props: OuterStreamJoinProps;
  private readonly beforeMs: number;
  private readonly afterMs: number;
  private readonly join: ReturnType<typeof joinFrom>;
  private readonly joinOther: ReturnType<typeof joinFrom>;
  private readonly store: JoinStore;
  private readonly waiting: WaitingRecords;
  private readonly next: Process;
  private readonly dropped: OperatorContext["dropped"];
  private readonly scratch = new ByteSink(64);
  private readonly registers = new CursorRegisters();
  private readonly found = new FoundRows();

  constructor(props: OuterStreamJoinProps, context: OperatorContext) {
    const { beforeMs, afterMs } = reachOf(props);
    this.props = props;
    this.left = props.side === "left";
    this.beforeMs = beforeMs;
    this.afterMs = afterMs;
    this.join = joinFrom(props.side, props.joiner);
    this.joinOther = joinFrom(this.left ? "right" : "left", props.joiner);
    this.store = context.store<JoinStore>(props.other);
    this.waiting = new WaitingRecords(context, props.waiting, props.windows);
    this.next = context.next;
    this.dropped = context.dropped;
  }

  process(cursor: Cursor): void {
    const inOrder = this.waiting.advance(cursor.timestampMs);
    if (cursor.valueIsNull) this.dropped("null-value");
    else if (!cursor.keyIsNull) this.processKeyed(cursor, inOrder);
    else if (this.props.outer) this.forwardAlone(cursor);
    else this.dropped("null-key");
  }

  private processKeyed(cursor: Cursor, inOrder: boolean): void {
    const keyText = cursor.keyText(this.props.keySerde, this.scratch);
    this.registers.save(cursor);
    if (inOrder) this.emitDue(cursor);
    if (this.emitMatches(cursor, keyText) || !this.props.outer) return;
    const { timestampMs } = cursor;
    if (timestampMs + this.afterMs < this.waiting.streamTimeMs) this.forwardAlone(cursor);
    else this.waiting.add(keyText, timestampMs, { left: this.left, value: cursor.value });
  }

  /** Leaves the cursor as it was when there is no match. @returns whether there is one */
  private emitMatches(cursor: Cursor, keyText: string): boolean {
    const { found } = this;
    const { timestampMs } = cursor;
    const other = { left: !this.left, atMs: timestampMs };
    this.store.find(keyText, timestampMs - this.beforeMs, timestampMs + this.afterMs, found);
    for (let i = 0; i < found.count; i++) {
      if (i > 0) this.registers.restore(cursor);
      const theirsMs = found.timestampsMs[i] as number;
      this.waiting.forget(keyText, theirsMs, other);
      cursor.timestampMs = Math.max(timestampMs, theirsMs);
      cursor.setValue(this.join(cursor.value, found.values[i], cursor));
      this.next(cursor);
    }
    return found.count > 0;
  }

  private forwardAlone(cursor: Cursor): void {
    cursor.setValue(this.join(cursor.value, null, cursor));
    this.next(cursor);
  }

  /** Leaves the cursor as it was. */
  private emitDue(cursor: Cursor): void {
    const atMs = cursor.timestampMs;
    for (const due of this.waiting.due(this.left)) {
      // First of all: a joiner that fails and is let pass would fail again for every record to come.
      this.waiting.remove(due, atMs);
      const bytes = Buffer.from(due.keyText, "latin1");
      for (const { left, value } of due.values) {
        cursor.setKey(this.props.keySerde.read(bytes, 0, bytes.length));
        const join = left === this.left ? this.join : this.joinOther;
        cursor.setValue(join(value, null, cursor));
        cursor.timestampMs = due.timestampMs;
        this.next(cursor);
        this.registers.restore(cursor);
      }
    }
  }
}
