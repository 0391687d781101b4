import { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { Serde } from "../serde/serde.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { BufferedChange } from "../state/buffered-change.ts";
import type { SuppressBuffer } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator, Process } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";

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
      const buffer = open<SuppressBuffer>(props.store);
      const streamTime = clock("stream-time", -1);
      const scratch = new ByteSink(64);
      const holder = new ChangeHolder(props, buffer);
      const emitter = new ChangeEmitter(props, next);
      return (cursor) => {
        if (cursor.timestampMs > streamTime.value) streamTime.value = cursor.timestampMs;
        holder.hold(cursor, cursor.keyText(keySerde, scratch));
        const dueMs = streamTime.value - waitMs;
        emitter.begin(cursor);
        while (buffer.firstTimeMs <= dueMs) emitter.emit(...buffer.takeFirst());
        if (whenFull === "shutDownWhenFull" && isFull(props, buffer)) throw bufferFull(props, buffer);
        while (isFull(props, buffer)) emitter.emit(...buffer.takeFirst());
      };
    },
  });
}

/** Puts changes into the buffer, as bytes: their objects may go on changing elsewhere. */
class ChangeHolder {
  private readonly props: SuppressProps;
  private readonly buffer: SuppressBuffer;
  private readonly sink = new ByteSink(256);

  constructor(props: SuppressProps, buffer: SuppressBuffer) {
    this.props = props;
    this.buffer = buffer;
  }

  hold(cursor: Cursor, keyText: string): void {
    const { timestampMs, offset, topic, partition, headers } = cursor;
    const former = this.buffer.waiting(keyText);
    const before = this.bytesOf(cursor.oldValue);
    const after = this.bytesOf(cursor.value);
    const bufferTimeMs = former?.bufferTimeMs ?? this.timeOf(cursor);
    const prior = former === undefined ? before : former.prior;
    this.buffer.hold(keyText, { bufferTimeMs, prior, before, after, timestampMs, offset, topic, partition, headers });
  }

  private timeOf(cursor: Cursor): number {
    return this.props.waitsBy === "timestamp" ? cursor.timestampMs : (cursor.key as Windowed<unknown>).window.endMs;
  }

  private bytesOf(value: unknown): Buffer | null {
    if (value === null || value === undefined) return null;
    this.sink.reset();
    this.props.valueSerde.write(value, this.sink);
    return Buffer.from(this.sink.view());
  }
}

/** Forwards changes that have left the buffer. */
class ChangeEmitter {
  private readonly props: SuppressProps;
  private readonly next: Process;
  private readonly registers = new CursorRegisters();
  private cursor!: Cursor;

  constructor(props: SuppressProps, next: Process) {
    this.props = props;
    this.next = next;
  }

  begin(cursor: Cursor): void {
    this.cursor = cursor;
    this.registers.save(cursor);
  }

  emit(keyText: string, change: BufferedChange): void {
    const { cursor, props } = this;
    if (change.after === null && props.waitsBy === "windowEnd") return;
    const { keySerde, valueSerde, sendsOldValues } = props;
    this.registers.restore(cursor);
    const key = Buffer.from(keyText, "latin1");
    cursor.setKey(keySerde.read(key, 0, key.length));
    const after = decoded(valueSerde, change.after);
    if (sendsOldValues) cursor.setChange(after, decoded(valueSerde, change.before));
    else cursor.setValue(after);
    cursor.setHeaders(change.headers);
    cursor.timestampMs = change.timestampMs;
    cursor.offset = change.offset;
    cursor.topic = change.topic;
    cursor.partition = change.partition;
    this.next(cursor);
  }
}

function decoded(serde: Serde<unknown>, bytes: Buffer | null): unknown {
  return bytes === null ? null : serde.read(bytes, 0, bytes.length);
}

function isFull({ maxRecords, maxBytes }: SuppressProps, buffer: SuppressBuffer): boolean {
  return buffer.waitingCount > maxRecords || buffer.waitingBytes > maxBytes;
}

function bufferFull({ store, maxRecords, maxBytes }: SuppressProps, buffer: SuppressBuffer): StreamError {
  const { waitingCount, waitingBytes } = buffer;
  return new StreamError(
    "BUFFER_FULL",
    `suppress buffer ${store} holds ${waitingCount} records and ${waitingBytes} bytes, more than ${maxRecords} records or ${maxBytes} bytes: raise maxRecords or maxBytes, or let it emit early`,
    { details: { store, waitingCount, waitingBytes, maxRecords, maxBytes } },
  );
}
