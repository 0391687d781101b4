import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { BufferedChange } from "../state/buffered-change.ts";
import type { Cursor } from "../topology/cursor.ts";

/** Values on their way into a buffer and out of it: they wait as bytes, because their objects may go on changing elsewhere. */
export class WaitingValues {
  private readonly serde: Serde<unknown>;
  private readonly sink = new ByteSink(256);

  constructor(serde: Serde<unknown>) {
    this.serde = serde;
  }

  encode(value: unknown): Buffer | null {
    if (value === null || value === undefined) return null;
    this.sink.reset();
    this.serde.write(value, this.sink);
    return Buffer.from(this.sink.view());
  }

  /** The cursor's value, which must not be null; bytes of an untouched one are copied. */
  encodeOf(cursor: Cursor): Buffer {
    this.sink.reset();
    cursor.writeValue(this.serde, this.sink);
    return Buffer.from(this.sink.view());
  }

  decode(bytes: Buffer | null): unknown {
    return bytes === null ? null : this.serde.read(bytes, 0, bytes.length);
  }
}

/** Where a record comes from, as it waits. */
export function placeOf(
  cursor: Cursor,
): Pick<BufferedChange, "timestampMs" | "offset" | "topic" | "partition" | "headers"> {
  const { timestampMs, offset, topic, partition, headers } = cursor;
  return { timestampMs, offset, topic, partition, headers };
}

/** Puts the cursor on a record that has waited: its key, place, timestamp and headers. The value is the caller's. */
export function resume(cursor: Cursor, key: unknown, change: BufferedChange): void {
  cursor.setKey(key);
  cursor.setHeaders(change.headers);
  cursor.timestampMs = change.timestampMs;
  cursor.offset = change.offset;
  cursor.topic = change.topic;
  cursor.partition = change.partition;
}

/** A key that stands as text in a buffer. */
export function keyFromText(serde: Serde<unknown>, keyText: string): unknown {
  const bytes = Buffer.from(keyText, "latin1");
  return serde.read(bytes, 0, bytes.length);
}
