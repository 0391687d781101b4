import { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { Serde } from "../serde/serde.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { BufferedChange } from "../state/buffered-change.ts";
import type { ChangeBuffer } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator, Process } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import { keyFromText, placeOf, resume, WaitingValues } from "./waiting-change.ts";

/** What `suppress` needs. */
export interface SuppressProps extends KeyedStore {
  readonly valueSerde: Serde<unknown>;
  /** Changes wait by the end of their window, or by the timestamp of the first update. */
  readonly waitsBy: "windowEnd" | "timestamp";
  /** How long a change waits after that, in ms of stream time. */
  readonly waitMs: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly whenFull: "emitEarlyWhenFull" | "shutDownWhenFull";
  /** Whether somebody below asks for old values. */
  readonly sendsOldValues: boolean;
}

/**
 * Holds back changes of a table: per key the newest one waits until stream time, or a full buffer, lets it go. Stream time is
 * that of the changes. A later update replaces the value but waits no longer. Deletions of windows that wait for their end
 * vanish; others are emitted. What is emitted has timestamp, headers and place of its newest update; its old value is what the
 * key emitted last.
 *
 * @source Kafka Streams `KTableSuppressProcessor` (KIP-328)
 * @example
 * suppress({
 *   store: "held", keySerde: string(), valueSerde: int64(), sourceKeyed: true, waitsBy: "timestamp", waitMs: 1_000,
 *   maxRecords: 100, maxBytes: Infinity, whenFull: "emitEarlyWhenFull", sendsOldValues: false,
 * });
 */
export function suppress(props: SuppressProps): Operator {
  const { keySerde, waitMs, whenFull } = props;
  return Object.freeze<Operator>({
    kind: "suppress",
    create: ({ next, store: open, clock }) => {
      const buffer = open<ChangeBuffer>(props.store);
      const streamTime = clock("stream-time", -1);
      const scratch = new ByteSink(64);
      const holder = new ChangeHolder(props, buffer);
      const emitter = new ChangeEmitter(props, next);
      return (cursor) => {
        if (cursor.timestampMs > streamTime.value) streamTime.value = cursor.timestampMs;
        holder.hold(cursor, cursor.keyText(keySerde, scratch));
        const dueMs = streamTime.value - waitMs;
        emitter.begin(cursor);
        while (buffer.firstTimeMs <= dueMs) emitFirst(emitter, buffer);
        if (whenFull === "shutDownWhenFull" && isFull(props, buffer)) throw bufferFull(props, buffer);
        while (isFull(props, buffer)) emitFirst(emitter, buffer);
      };
    },
  });
}

/** Puts changes into the buffer. */
class ChangeHolder {
  private readonly props: SuppressProps;
  private readonly buffer: ChangeBuffer;
  private readonly values: WaitingValues;

  constructor(props: SuppressProps, buffer: ChangeBuffer) {
    this.props = props;
    this.buffer = buffer;
    this.values = new WaitingValues(props.valueSerde);
  }

  hold(cursor: Cursor, keyText: string): void {
    const former = this.buffer.waiting(keyText);
    const before = this.values.encode(cursor.oldValue);
    const after = this.values.encode(cursor.value);
    const bufferTimeMs = former?.bufferTimeMs ?? this.timeOf(cursor);
    const prior = former === undefined ? before : former.prior;
    this.buffer.hold(keyText, { bufferTimeMs, prior, before, after, ...placeOf(cursor) });
  }

  private timeOf(cursor: Cursor): number {
    return this.props.waitsBy === "timestamp" ? cursor.timestampMs : (cursor.key as Windowed<unknown>).window.endMs;
  }
}

/** Forwards changes that leave the buffer. */
class ChangeEmitter {
  private readonly props: SuppressProps;
  private readonly next: Process;
  private readonly values: WaitingValues;
  private readonly registers = new CursorRegisters();
  private cursor!: Cursor;

  constructor(props: SuppressProps, next: Process) {
    this.props = props;
    this.next = next;
    this.values = new WaitingValues(props.valueSerde);
  }

  begin(cursor: Cursor): void {
    this.cursor = cursor;
    this.registers.save(cursor);
  }

  emit(keyText: string, change: BufferedChange): void {
    const { cursor, props } = this;
    if (change.after === null && props.waitsBy === "windowEnd") return;
    this.registers.restore(cursor);
    resume(cursor, keyFromText(props.keySerde, keyText), change);
    const after = this.values.decode(change.after);
    if (props.sendsOldValues) cursor.setChange(after, this.values.decode(change.before));
    else cursor.setValue(after);
    this.next(cursor);
  }
}

/** A change leaves the buffer when it is emitted: those below that read its row meanwhile see what it was before. */
function emitFirst(emitter: ChangeEmitter, buffer: ChangeBuffer): void {
  emitter.emit(...buffer.first());
  buffer.takeFirst();
}

function isFull({ maxRecords, maxBytes }: SuppressProps, buffer: ChangeBuffer): boolean {
  return buffer.waitingCount > maxRecords || buffer.waitingBytes > maxBytes;
}

function bufferFull({ store, maxRecords, maxBytes }: SuppressProps, buffer: ChangeBuffer): StreamError {
  const { waitingCount, waitingBytes } = buffer;
  return new StreamError(
    "BUFFER_FULL",
    `suppress buffer ${store} holds ${waitingCount} records and ${waitingBytes} bytes, more than ${maxRecords} records or ${maxBytes} bytes: raise maxRecords or maxBytes, or let it emit early`,
    { details: { store, waitingCount, waitingBytes, maxRecords, maxBytes } },
  );
}
