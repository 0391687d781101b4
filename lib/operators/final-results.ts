import type { Serde } from "../serde/serde.ts";
import type { Window } from "../serde/windowed.ts";
import type { SessionStore, StoreRow, WindowStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { OperatorClock, OperatorContext, Process } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";

/**
 * When a windowed aggregation emits: every update of a window, or each window once, when it has closed. Kafka Streams'
 * `EmitStrategy`.
 */
export type EmitStrategy = "onWindowUpdate" | "onWindowClose";

/**
 * Forwards windows that have closed, each once, with the headers of the record that closed them. Called **before** a record is
 * added: it is in none of these windows, and with it the store may forget them.
 *
 * @source Kafka Streams `AbstractKStreamTimeWindowAggregateProcessor`, `KStreamSessionWindowAggregate` (KIP-825)
 */
export class FinalResults {
  private readonly next: Process;
  /** Windows that end up to this have been forwarded. Survives restarts: none is forwarded twice. */
  private readonly closedUpTo: OperatorClock;
  private readonly keySerde: Serde<unknown>;
  private readonly registers = new CursorRegisters();

  constructor({ next, clock }: Pick<OperatorContext, "next" | "clock">, { keySerde }: KeyedStore) {
    this.next = next;
    this.closedUpTo = clock("closed-up-to", -1);
    this.keySerde = keySerde;
  }

  /** Forwards windows of one size that end up to `closedUpToMs` and were not forwarded before, by start, then key. */
  ofWindows(cursor: Cursor, closedUpToMs: number, { store, sizeMs }: { store: WindowStore; sizeMs: number }): void {
    const before = this.closedUpTo.value;
    if (closedUpToMs <= before) return;
    this.closedUpTo.value = closedUpToMs;
    this.registers.save(cursor);
    const rows = store.fetchAll(Math.max(0, before - sizeMs + 1), closedUpToMs - sizeMs);
    for (const [keyText, startMs, row] of rows) {
      this.forward(cursor, keyText, {
        row,
        timestampMs: row.timestampMs,
        window: { startMs, endMs: startMs + sizeMs },
      });
    }
  }

  /** As `ofWindows`, for sessions: by end, start, key, with their end as timestamp. */
  ofSessions(cursor: Cursor, closedUpToMs: number, store: SessionStore): void {
    const before = this.closedUpTo.value;
    if (closedUpToMs <= before) return;
    this.closedUpTo.value = closedUpToMs;
    this.registers.save(cursor);
    for (const [keyText, startMs, endMs, row] of store.fetchAll(before + 1, closedUpToMs)) {
      this.forward(cursor, keyText, { row, timestampMs: endMs, window: { startMs, endMs } });
    }
  }

  private forward(
    cursor: Cursor,
    keyText: string,
    { row, timestampMs, window }: { row: StoreRow; timestampMs: number; window: Window },
  ): void {
    const bytes = Buffer.from(keyText, "latin1");
    cursor.setKey({ key: this.keySerde.read(bytes, 0, bytes.length), window });
    cursor.setChange(row.value, null);
    cursor.timestampMs = timestampMs;
    this.next(cursor);
    this.registers.restore(cursor);
  }
}
