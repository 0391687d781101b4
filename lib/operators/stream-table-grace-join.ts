import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { ChangeBuffer } from "../state/store.ts";
import { keyOfTimeFirstKey, timeFirstKey } from "../state/time-first-key.ts";
import type { Cursor } from "../topology/cursor.ts";
import type { Operator, OperatorClock, OperatorContext, Process } from "../topology/operator.ts";
import type { StreamTableJoinProps } from "./stream-table-join.ts";
import { joinable, joinWithRow } from "./stream-table-join.ts";
import { keyFromText, placeOf, resume, WaitingValues } from "./waiting-change.ts";

/** Sequence numbers are 31 bits. */
const SEQUENCE_MASK = 0x7fff_ffff;

/** What `streamTableGraceJoin` needs. */
export interface StreamTableGraceJoinProps extends Omit<StreamTableJoinProps, "sourceKeyed"> {
  /** The store in which records wait. */
  readonly buffer: string;
  /** How long a record waits for rows of its time, in ms of stream time. */
  readonly graceMs: number;
  /** Serdes of the stream. */
  readonly streamKeySerde: Serde<unknown>;
  readonly streamValueSerde: Serde<unknown>;
}

/**
 * Joins records of a stream with the rows that a table with history had at their times. Each waits until the stream time of the
 * join has passed its own by the grace, so that rows of its time may come later; what is due goes on by timestamp, then key.
 * A record that comes later than the grace is joined at once, and so is one without a key, if the join is a left one.
 *
 * @source Kafka Streams `KStreamKTableJoinProcessor` (KIP-923); a left join fails there on a record without a key
 * @example
 * streamTableGraceJoin({
 *   rows: rowsAsOf("prices"), keySerde: string(), joiner: (order, price) => ({ order, price }), left: false,
 *   buffer: "orders-Buffer", graceMs: 60_000, streamKeySerde: string(), streamValueSerde: json(),
 * });
 */
export function streamTableGraceJoin(props: StreamTableGraceJoinProps): Operator {
  return Object.freeze<Operator>({
    kind: "stream-table-grace-join",
    create: (context) => {
      const instance = new GraceJoin(props, context);
      return joinable(props, context, (cursor) => instance.process(cursor));
    },
  });
}

class GraceJoin {
  private readonly props: StreamTableGraceJoinProps;
  private readonly buffer: ChangeBuffer;
  /** Largest timestamp that was put into the buffer. */
  private readonly streamTime: OperatorClock;
  private readonly sequence: OperatorClock;
  private readonly join: Process;
  private readonly values: WaitingValues;
  private readonly scratch = new ByteSink(64);

  constructor(props: StreamTableGraceJoinProps, context: OperatorContext) {
    this.props = props;
    this.buffer = context.store<ChangeBuffer>(props.buffer);
    this.streamTime = context.clock("stream-time", -1);
    this.sequence = context.clock("sequence", 0);
    this.join = joinWithRow({ ...props, sourceKeyed: false }, context);
    this.values = new WaitingValues(props.streamValueSerde);
  }

  process(cursor: Cursor): void {
    if (cursor.keyIsNull || cursor.timestampMs < this.dueMs) this.join(cursor);
    else {
      this.hold(cursor);
      this.joinDue(cursor);
    }
  }

  /** What is not later than this has waited long enough. */
  private get dueMs(): number {
    return this.streamTime.value - this.props.graceMs;
  }

  private joinDue(cursor: Cursor): void {
    const { buffer, dueMs } = this;
    while (buffer.firstTimeMs <= dueMs) {
      const [changelogKey, change] = buffer.takeFirst();
      resume(cursor, keyFromText(this.props.streamKeySerde, keyOfTimeFirstKey(changelogKey)), change);
      cursor.setValue(this.values.decode(change.after));
      this.join(cursor);
    }
  }

  private hold(cursor: Cursor): void {
    const { sequence, streamTime } = this;
    if (cursor.timestampMs > streamTime.value) streamTime.value = cursor.timestampMs;
    sequence.value = (sequence.value + 1) & SEQUENCE_MASK;
    const keyText = cursor.keyText(this.props.streamKeySerde, this.scratch);
    const after = this.values.encodeOf(cursor);
    const change = { bufferTimeMs: 0, prior: null, before: null, after, ...placeOf(cursor) };
    this.buffer.hold(timeFirstKey(keyText, cursor.timestampMs, sequence.value), change);
  }
}
